"""What became of captures that were sent, by flow: the measure of every chaos test."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from common.wire.messages import Claim, Finished, Renewal
from engage.value import Value, supersedes


class Answer(NamedTuple):
    """A result, by who published it and when; one that comes again over the wire is the same."""

    worker: str | None
    published_at: float | None


class Books:
    """Everything is by flow and capture.

    `sent`: when (Unix seconds); `published`: who did; `taken`: how often engage's rule did; `done`: what a
    worker said to be finished; `wrong`: captures with a wrong result; `said`: how often what about batches;
    `oldest`: the largest age of a capture at its first result, in seconds.
    """

    def __init__(self, flows: Sequence[str]) -> None:
        self.flows = tuple(flows)
        self.sent: dict[str, float] = {}
        self.published: dict[tuple[str, str], set[Answer]] = {}
        self.taken: Counter[tuple[str, str]] = Counter()
        self.done: set[tuple[str, str]] = set()
        self.wrong: list[str] = []
        self.said: Counter[str] = Counter()
        self.oldest = 0.0
        self._latest: dict[tuple[str, str], Value] = {}

    def publish(self, key: str, answer: Answer, value: Value, now: float) -> None:
        """A result was heard; `value` is what engage makes of it."""
        flow = value.flow or ""
        if key not in self.sent or flow not in self.flows:
            return  # of the books before these: a broker that comes back tells retained results again
        if (flow, key) not in self.published:
            self.oldest = max(self.oldest, now - self.sent[key])
        self.published.setdefault((flow, key), set()).add(answer)
        device = flow, _device(key)
        if device not in self._latest or supersedes(value, self._latest[device], None):
            self._latest[device] = value
            self.taken[flow, key] += 1

    def hear(self, flow: str, message: Claim | Renewal | Finished) -> None:
        self.said[type(message).__name__] += 1
        if isinstance(message, Finished):
            self.done |= {(flow, key) for key in message.captures}

    @property
    def twice(self) -> int:
        """Results published beyond the first of each capture."""
        return sum(len(by) - 1 for by in self.published.values())

    @property
    def downstream(self) -> int:
        """Results taken beyond the first of each capture."""
        return sum(times - 1 for times in self.taken.values())

    @property
    def double_work(self) -> float:
        return self.twice / max(1, len(self.published))

    @property
    def messages_per_batch(self) -> float:
        return sum(self.said.values()) / max(1, self.said["Finished"])

    def unseen(self) -> list[tuple[str, str]]:
        """What has no result, but a word that it is finished: superseded, or shed."""
        return [one for one in self._wanted() if one not in self.published and one in self.done]

    def skipped(self) -> list[tuple[str, str]]:
        """Of those the ones that were not superseded: no later capture of the device has a result."""
        newest: dict[tuple[str, str], float] = {}
        for flow, key in self.published:
            device = flow, _device(key)
            newest[device] = max(newest.get(device, 0.0), self.sent[key])
        unseen = self.unseen()
        return [(f, key) for f, key in unseen if newest.get((f, _device(key)), 0.0) < self.sent[key]]

    def missing(self) -> list[tuple[str, str]]:
        """What has neither."""
        return [one for one in self._wanted() if one not in self.published and one not in self.done]

    def _wanted(self) -> list[tuple[str, str]]:
        return [(flow, key) for flow in self.flows for key in list(self.sent)]


def _device(key: str) -> str:
    return key.split("/")[1]
