"""How often somebody may ask. Pure: a leaky bucket for each of them, kept as the moment it is empty again."""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

_MOST_KEPT = 20_000


class Verdict(NamedTuple):
    """`remaining` may come at once; `wait` is 0 where this one is allowed; all are back after `reset`."""

    remaining: int
    wait: float
    reset: float


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests at once, and no more than that in `window` seconds from then on."""

    name: str
    quota: int
    window: int = 60

    def header(self) -> str:
        return f'"{self.name}";q={self.quota};w={self.window}'

    def state(self, verdict: Verdict) -> str:
        return f'"{self.name}";r={verdict.remaining};t={ceil(verdict.reset)}'


class Allowances:
    """Of one policy, by key. At most 20,000 keys; those that asked least of late are forgotten first."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._empty_at: dict[str, float] = {}

    def take(self, key: str, now: float) -> Verdict:
        """Count one request, unless it is refused."""
        each = self.policy.window / self.policy.quota
        before = max(self._empty_at.get(key, now), now)
        wait = before + each - now - self.policy.window
        if wait > 1e-9:  # noqa: PLR2004 -- what sums of floats are off by
            return Verdict(0, wait, before - now)
        self._empty_at.pop(key, None)
        self._empty_at[key] = before + each
        if len(self._empty_at) > _MOST_KEPT:
            self._forget(now)
        reset = before + each - now
        return Verdict(int((self.policy.window - reset) / each + 1e-6), 0.0, reset)

    def _forget(self, now: float) -> None:
        """First those that would be told the same if they were not known, then the longest silent half."""
        kept = {key: at for key, at in self._empty_at.items() if at > now}
        surplus = max(0, len(kept) - _MOST_KEPT // 2)
        self._empty_at = dict(list(kept.items())[surplus:])
