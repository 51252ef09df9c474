"""How an owned capture comes from the store to the page, step by step. Pure.

    FETCHING -> FETCHED -> ANALYSING -> SHOWING -> PUBLISHING -> SETTLING -> gone
                   ^           | the model crashed
                   '- once ----+----> SETTING_ASIDE -> gone

    before its result is out, at the next step: overtaken -> gone
    while it is fetched: bad -> gone, not there -> missing

A step's outcome starts the next step. A failed one is tried again after 0.5 s and after 1 s more, then given
up; only of a capture whose result is out the picture is left to a sweep. A picture that is not there is asked
for as often. A picture that the model crashed on is tried once more, alone, and then set aside. While the
model is at work, its next pictures already wait behind it.
"""

from collections.abc import Mapping

from inference.batches import Batch, Batches, Job, Stage
from inference.collect import Announced
from inference.events import (
    Absent,
    Analyse,
    Analysed,
    Crashed,
    Delete,
    Drop,
    Effect,
    Failed,
    Fetch,
    Fetched,
    Hopeless,
    Keep,
    Missing,
    NotKept,
    Publish,
    Published,
    SetAside,
    Settle,
    Settled,
    Show,
    Shown,
)
from inference.keeping import Keeper
from inference.order import Order

Outcome = Fetched | Shown | Published | Settled | Failed | Hopeless | Missing

_TRIES = 2
_FAILURES = 3
_AHEAD = 2

_NEXT: dict[type[Outcome], tuple[Stage, Stage]] = {
    Fetched: (Stage.FETCHING, Stage.FETCHED),
    Shown: (Stage.SHOWING, Stage.PUBLISHING),
    Published: (Stage.PUBLISHING, Stage.SETTLING),
}
_LAST: dict[type[Outcome], tuple[Stage, ...]] = {
    Settled: (Stage.SETTLING, Stage.SETTING_ASIDE),
    Missing: (Stage.SETTING_ASIDE,),
    Hopeless: (Stage.FETCHING,),
}
"""The stages that an outcome ends; another stage hears of a step that was begun for an earlier claim."""

_UNSTOPPED = (Stage.SETTLING, Stage.SETTING_ASIDE)
"""Where what is overtaken goes on: its result is out, or people are to hear of the crash."""


