"""How long a worker waits for what, and how much it takes at once."""

from dataclasses import dataclass

from inference.collect import Policy


@dataclass(frozen=True, slots=True)
class Timing:
    """At most `max_batch` devices a batch, `room` batches, `model_batch` pictures at once; else seconds.

    A picture waits `flow_wait` for other flows, and one of an unknown device `unheard` to be heard of.

    Announcements are shared out among `share_from` workers and more that have `share_devices` each.
    """

    max_batch: int = 8
    model_batch: int = 1
    room: int = 2
    max_wait: float = 0.02
    patience: float = 0.15
    settle: float = 0.03
    contest: float = 2.0
    lease: float = 6.0
    listen: float = 0.2
    heartbeat: float = 5.0
    sweep: float = 30.0
    keep: float = 5.0
    share_from: int = 4
    share_devices: int = 32
    policy: Policy = "latest"
    max_age: float = 60.0
    flow_wait: float = 60.0
    unheard: float = 600.0


USUAL = Timing()
