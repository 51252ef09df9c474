"""A worker's core: it collects announcements, claims batches, and sees each owned capture through. Pure.

    seen -> waiting -> claimed -> held -> fetched -> analysed -> shown -> published -> settled -> finished

While a claim settles its pictures are fetched already. A step that fails is tried again twice, then the
capture is left to others. A picture that is missing is asked for as often, then left to a search of the
store, and one that is bad is deleted; the next older of its device takes its place.
"""

from collections.abc import Sequence

from common.wire.keys import parse_capture_key
from common.wire.messages import Claim, Presence, WorkerStatus
from inference.batches import Batches
from inference.claim import Ballots
from inference.collect import Announced
from inference.events import (
    Analysed,
    Crashed,
    Effect,
    Event,
    Failed,
    Known,
    NotHeard,
    NotKept,
    NotPublished,
    Offline,
    Online,
    Peer,
    Published,
    Recalled,
    Said,
    SaidElsewhere,
    Say,
    Seen,
    Swept,
    Tick,
)
from inference.flows import Flows
from inference.health import Health
from inference.identity import Identity
from inference.listening import Listening
from inference.notes import Notes
from inference.noting import NotNoted
from inference.order import Order
from inference.owner import Owner
from inference.peers import Peers
from inference.pipeline import Outcome, Pipeline
from inference.sweeping import SOON, Sweeping
from inference.timing import USUAL, Timing
from inference.waiting import Waiting


