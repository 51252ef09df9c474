"""Who analyses a capture. Pure: no clock, no thread, no network.

Theory. A worker that wants captures publishes a claim and listens for a settle time, then holds them. Every
worker judges what it has heard of a capture by the same rule, in which arrival order has no part:

1. a higher term beats a lower one;
2. in one term, a claimant that already holds (it said so in a renewal) beats one that does not;
3. else the lower rank wins, a hash of the capture's time slot and the worker's name.

Two workers that claim before hearing of each other do so within one delivery delay d; each has heard the
other when 2 d have passed. So if a settle time covers 2 d, exactly one of them holds: on any broker that is
prompt and loses nothing, whether or not it orders. A claim that arrives later, on a slow broker, meets a
holder, which answers with a renewal, and rule 2 turns the latecomer away.

Load makes brokers and workers slow, so a settle time is not over before the worker has heard its own claim
come back. On a broker that orders it then knows of every claim before its own; and who knows of a rival that
it beats, but that may hold already, leaves it the time to say so: eight such echoes, or eight settle times if
that is more. Both waits end by the clock too: an echo that is lost costs time only.

A holder renews. When its lease has run out, or the broker's will says it is gone, its captures are free
again and are claimed in the next term (rule 1), so a holder that was only cut off gives way when it is
back. Where it had started already, the work is done twice: results are accepted once per flow and capture,
so that costs work, not truth.

Nobody asks for consent and nothing waits for a quorum: losing every message leads to more work, never to
none. Memory is bounded: of what others own the `memory` latest are remembered, of what is finished the
`finished` latest.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2s

from common.wire.keys import parse_capture_key
from common.wire.messages import MAX_TERM, Claim, Finished, Renewal
from inference.leases import Leases

SLOT = 0.2
"""Seconds; captures of one slot prefer the same worker, so that batches fill."""


def slot(key: str) -> str:
    """What the rank of a capture depends on: its time slot, or the key where that has no time."""
    parsed = parse_capture_key(key)
    return str(int(parsed.taken_at / SLOT)) if parsed else key


def rank(key: str, worker: str) -> bytes:
    """Rendezvous hashing (Thaler and Ravishankar 1998): the live worker of the lowest rank is preferred."""
    return _rank(slot(key), worker)


def turn(key: str, worker: str, others: Iterable[str]) -> int:
    """How many of the others should take this capture before this worker does."""
    when = slot(key)
    own = _rank(when, worker)
    return sum(_rank(when, other) < own for other in others)


@lru_cache(4096)
def _rank(when: str, worker: str) -> bytes:
    return blake2s(f"{when}/{worker}".encode()).digest()


@dataclass(slots=True)
class Ballot:
    """What is known of one capture's owner."""

    term: int
    owner: str | None
    held: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message changed, by capture: taken by others, lost by us, to be defended, finished, and
    forgotten before anybody finished it, for memory's sake or because it is not in the store. `echoed`: our
    own claim came back; `contested`: somebody else has claimed what we claim, with a worse rank.
    """

    taken: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    defend: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    echoed: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()


class Ballots:
    """One worker's view of who owns what."""

    def __init__(self, me: str, lease: float, memory: int = 20_000, finished: int = 20_000) -> None:
        self._me = me
        self._memory = memory
        self._finished_memory = finished
        self._open: dict[str, Ballot] = {}
        self._leases = Leases(lease)
        """Of what others own."""
        self._finished: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def is_finished(self, key: str) -> bool:
        return key in self._finished

    def is_taken(self, key: str) -> bool:
        ballot = self._open.get(key)
        return ballot is not None and ballot.owner is not None

    def is_mine(self, key: str) -> bool:
        ballot = self._open.get(key)
        return ballot is not None and ballot.owner == self._me

    def has_older(self, key: str) -> bool:
        """Whether another worker owns an older capture of the same device."""
        return self._leases.has_before(key)

    def claim(self, keys: Iterable[str]) -> Claim:
        """Take free captures, each in the term after the last one known; there is none after the last."""
        return Claim(worker=self._me, captures=tuple((key, self._take(key)) for key in keys))

    def _take(self, key: str) -> int:
        last = self._open.get(key)
        term = min(last.term + 1, MAX_TERM) if last else 0
        self._open[key] = Ballot(term, self._me, held=False)
        self._leases.end(key)
        return self._open[key].term

    def hold(self, keys: Iterable[str]) -> None:
        """The settle time is over for those of `keys` that are still ours."""
        for key in keys:
            if self.is_mine(key):
                self._open[key].held = True

    def release(self, key: str) -> None:
        """Let others have it, once they miss our renewals; the next claim is in the next term."""
        if self.is_mine(key):
            self._open[key].owner = None

    def renewal(self, keys: Iterable[str]) -> Renewal | None:
        """What the owner says to keep `keys`; None when none of them is ours."""
        mine = tuple((key, self._open[key].term) for key in keys if self.is_mine(key))
        return Renewal(worker=self._me, captures=mine) if mine else None

    def finish(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._close(key)
            self._finished[key] = None
            self._finished.move_to_end(key)
        while len(self._finished) > self._finished_memory:
            self._finished.popitem(last=False)

    def hear(self, message: Claim | Renewal | Finished, now: float) -> Heard:
        """Judge what another worker said. Our own words come back from the broker and change no ballot."""
        if message.worker == self._me:
            echoed = message.captures if isinstance(message, Claim) else ()
            return Heard(echoed=tuple(key for key, _ in echoed))
        if isinstance(message, Finished):
            self.finish(message.done)
            return Heard(finished=message.done, forgotten=tuple(self._not_there(message)))
        held = isinstance(message, Renewal)
        verdicts = [
            (key, self._judge(key, term, message.worker, held, now)) for key, term in message.captures
        ]
        return Heard(
            taken=tuple(key for key, verdict in verdicts if verdict in ("taken", "lost")),
            lost=tuple(key for key, verdict in verdicts if verdict == "lost"),
            defend=tuple(key for key, verdict in verdicts if verdict == "defend"),
            forgotten=tuple(self._forget_oldest()),
            contested=tuple(key for key, verdict in verdicts if verdict == "contested"),
        )

    def _judge(self, key: str, term: int, worker: str, held: bool, now: float) -> str:  # noqa: FBT001
        if key in self._finished:
            return "over"
        ballot = self._open.get(key)
        if ballot is not None and ballot.owner == worker and term == ballot.term:
            ballot.held |= held
            self._leases.heard_of(key, now)
            return "taken"
        if ballot is not None and not self._beats(key, term, worker, held, ballot):
            return self._kept(ours=ballot.owner == self._me, held=ballot.held, rival=term == ballot.term)
        ours = ballot is not None and ballot.owner == self._me
        self._open[key] = Ballot(term, worker, held)
        self._leases.heard_of(key, now)
        return "lost" if ours else "taken"

    def _not_there(self, message: Finished) -> Iterator[str]:
        """What its owner did not find in the store; somebody else's is let alone."""
        for key in message.not_there:
            ballot = self._open.get(key)
            if ballot is None or ballot.owner in (None, message.worker):
                self._close(key)
                yield key

    def _forget_oldest(self) -> Iterator[str]:
        """Of what others own; the sweep finds again what was not finished."""
        while len(self._leases) > self._memory:
            key = next(iter(self._leases))
            self._close(key)
            yield key

    def drop(self, keys: Iterable[str]) -> None:
        """Ours that are not in the store: whoever finds them there may claim them as new."""
        for key in keys:
            self._close(key)

    def _close(self, key: str) -> None:
        self._open.pop(key, None)
        self._leases.end(key)

    @staticmethod
    def _kept(*, ours: bool, held: bool, rival: bool) -> str:
        if not ours:
            return "kept"
        if held:
            return "defend"
        return "contested" if rival else "kept"

    @staticmethod
    def _beats(key: str, term: int, worker: str, held: bool, ballot: Ballot) -> bool:  # noqa: FBT001
        if term != ballot.term or ballot.owner is None:
            return term >= ballot.term
        if held != ballot.held:
            return held
        return rank(key, worker) < rank(key, ballot.owner)

    def bury(self, worker: str) -> list[str]:
        """Free what a worker owned that is gone."""
        return self._free([key for key in self._leases if self._open[key].owner == worker])

    def expire(self, now: float) -> list[str]:
        """Free what was not renewed within the lease."""
        return self._free(self._leases.ended(now))

    def _free(self, keys: list[str]) -> list[str]:
        """The next claim is in the next term, so the terms are kept."""
        for key in keys:
            self._leases.end(key)
            self._open[key].owner = None
        return keys

    def forget(self, keys: Iterable[str]) -> None:
        """Drop free ballots of captures that nobody here can name the device of."""
        for key in keys:
            if not self.is_taken(key):
                self._close(key)

    def deadline(self) -> float | None:
        """When the next lease of another worker runs out."""
        return self._leases.deadline()
