"""A picture that was set aside because the model crashed on it, and for how long people are told of it."""

from dataclasses import dataclass

from common.wire import messages
from engage.value import SKEW, TRAVEL, Moment, Value

SHOWN_FOR = 600.0
"""Seconds for which a trouble is shown at least, so that somebody can see it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`at` is unix seconds by the hub's clock, `created` by the device's, `until` monotonic."""

    reason: str
    at: float
    capture: str
    created: float
    until: float

    def before(self, value: Value) -> bool:
        """Whether `value` is of a later capture: by the device's clock, or the hub's where that is off."""
        if value.skew is not None or self.created > self.at + SKEW:
            return value.received is not None and value.received > self.at
        return value.created > self.created


def trouble_of(message: messages.Trouble, at: Moment, *, live: bool) -> Trouble:
    """`live`: it arrived when it was published. A retained one may have any age."""
    off = live and abs(at.wall - message.published_at) > TRAVEL
    happened = at.wall if off else min(message.published_at, at.wall)
    until = at.steady + happened + SHOWN_FOR - at.wall
    return Trouble(message.reason, happened, message.capture_id, message.creation_timestamp, until)
