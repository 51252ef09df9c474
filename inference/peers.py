"""The other workers of the flow, as far as they are heard of. Pure."""

from typing import Literal

from common.wire.messages import WorkerStatus
from inference.claim import turn
from inference.shards import decode

TURNS = 3
"""So many workers take turns at a capture; those after them come all at once."""


class Peers:
    """A will speaks for the session it was left by, not for the one after it."""

    def __init__(self, me: str, flow: str) -> None:
        self._me = me
        self._flow = flow
        self._heard: dict[str, tuple[str, float]] = {}
        self._shards: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._heard)

    def hear(self, status: WorkerStatus, now: float) -> Literal["came", "went"] | None:
        """Whether this makes them more or fewer."""
        worker = status.worker
        if worker == self._me or status.flow != self._flow:
            return None
        session, _ = self._heard.get(worker, (status.session, now))
        if status.state == "online":
            came = worker not in self._heard
            self._heard[worker] = (status.session, now)
            self._shards[worker] = decode(status.shards)
            return "came" if came else None
        if status.session != session:
            return None
        self._heard.pop(worker, None)
        self._shards.pop(worker, None)
        return "went"

    def forget_silent(self, since: float) -> bool:
        """Whether there were any that were last heard of before `since`."""
        silent = [worker for worker, (_, heard) in self._heard.items() if heard <= since]
        for worker in silent:
            del self._heard[worker], self._shards[worker]
        return bool(silent)

    def declared(self) -> dict[str, int]:
        """The shards that each of them says it listens to."""
        return self._shards

    def turn(self, key: str) -> int:
        """When this worker is to take a capture: 0 at once, 1 after the first of the others, and so on."""
        return min(TURNS, turn(key, self._me, self._heard))
