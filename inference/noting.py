"""To put the announcement of a picture into the store whose key does not name its device."""

from dataclasses import dataclass

from common.wire.messages import Capture


@dataclass(frozen=True, slots=True)
class Note:
    """Put an announcement into the store, for sweeps to find: NotNoted or nothing."""

    capture: Capture


@dataclass(frozen=True, slots=True)
class NotNoted:
    """The store did not take the note of an announcement."""

    key: str
