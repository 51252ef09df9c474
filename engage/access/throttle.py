"""How often somebody may try to sign in, so that nobody guesses and nobody is locked out by another.

Pure. A try costs one from every allowance it falls under, and a success gives it back; an allowance refills
with time. A browser that this user signed in with before has its own allowance and is under no other (OWASP's
device cookies): whoever guesses at a name from elsewhere takes nothing from it. Others share by name and
network, by network, and all together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from engage.access.client import network

_MOST_KEPT = 20_000
_V4_NETWORK = 24
_V6_NETWORK, _V6_SITE = 64, 48
"""What one subscriber has, and what anybody may have for nothing."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` at once, then one every `refill` seconds."""

    burst: int
    refill: float


KNOWN = Allowance(10, 60)
NAME_FROM_NETWORK = Allowance(6, 180)
NETWORK = Allowance(30, 20)
STRANGERS = Allowance(120, 1)


@dataclass(frozen=True, slots=True)
class Try:
    """`known`: the digest of the browser's own mark, where it was given to it for this very name."""

    name: str
    address: str
    known: str | None = None


class Throttle:
    """Keeps, per allowance and key, when it is full again."""

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, ...], float] = {}

    def take(self, attempt: Try, now: float) -> float:
        """0 where it may go on, and then it is counted; else the seconds to wait, and it is not."""
        wait = max(self._wait(key, allowance, now) for key, allowance in _keys(attempt))
        if wait > 0:
            return wait
        for key, allowance in _keys(attempt):
            self._full_at[key] = max(self._full_at.pop(key, now), now) + allowance.refill
        self._forget(now)
        return 0.0

    def give_back(self, attempt: Try) -> None:
        """It was no guess."""
        for key, allowance in _keys(attempt):
            if key in self._full_at:
                self._full_at[key] -= allowance.refill

    def _wait(self, key: tuple[str, ...], allowance: Allowance, now: float) -> float:
        owed = self._full_at.get(key, now) + allowance.refill - now
        return max(0.0, owed - allowance.burst * allowance.refill)

    def _forget(self, now: float) -> None:
        """Those that are full; then, where there are too many, the ones that were used least recently."""
        if len(self._full_at) <= _MOST_KEPT:
            return
        for key in [key for key, full_at in self._full_at.items() if full_at <= now]:
            del self._full_at[key]
        for key in list(self._full_at)[: max(0, len(self._full_at) - _MOST_KEPT)]:
            del self._full_at[key]


def _keys(attempt: Try) -> Iterator[tuple[tuple[str, ...], Allowance]]:
    if attempt.known:
        yield ("known", attempt.known), KNOWN
        return
    yield ("name", attempt.name, network(attempt.address, _V4_NETWORK, _V6_NETWORK)), NAME_FROM_NETWORK
    yield ("network", network(attempt.address, _V4_NETWORK, _V6_SITE)), NETWORK
    yield ("strangers",), STRANGERS