class Worker:
    """`handle` and `deadline` as the loop wants them."""

    def __init__(self, me: Identity, timing: Timing = USUAL) -> None:
        self._me = me
        self._timing = timing
        self._flows = Flows(me.flow, me.flows, timing.flow_wait, timing.sweep)
        shared = self._flows.shared
        self._ballots = Ballots(me.worker, timing.lease, finished=100_000 if shared else 20_000)
        self._peers = Peers(me.worker, me.flow)
        self._listening = Listening(me.worker, self._peers, timing.share_from, timing.share_devices)
        order = Order(memory=100_000 if timing.policy == "latest" else 0)
        self._waiting = Waiting(timing, self._listening, self._ballots, order, me.bucket)
        self._batches = Batches(timing.room)
        self._owner = Owner(
            me.worker, timing, self._ballots, self._batches, self._waiting, order, self._flows
        )
        known = self._waiting.known
        self._pipeline = Pipeline(self._batches, known, order, timing.model_batch, timing.keep, leave=shared)
        searching = timing.sweep, timing.unheard
        self._sweeping = Sweeping(me.worker, self._ballots, self._flows, known, *searching)
        self._notes = Notes(known, self._ballots, self._listening.turn)
        self._health = Health()
        self._ready_at: float | None = None
        self._heartbeat_at = 0.0

    @property
    def load(self) -> int:
        """Captures claimed or owned and not finished."""
        return len(self._batches)

    @property
    def waiting(self) -> int:
        """Captures that wait for an owner."""
        return len(self._waiting)

    @property
    def remembered(self) -> int:
        """Captures and ballots in memory; none when nothing is owed to anybody."""
        return len(self._waiting.known) + len(self._ballots) + len(self._flows)

    def handle(self, event: Event, now: float) -> list[Effect]:
        effects = [*self._react(event, now), *self._owner.due(now), *self._pipeline.retry(now)]
        self._waiting.shelve(self._pipeline.given_up(), now)
        self._health.rest(now)
        effects += self._pipeline.analyse()
        effects += self._owner.finish(now)
        effects += self._claim(now)
        return effects

    def deadline(self) -> float | None:
        times = [part.deadline() for part in (self._owner, self._pipeline, self._health)]
        times.append(self._waiting.shelf_deadline())
        if self._ready_at is not None:
            times += [self._heartbeat_at, self._sweeping.at]
            if self._may_claim() and (ripe := self._waiting.deadline()) is not None:
                times.append(max(ripe, self._ready_at))
        return min((t for t in times if t is not None), default=None)

    def _react(self, event: Event, now: float) -> list[Effect]:  # noqa: C901, PLR0912 -- one arm an event
        match event:
            case Tick():
                return self._tick(now)
            case Online():
                self._ready_at = self._heartbeat_at = now + self._timing.listen
                self._sweeping.at = self._ready_at
                effects = [] if event.many_filters else self._share_nothing()
                return [*effects, Say(self.status("online"))]
            case Offline():
                self._ready_at = None
                return []
            case Seen():
                return [*self._notes.announced(event.capture), *self._seen(event, now)]
            case Said():
                return self._said(event, now)
            case SaidElsewhere():
                self._flows.done_elsewhere(event.flow, event.keys)
                return []
            case Peer():
                return self._peer(event.status, now)
            case Known():
                return self._listening.learn(event.device)
            case NotHeard():
                return self._share_nothing()
            case Swept():
                return self._swept(event, now)
            case Recalled():
                return self._take_up(self._sweeping.recalled(event, now), now)
            case Analysed() | Crashed():
                return self._pipeline.analysed(event, now)
            case NotKept():
                return self._pipeline.not_kept(event, now)
            case NotNoted():
                self._notes.owe(event.key)
                return []
            case _:
                told = self._owner.published(event.key) if isinstance(event, Published) else []
                return [*self._judge_health(event, now), *told, *self._pipeline.progress(event, now)]

    def _tick(self, now: float) -> list[Effect]:
        self._owner.expire(now)
        self._waiting.unshelve(now)
        if self._ready_at is None:
            return []
        effects: list[Effect] = []
        if self._heartbeat_at <= now:
            self._heartbeat_at = now + self._timing.heartbeat
            if self._peers.forget_silent(now - 3 * self._timing.heartbeat):
                self._sweep_soon(now)
            effects += self._others_changed()
            left = self._listening.leave()
            effects += [Say(self.status("online")), *left, *self._flows.tidy(now), *self._notes.tidy()]
        return [*effects, *self._sweeping.due(now)]

    def status(self, state: Presence) -> WorkerStatus:
        return self._me.status(
            state, self.load, self._owner.shed, self._listening.declared, self._health.error
        )

    def _seen(self, seen: Seen, now: float) -> list[Effect]:
        self._waiting.hear(Announced(seen.capture, seen.received_at, now, now - seen.age))
        return self._listening.learn(seen.capture.device_id)

    def _said(self, said: Said, now: float) -> list[Effect]:
        effects = self._owner.hear(said.message, now)
        return [*effects, *self._learn(said.message)] if isinstance(said.message, Claim) else effects

    def _learn(self, claim: Claim) -> list[Effect]:
        """Of devices that others hear."""
        parsed = (parse_capture_key(key) for key, _ in claim.captures)
        return [effect for key in parsed if key for effect in self._listening.learn(key.device)]

    def _peer(self, status: WorkerStatus, now: float) -> list[Effect]:
        change = self._peers.hear(status, now)
        if change == "went":
            self._sweep_soon(now)
        effects = self._others_changed() if change else []
        if change == "went":
            self._owner.bury(status.worker, now)
        return effects

    def _share_nothing(self) -> list[Effect]:
        self._listening.give_up()
        return self._others_changed()

    def _others_changed(self) -> list[Effect]:
        """Other workers than before are there, or else: it may be another one's turn to listen or to take."""
        if self._listening.review():
            self._waiting.reconsider()
        return self._listening.join()

    def _swept(self, swept: Swept, now: float) -> list[Effect]:
        effects = self._take_up(self._sweeping.swept(swept, now), now)
        return [*effects, *self._searched(now, failed=swept.failed)]

    def _take_up(self, found: tuple[list[Effect], Sequence[Seen]], now: float) -> list[Effect]:
        """As if these were announced now."""
        effects, fresh = found
        return [*effects, *(effect for seen in fresh for effect in self._seen(seen, now))]

    def _judge_health(self, event: Outcome, now: float) -> list[Effect]:
        """Where one step after the other fails a search of the store tells whether it can be reached."""
        changed = False
        match event:
            case NotPublished():
                changed = self._health.refused(event.reason, now)
            case Failed():
                if self._health.failed(event.reason):
                    self._sweeping.hasten(now)
            case Published():
                if changed := self._health.published():
                    self._waiting.open_shelf(now)
            case _:
                self._health.succeeded()
        return [Say(self.status("online"))] if changed else []

    def _searched(self, now: float, *, failed: bool) -> list[Effect]:
        if not self._health.searched(failed=failed):
            return []
        if not failed:
            self._waiting.open_shelf(now)
        return [Say(self.status("online"))]

    def _sweep_soon(self, now: float) -> None:
        """Somebody is gone who may have been the last that listened to a device."""
        if not self._listening.hears_all:
            self._sweeping.hasten(now + SOON)

    def _claim(self, now: float) -> list[Effect]:
        if self._ready_at is None or now < self._ready_at or not self._may_claim():
            return []
        return self._owner.claim(now, alone=not self._peers)

    def _may_claim(self) -> bool:
        return not self._batches.full() and not self._health.in_doubt