class Pipeline:
    """Moves the jobs of `batches`; `known` has what was announced of each, `order` what has overtaken it.

    `leave`: their pictures are left to other flows.
    """

    def __init__(
        self,
        batches: Batches,
        known: Mapping[str, Announced],
        order: Order,
        model_batch: int = 1,
        keep: float = 0.0,
        *,
        leave: bool = False,
    ) -> None:
        self._batches = batches
        self._known = known
        self._order = order
        self._model_batch = model_batch
        self._keeper = Keeper(keep)
        self._leave = leave
        self._asked = 0
        self._given_up: list[str] = []

    def progress(self, outcome: Outcome, now: float) -> list[Effect]:
        """The step after `outcome`; for a capture that was lost meanwhile, its memory is freed."""
        found = self._batches.find(outcome.key)
        if found is None:
            return [Drop(outcome.key)]
        batch, job = found
        match outcome:
            case Failed():
                job.fail(now)
                return self._give_up(batch, job) if job.failures >= _FAILURES else []
            case Missing() if job.stage is Stage.FETCHING:
                return self._not_there(batch, job, now)
            case Settled() | Missing() | Hopeless():
                if job.stage not in _LAST[type(outcome)]:
                    return []
                batch.finish(job)
                bad = [Delete((job.key,), outcome.reason)] if isinstance(outcome, Hopeless) else []
                return [*bad, Drop(job.key)]
            case _:
                before, after = _NEXT[type(outcome)]
                if job.stage is not before:
                    return []
                kept = self._keep(job, now) if isinstance(outcome, Published) else []
                return [*kept, *self._enter(job, after, now)]

    def _give_up(self, batch: Batch, job: Job) -> list[Effect]:
        """What has its result is finished, and a sweep deletes its picture. All else is for others to try."""
        if job.stage is Stage.SETTLING:
            batch.finish(job)
        else:
            del batch.jobs[job.key]
            self._given_up += [job.key, *job.older]
        return [Drop(job.key)]

    def _not_there(self, batch: Batch, job: Job, now: float) -> list[Effect]:
        """Perhaps not yet: it is asked for as often as what fails, then left to a sweep. An heir, which has
        had time to come, is asked for once.
        """
        job.absent = True
        job.fail(now)
        if job.failures < _FAILURES and not job.is_heir:
            return []
        batch.miss(job)
        return [Absent(job.key), Drop(job.key)]

    def given_up(self) -> list[str]:
        """Those since this was asked last."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def _keep(self, job: Job, now: float) -> list[Effect]:
        """Unless another worker has a later one to keep."""
        taken = self._known[job.key].taken
        if self._order.is_overtaken(taken):
            return []
        return [Keep(taken.device)] if self._keeper.published(taken.device, now) else []

    def not_kept(self, event: NotKept, now: float) -> list[Effect]:
        """The store did not take a result; it is tried again."""
        self._keeper.owe(event.device, now)
        return []

    def analysed(self, event: Analysed | Crashed, now: float) -> list[Effect]:
        """What the model's answer to a batch, or its end, means for each picture."""
        self._asked -= 1
        effects: list[Effect] = []
        for key in event.keys:
            if (found := self._batches.find(key)) is None:
                effects.append(Drop(key))
            elif isinstance(event, Analysed):
                effects += self._enter(found[1], Stage.SHOWING, now)
            else:
                effects += self._crashed(found[1], event.reason, now)
        return effects

    def _crashed(self, job: Job, reason: str, now: float) -> list[Effect]:
        job.crashes += 1
        job.reason = reason
        return self._enter(job, Stage.FETCHED if job.crashes < _TRIES else Stage.SETTING_ASIDE, now)

    def retry(self, now: float) -> list[Effect]:
        """Start again the failed steps whose time has come, and keep the results that are due."""
        due = [
            j for b in self._batches for j in b.jobs.values() if j.retry_at is not None and j.retry_at <= now
        ]
        effects: list[Effect] = [Keep(device, overdue=True) for device in self._keeper.due(now)]
        for job in due:
            job.retry_at = None
            effects += self._step(job, now)
        return effects

    def deadline(self) -> float | None:
        """When the next result is due to be kept."""
        return self._keeper.deadline()

    def analyse(self) -> list[Effect]:
        """Give the model its next pictures when it is free, and a full batch behind those."""
        effects: list[Effect] = []
        while self._asked < _AHEAD:
            jobs = self._batches.next_to_analyse(self._model_batch)
            if late := [job for job in jobs if self._is_overtaken(job)]:
                effects += [effect for job in late for effect in self._supersede(job)]
                continue
            if not jobs or (self._asked and len(jobs) < self._model_batch):
                break
            for job in jobs:
                job.enter(Stage.ANALYSING)
            self._asked += 1
            effects.append(Analyse(tuple(job.key for job in jobs)))
        return effects

    def _enter(self, job: Job, stage: Stage, now: float) -> list[Effect]:
        job.enter(stage)
        return self._step(job, now)

    def _is_overtaken(self, job: Job) -> bool:
        return job.stage not in _UNSTOPPED and self._order.is_overtaken(self._known[job.key].taken)

    def _supersede(self, job: Job) -> list[Effect]:
        late = tuple(key for key in job.older if self._order.is_overtaken(self._known[key].taken))
        job.older = tuple(key for key in job.older if key not in late)
        self._batches.finish(job, *late)
        return [Delete((job.key, *late), "superseded", leave=self._leave), Drop(job.key)]

    def _step(self, job: Job, now: float) -> list[Effect]:
        announced = self._known[job.key]
        if self._is_overtaken(job):
            return self._supersede(job)
        match job.stage:
            case Stage.FETCHING:
                return [Fetch(job.key)]
            case Stage.FETCHED | Stage.ANALYSING:
                return []
            case Stage.SHOWING:
                return [Show(job.key, announced.capture)]
            case Stage.PUBLISHING:
                self._order.answered(announced.taken, now)
                return [Publish(job.key, announced.capture, announced.received_at)]
            case Stage.SETTLING:
                return [Settle(job.key, announced.capture, self._leave)]
            case Stage.SETTING_ASIDE:
                return [SetAside(job.key, announced.capture, job.reason, self._leave)]
