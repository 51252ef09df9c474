"""Who changed what, when and from where."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from common.ports.clock import Clock
from engage.access.records import AuditEntry
from engage.access.secret import new_id
from engage.access.vault import Vault, VaultAwayError

log = structlog.get_logger(__name__)

_DAYS = 92
"""How far back one page of the log looks."""

_FIRST = 2000
"""No change is of a year before it."""

_MOST_A_DAY = 100_000


@dataclass(frozen=True)
class Audit:
    vault: Vault
    clock: Clock

    def record(self, entry: AuditEntry) -> None:
        """It was done already, so where the store is away the log of engage keeps it."""
        name = f"{datetime.fromtimestamp(entry.at, UTC):%Y%m%dT%H%M%S%fZ}-{new_id()}"
        try:
            self.vault.put(entry, name)
        except VaultAwayError as error:
            log.error("not in the audit log", reason=str(error), entry=entry.model_dump(mode="json"))  # noqa: TRY400

    def recent(self, most: int, before: str = "") -> list[tuple[str, AuditEntry]]:
        """The latest first, by name; `before` is the name at which the page before ended."""
        try:
            last = datetime.strptime(before[:8], "%Y%m%d").replace(tzinfo=UTC) if before else None
        except ValueError:
            return []
        day, names = last or datetime.fromtimestamp(self.clock.wall(), UTC), list[str]()
        if day.year < _FIRST:
            return []
        for _ in range(_DAYS):
            found = list(islice(self.vault.names(AuditEntry, f"{day:%Y%m%d}"), _MOST_A_DAY))
            names += sorted((name for name in found if not before or name < before), reverse=True)
            if len(names) >= most:
                break
            day -= timedelta(days=1)
        return list(self.vault.all(AuditEntry, names[:most]).items())
