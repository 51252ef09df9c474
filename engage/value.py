"""A result as the hub judges it: how old it is, until when it holds, and whether it is newer than another.

The hub's clock decides: when the announcement arrived, and for how long it was promised to hold. A worker
on another machine stamps both; its clock is taken for the hub's while it agrees within the time a message
can travel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from common.wire.messages import Result
from common.wire.names import ObjectPath

DEFAULT_WINDOW = 30.0
"""Seconds a value holds whose camera does not say how often it takes pictures."""

MAX_WINDOW = 3 * 86_400.0
SKEW = 5.0
TRAVEL = 60.0
"""No message is on its way for longer: the keepalive would have ended the session."""

_PATIENCE = 600.0
"""Seconds after its deadline from which a value gives way to any that was announced later."""


class Moment(NamedTuple):
    """When something arrived, on both faces of the clock."""

    wall: float
    """Unix seconds."""
    steady: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Value:
    """Moments are unix seconds by the hub's clock; `created` is by the device's."""

    flow: str | None
    capture: str
    created: float
    sequence: int | None
    received: float | None
    stale_after: float
    path: ObjectPath
    count: int
    counts: Mapping[str, int] = field(default_factory=dict)
    model: str | None = None
    worker: str | None = None
    queue_ms: float | None = None
    inference_ms: float | None = None
    width: int | None = None
    height: int | None = None
    site: str | None = None
    published: float | None = None
    """By the worker's clock."""

    @property
    def skew(self) -> float | None:
        """Device clock minus the hub's where it is off by more than 5 s."""
        off = 0.0 if self.received is None else self.created - self.received
        return round(off, 3) if abs(off) > SKEW else None

    def age(self, wall: float) -> float | None:
        return None if self.received is None else max(0.0, wall - self.received)


def value_of(result: Result, flow: str | None, wall: float, *, live: bool) -> Value:
    """`live`: it arrived when it was published. A retained or stored one may have any age."""
    received, stale_after = _moments(result, wall, live=live)
    seen = result.analysis_metadata.results
    return Value(
        flow=flow,
        capture=result.capture_id or f"{result.creation_timestamp:.6f}",
        created=result.creation_timestamp,
        sequence=result.sequence,
        received=received,
        stale_after=stale_after,
        path=result.file_path,
        count=seen.count,
        counts=seen.counts,
        model=seen.model.short if seen.model else None,
        worker=seen.worker,
        queue_ms=seen.queue_ms,
        inference_ms=seen.inference_ms,
        width=seen.width,
        height=seen.height,
        site=result.site,
        published=result.published_at,
    )


def _moments(result: Result, wall: float, *, live: bool) -> tuple[float | None, float]:
    """When it was announced, if known, and until when it holds, from now never longer than promised."""
    published = result.published_at
    off = wall - published if live and published is not None else 0.0
    shift = off if abs(off) > TRAVEL else 0.0
    stamp = result.received_at if result.received_at is not None else published
    if stamp is None and not live:
        return None, wall
    received = wall if stamp is None else min(stamp + shift, wall)
    if result.stale_after is None:
        return received, received + DEFAULT_WINDOW
    window = result.stale_after - (received if stamp is None else stamp)
    return received, received + min(max(window, 0.0), MAX_WINDOW)


def supersedes(new: Value, old: Value, restarted: float | None) -> bool:
    """Whether `new` is to be shown instead of `old` of its flow; `restarted`: when the agent began anew.

    Sequence number and device clock decide together. Where they contradict each other, an agent without a
    status has restarted or its clock was set, and the hub's receive time decides.
    """
    if new.capture == old.capture:
        return False
    if restarted is not None and _received(old) <= restarted < _received(new):
        return True
    if _received(new) > old.stale_after + _PATIENCE:
        return True
    by_number, by_clock = _by_number(new, old), new.created - old.created
    if by_number * by_clock < 0:
        return _received(new) > _received(old)
    return by_number > 0 or (by_number * by_clock == 0 and _later(new, old) > 0)


def _by_number(new: Value, old: Value) -> int:
    return 0 if new.sequence is None or old.sequence is None else new.sequence - old.sequence


def _received(value: Value) -> float:
    return 0.0 if value.received is None else value.received


def _later(new: Value, old: Value) -> float:
    """Seconds by the device's clock, or by the hub's where the former ran ahead for the one that seems later.

    A worker whose clock is behind makes that look so as well, by TRAVEL at most.
    """
    later = new.created - old.created
    ran_ahead = _ahead(new) > TRAVEL if later > 0 else _ahead(old) > 0
    return _received(new) - _received(old) if ran_ahead else later


def _ahead(value: Value) -> float:
    return value.skew or 0.0
