"""A worker as an owner: it claims, answers rivals, holds and renews, and says what is finished. Pure."""

from collections.abc import Iterable, Iterator

from common.wire.messages import Claim, Finished, Renewal
from inference.batches import Batch, Batches, Job
from inference.claim import Ballots
from inference.collect import Selection
from inference.events import Decided, Drop, Effect, Fetch, Say
from inference.flows import Flows
from inference.order import Order, Taken
from inference.timing import Timing
from inference.waiting import Waiting

_ANSWER = 8


class Owner:
    """Takes from `waiting` into `batches`, by the rule of `ballots`."""

    def __init__(
        self,
        me: str,
        timing: Timing,
        ballots: Ballots,
        batches: Batches,
        waiting: Waiting,
        order: Order,
        flows: Flows,
    ) -> None:
        self._me = me
        self._timing = timing
        self._ballots = ballots
        self._batches = batches
        self._waiting = waiting
        self._order = order
        self._flows = flows
        self._echo = 0.0
        """Seconds in which our last claim came back."""
        self.shed = 0
        """Captures that policy `every` deleted unseen."""

    def deadline(self) -> float | None:
        """The next settle, renewal, retry, or end of another worker's lease."""
        times = (self._batches.deadline(), self._ballots.deadline())
        return min((t for t in times if t is not None), default=None)

    def claim(self, now: float, *, alone: bool) -> list[Effect]:
        """Claim one ripe batch; its pictures are fetched while the claim settles."""
        selection = self._waiting.select(now)
        if selection is None:
            return []
        keys = [*selection.chosen, *selection.unseen]
        self._waiting.take(keys)
        settle, contest = (0.0, 0.0) if alone else (self._timing.settle, self._timing.contest)
        jobs, unseen = self._jobs(selection)
        renew_at = now + self._timing.lease / 3
        silent_until = now + contest
        self._batches.add(Batch(jobs, unseen, now, now + settle, renew_at, silent_until, keys[-1]))
        return [Say(self._ballots.claim(keys)), *(Fetch(key) for key in selection.chosen)]

    def _jobs(self, selection: Selection) -> tuple[dict[str, Job], tuple[str, ...]]:
        """Those to analyse, each with what it supersedes, and what is to be deleted in any case."""
        chosen, unseen = selection.chosen, selection.unseen
        if self._timing.policy == "every":
            return {key: Job(key) for key in chosen}, unseen
        older: dict[str, list[str]] = {}
        known = self._waiting.known
        for announced in sorted((known[key] for key in unseen), key=lambda a: a.order, reverse=True):
            older.setdefault(announced.capture.device_id, []).append(announced.key)
        devices = [known[key].capture.device_id for key in chosen]
        jobs = {
            key: Job(key, older=tuple(older.pop(device, ())))
            for key, device in zip(chosen, devices, strict=True)
        }
        return jobs, tuple(key for keys in older.values() for key in keys)

    def hear(self, message: Claim | Renewal | Finished, now: float) -> list[Effect]:
        told = self._tell_or_learn(message, now)
        heard = self._ballots.hear(message, now)
        self._waiting.take(heard.taken)
        self._waiting.finish([*heard.finished, *heard.forgotten])
        ended = self._batches.lose([*heard.lost, *heard.finished])
        for batch in self._batches.echoed(heard.echoed):
            self._echo = now - batch.claimed_at
            batch.silent_until = 0.0
        for batch in self._batches.undecided(heard.contested):
            answer = _ANSWER * max(self._timing.settle, self._echo, now - batch.claimed_at)
            batch.settles_at = now + min(self._timing.contest, answer)
        self._waiting.forget(self._batches.not_at_work([*heard.finished, *heard.forgotten]))
        renewal = self._ballots.renewal(heard.defend)
        return [*told, *([Say(renewal)] if renewal else []), *(Drop(key) for key in ended)]

    def _tell_or_learn(self, message: Claim | Renewal | Finished, now: float) -> list[Effect]:
        """What is overtaken: to whoever claims what is overtaken by a result of ours, and from the others."""
        match message:
            case Claim():
                taken = self._taken((key for key, _ in message.captures), now)
                ours = dict.fromkeys(later for one in taken if (later := self._order.ours_after(one)))
                return self._say_answered(tuple(ours))
            case Finished():
                for one in self._taken(message.captures[: message.answered], now):
                    self._order.answered(one, now)
        return []

    def _taken(self, keys: Iterable[str], now: float) -> Iterator[Taken]:
        return (taken for key in keys if (taken := self._waiting.taken(key, now)))

    def _say_answered(self, keys: tuple[str, ...]) -> list[Effect]:
        return [Say(Finished(worker=self._me, captures=keys, answered=len(keys)))] if keys else []

    def published(self, key: str) -> list[Effect]:
        """Others who own an older capture of the device are told at once, not only when the batch is done."""
        announced = self._waiting.known.get(key)
        is_latest = announced is not None and self._order.published(announced.taken)
        return self._say_answered((key,)) if is_latest and self._ballots.has_older(key) else []

    def expire(self, now: float) -> None:
        """What its owner did not renew waits for another one."""
        self._free(self._ballots.expire(now), now)

    def bury(self, worker: str, now: float) -> None:
        """So does what somebody owned who is gone."""
        self._free(self._ballots.bury(worker), now)

    def _free(self, keys: Iterable[str], now: float) -> None:
        self._waiting.again(self._batches.not_at_work(keys), now)

    def due(self, now: float) -> list[Effect]:
        """Hold what was claimed and is decided, delete what nobody will look at, and renew what is held."""
        effects: list[Effect] = []
        for batch in self._batches:
            if not batch.held and batch.decides_at <= now:
                batch.held = True
                self._ballots.hold(batch.keys())
                effects.append(Decided(max(0.0, now - batch.claimed_at - self._timing.settle)))
            if batch.held:
                effects += self._dispose(batch.let_go())
            if batch.held and batch.renew_at <= now:
                batch.renew_at = now + self._timing.lease / 3
                renewal = self._ballots.renewal(batch.keys())
                effects += [Say(renewal)] if renewal else []
        return effects

    def _dispose(self, unseen: list[str]) -> list[Effect]:
        if not unseen:
            return []
        every = self._timing.policy == "every"
        self.shed += len(unseen) if every else 0
        return [self._flows.dispose(tuple(unseen), "shed" if every else "superseded")]

    def finish(self, now: float) -> list[Effect]:
        """Say which batches need nobody any more."""
        effects: list[Effect] = []
        for batch in [b for b in self._batches if not b.jobs and (b.held or not b.unseen)]:
            self._batches.discard(batch)
            done = (*batch.answered, *batch.gone)
            missing = tuple(filter(self._ballots.is_mine, batch.missing))
            self._ballots.finish(done)
            self._ballots.drop(missing)
            self._waiting.finish((*done, *missing))
            self._waiting.forget((*done, *missing))
            effects += self._flows.done_here(done, now)
            if keys := (*done, *missing):
                answered = len(batch.answered)
                said = Finished(worker=self._me, captures=keys, answered=answered, missing=len(missing))
                effects.append(Say(said))
        return effects
