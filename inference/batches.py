"""The batches a worker owns or has claimed, and how far each capture in them has come. Pure."""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
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
    says that it has no such picture. `older` of its device are superseded, latest first, if this one is a
    picture; else the first of them is its `heir`.
    """

    key: str
    stage: Stage = Stage.FETCHING
    failures: int = 0
    retry_at: float | None = None
    crashes: int = 0
    reason: str = ""
    absent: bool = False
    older: tuple[str, ...] = ()
    is_heir: bool = False

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
    """What one claim won: a job for each capture to analyse, and captures to delete `unseen`.

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
        older = (key for job in self.jobs.values() for key in job.older)
        return [*self.jobs, *older, *self.unseen, *self.answered, *self.gone, *self.missing]

    @property
    def is_idle(self) -> bool:
        """Nothing is left but pictures that the store does not have yet."""
        return self.held and bool(self.jobs) and all(job.absent for job in self.jobs.values())

    @property
    def decides_at(self) -> float:
        return max(self.settles_at, self.silent_until)

    def finish(self, job: Job, *more: str) -> None:
        """With others, if given, that need nobody any more."""
        (self.answered if job.stage is Stage.SETTLING else self.gone).append(job.key)
        self.gone += more
        self._end(job)

    def miss(self, job: Job) -> None:
        self.missing.append(job.key)
        self._end(job)

    def lose(self, keys: AbstractSet[str]) -> list[str]:
        """The keys whose jobs end; one that is past the model goes on. What a lost one supersedes has no heir
        here: its result would race that of the winner.
        """
        self.unseen = tuple(key for key in self.unseen if key not in keys)
        ended = []
        for job in [*self.jobs.values()]:
            job.older = tuple(key for key in job.older if key not in keys)
            if job.key in keys and job.stage in (Stage.FETCHING, Stage.FETCHED):
                del self.jobs[job.key]
                self.unseen += job.older
                ended.append(job.key)
        return ended

    def _end(self, job: Job) -> None:
        """An heir begins at the next opportunity."""
        del self.jobs[job.key]
        if job.older:
            first, *rest = job.older
            self.jobs[first] = Job(first, retry_at=0.0, older=tuple(rest), is_heir=True)

    def let_go(self) -> list[str]:
        """What is to be deleted unseen by now, for nobody will look at it."""
        fetched = [job for job in self.jobs.values() if job.older and job.stage is not Stage.FETCHING]
        keys = [*self.unseen, *(key for job in fetched for key in job.older)]
        self.unseen = ()
        for job in fetched:
            job.older = ()
        self.gone += keys
        return keys


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

    def finish(self, job: Job, *more: str) -> None:
        next(batch for batch in self._batches if job.key in batch.jobs).finish(job, *more)

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
        """Give up what another worker won or finished. The keys whose jobs end."""
        lost = frozenset(keys)
        return [key for batch in self._batches for key in batch.lose(lost)] if lost else []

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
