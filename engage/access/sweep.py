"""What nobody can use any more is deleted from the store."""

import structlog

from common.ports.clock import Clock
from engage.access.records import AuditEntry, Invitation, KnownDevice, Record, Renewal, Session
from engage.access.sessions import LONGEST
from engage.access.vault import Vault, VaultAwayError

log = structlog.get_logger(__name__)

_HOUR, _YEAR = 3600.0, 365 * 86_400.0
AGES: dict[type[Record], float] = {
    Session: LONGEST,
    Renewal: LONGEST,
    Invitation: LONGEST,
    KnownDevice: _YEAR,
    AuditEntry: _YEAR,
}
"""Seconds after which a record is of no use, since it was written."""


class Sweep:
    """At most once an hour, and only after somebody has signed in."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._last = float("-inf")

    def due(self) -> None:
        now = self._clock.monotonic()
        if now - self._last >= _HOUR:
            self._last = now
            self._vault.aside(self._run)

    def _run(self) -> None:
        for model, age in AGES.items():
            try:
                self._vault.delete_older(model, self._clock.wall() - age)
            except VaultAwayError as error:
                log.warning("old records stay for now", reason=str(error))
                return
