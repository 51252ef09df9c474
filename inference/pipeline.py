"""How an owned capture comes from the store to the page, step by step. Pure.

    FETCHING -> FETCHED -> ANALYSING -> SHOWING -> PUBLISHING -> SETTLING -> gone

A step's outcome starts the next step. A failed one is tried again, waiting 0.5 s, 1 s and so on up to 8 s.
"""

from collections.abc import Mapping

from inference.batches import Batches, Job, Stage
from inference.collect import Announced
from inference.events import (
    Analyse,
    Analysed,
    Delete,
    Drop,
    Effect,
    Failed,
    Fetch,
    Fetched,
    Hopeless,
    Missing,
    Publish,
    Published,
    Settle,
    Settled,
    Show,
    Shown,
)

Outcome = Fetched | Analysed | Shown | Published | Settled | Failed | Hopeless | Missing

_NEXT: dict[type[Outcome], tuple[Stage, Stage]] = {
    Fetched: (Stage.FETCHING, Stage.FETCHED),
    Analysed: (Stage.ANALYSING, Stage.SHOWING),
    Shown: (Stage.SHOWING, Stage.PUBLISHING),
    Published: (Stage.PUBLISHING, Stage.SETTLING),
}


class Pipeline:
    """Moves the jobs of `batches`; `known` has what was announced of each."""

    def __init__(self, batches: Batches, known: Mapping[str, Announced]) -> None:
        self._batches = batches
        self._known = known

    def progress(self, outcome: Outcome, now: float) -> list[Effect]:
        """The step after `outcome`; for a capture that was lost meanwhile, its memory is freed."""
        found = self._batches.find(outcome.key)
        if found is None:
            return [Drop(outcome.key)]
        batch, job = found
        match outcome:
            case Failed():
                job.fail(now)
                return []
            case Settled() | Missing():
                batch.finish(job)
                return [Drop(job.key)]
            case Hopeless():
                batch.finish(job)
                return [Delete((job.key,), outcome.reason), Drop(job.key)]
            case _:
                before, after = _NEXT[type(outcome)]
                return self._enter(job, after) if job.stage is before else []

    def retry(self, now: float) -> list[Effect]:
        """Start again the failed steps whose time has come."""
        due = [
            j for b in self._batches for j in b.jobs.values() if j.retry_at is not None and j.retry_at <= now
        ]
        effects: list[Effect] = []
        for job in due:
            job.retry_at = None
            effects += self._step(job)
        return effects

    def analyse(self) -> list[Effect]:
        """Give the model its next picture when it is free."""
        job = self._batches.next_to_analyse()
        return self._enter(job, Stage.ANALYSING) if job else []

    def _enter(self, job: Job, stage: Stage) -> list[Effect]:
        job.enter(stage)
        return self._step(job)

    def _step(self, job: Job) -> list[Effect]:
        announced = self._known[job.key]
        match job.stage:
            case Stage.FETCHING:
                return [Fetch(job.key)]
            case Stage.FETCHED:
                return []
            case Stage.ANALYSING:
                return [Analyse(job.key)]
            case Stage.SHOWING:
                return [Show(job.key, announced.capture)]
            case Stage.PUBLISHING:
                return [Publish(job.key, announced.capture, announced.received_at)]
            case Stage.SETTLING:
                return [Settle(job.key, announced.capture)]
