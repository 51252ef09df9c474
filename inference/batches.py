"""The batches a worker owns or has claimed, and how far each capture in them has come. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

_RETRY_FIRST = 0.5
_IDLE = 6


class Stage(Enum):
    """What is under way; FETCHED alone is waiting, for the model."""

    FETCHING = "fetching"
    FETCHED = "fetched"
    ANALYSING = "analysing"
    SHOWING = "showing"
    PUBLISHING = "publishing"
    SETTLING = "settling"
    SETTING_ASIDE = "setting aside"


@dataclass(slots=True)
class Job:
    """One capture of a batch. `retry_at` is set while a failed step waits to be tried again.

    `crashes` counts how often the model did not survive a batch with this picture in it. `absent`: the store
    says that it has no such picture.
    """

    key: str
    stage: Stage = Stage.FETCHING
    failures: int = 0
    retry_at: float | None = None
    crashes: int = 0
    reason: str = ""
    absent: bool = False

    def enter(self, stage: Stage) -> None:
        self.stage = stage
        self.failures = 0
        self.retry_at = None
        self.absent = False

    def fail(self, now: float) -> None:
        self.retry_at = now + _RETRY_FIRST * 2**self.failures
        self.failures += 1


@dataclass(slots=True)
class Batch:
    """What one claim won: a job for each capture to analyse, and captures to delete unseen.

    It is decided at `settles_at`; where our claim has not come back from the broker by then, when it does,
    at `silent_until` at the latest.
    """

    jobs: dict[str, Job]
    unseen: tuple[str, ...]
    claimed_at: float
    settles_at: float
    renew_at: float
    silent_until: float = 0.0
    last: str = ""
    """Of the claim, with which all of it has come back: it may come in parts."""
    held: bool = False
    answered: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """What needs nobody any more, with a result of ours and without."""
    missing: list[str] = field(default_factory=list)
    """What the store has not given, however often it was asked."""

    def keys(self) -> list[str]:
        """What is owned and not said to be finished."""
        return [*self.jobs, *self.unseen, *self.answered, *self.gone, *self.missing]

    @property
    def is_idle(self) -> bool:
        """Nothing is left but pictures that the store does not have yet."""
        return self.held and bool(self.jobs) and all(job.absent for job in self.jobs.values())

    @property
    def decides_at(self) -> float:
        return max(self.settles_at, self.silent_until)

    def finish(self, job: Job) -> None:
        del self.jobs[job.key]
        (self.answered if job.stage is Stage.SETTLING else self.gone).append(job.key)

    def miss(self, job: Job) -> None:
        del self.jobs[job.key]
        self.missing.append(job.key)


class Batches:
    """At most `room` batches with work to do: one for the model and one ahead of it."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._batches: list[Batch] = []

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def __len__(self) -> int:
        return sum(len(batch.jobs) for batch in self._batches)

    def full(self) -> bool:
        busy = sum(not batch.is_idle for batch in self._batches)
        return busy >= self._room or len(self._batches) >= _IDLE + self._room

    def add(self, batch: Batch) -> None:
        self._batches.append(batch)

    def discard(self, batch: Batch) -> None:
        self._batches.remove(batch)

    def find(self, key: str) -> tuple[Batch, Job] | None:
        return next(((b, b.jobs[key]) for b in self._batches if key in b.jobs), None)

    def finish(self, job: Job) -> None:
        next(batch for batch in self._batches if job.key in batch.jobs).finish(job)

    def not_at_work(self, keys: Iterable[str]) -> list[str]:
        """Those without a job; what another worker won when it was past the model here has one."""
        return [key for key in keys if self.find(key) is None]

    def undecided(self, keys: Collection[str]) -> Iterator[Batch]:
        """The batches that are claimed and not held yet, of those that have one of `keys`."""
        return (b for b in self._batches if not b.held and not set(keys).isdisjoint(b.keys()))

    def echoed(self, keys: Collection[str]) -> Iterator[Batch]:
        """The batches that are not held yet and whose claims have come back, with `keys` as the latest."""
        return (b for b in self._batches if not b.held and b.last in keys)

    def lose(self, keys: Collection[str]) -> list[str]:
        """Give up what another worker won. The keys whose jobs end; one that is past the model goes on."""
        ended = []
        for batch in self._batches:
            batch.unseen = tuple(key for key in batch.unseen if key not in keys)
            for key in keys:
                job = batch.jobs.get(key)
                if job and job.stage in (Stage.FETCHING, Stage.FETCHED):
                    del batch.jobs[key]
                    ended.append(key)
        return ended

    def next_to_analyse(self, size: int) -> list[Job]:
        """Fetched captures of held batches, at most `size`.

        One that was there when the model crashed goes alone, so that the next crash names the culprit.
        """
        jobs = [job for batch in self._batches if batch.held for job in batch.jobs.values()]
        ready = [job for job in jobs if job.stage is Stage.FETCHED]
        innocent = [job for job in ready if not job.crashes]
        return innocent[:size] or ready[:1]

    def deadline(self) -> float | None:
        """The next settle, renewal or retry."""
        times = [b.renew_at if b.held else b.decides_at for b in self._batches]
        times += [j.retry_at for b in self._batches for j in b.jobs.values() if j.retry_at is not None]
        return min(times, default=None)
