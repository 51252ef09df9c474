"""How often somebody may do something. Pure: leaky buckets, each kept as the moment it is empty again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_KEPT = 20_000
_SLACK = 1e-9
"""Seconds that sums of floats are off by."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` at once, then one every `refill` seconds."""

    burst: int
    refill: float


Costs = Sequence[tuple[Key, Allowance]]
"""The allowances that one act falls under, and whose they are; at least one."""


class Verdict(NamedTuple):
    """`remaining` may come at once; `wait` is 0 where this one is allowed; all are back after `reset`."""

    remaining: int
    wait: float
    reset: float


class Allowances:
    """At most 20,000 keys are known; those that were used least of late are forgotten first."""

    def __init__(self) -> None:
        self._empty_at: dict[Key, float] = {}

    def take(self, costs: Costs, now: float) -> Verdict:
        """Count one from all of them, unless one refuses it: then none is counted."""
        after = [
            (key, allowance, max(self._empty_at.get(key, now), now) + allowance.refill)
            for key, allowance in costs
        ]
        wait = max(at - now - allowance.burst * allowance.refill for _, allowance, at in after)
        if wait > _SLACK:
            return Verdict(0, wait, max(at - allowance.refill for _, allowance, at in after) - now)
        for key, _, at in after:
            self._empty_at.pop(key, None)
            self._empty_at[key] = at
        if len(self._empty_at) > MOST_KEPT:
            self._forget(now)
        left = min(allowance.burst - (at - now) / allowance.refill for _, allowance, at in after)
        return Verdict(int(left + 1e-6), 0.0, max(at for _, _, at in after) - now)

    def give_back(self, costs: Costs) -> None:
        """What was taken was not to be counted. Nothing is saved up by it."""
        for key, allowance in costs:
            if key in self._empty_at:
                self._empty_at[key] -= allowance.refill

    def _forget(self, now: float) -> None:
        """First those that would be told the same if they were not known, then the longest silent half."""
        kept = {key: at for key, at in self._empty_at.items() if at > now}
        surplus = max(0, len(kept) - MOST_KEPT // 2)
        self._empty_at = dict(list(kept.items())[surplus:])
