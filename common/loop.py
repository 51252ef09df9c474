"""The one loop: events in, effects out, one thread that owns all state.

A core is pure: `handle(event, now)` answers with effects and `deadline()` says when it wants the next tick.
The loop feeds it, hands each effect to `perform`, and posts the outcome of work done aside as the next event.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

import structlog

from common.ports.clock import Clock

E = TypeVar("E")
F = TypeVar("F")
_In_contra = TypeVar("_In_contra", contravariant=True)
_Out_co = TypeVar("_Out_co", covariant=True)

_BACKLOG = 20_000
_IDLE = 1.0
_PATIENCE = 1.0

log = structlog.get_logger(__name__)


class Core(Protocol[_In_contra, _Out_co]):
    def handle(self, event: _In_contra, now: float) -> Sequence[_Out_co]:
        """Every change of state passes here; `now` is monotonic seconds."""

    def deadline(self) -> float | None:
        """When it wants a tick, in monotonic seconds; None for never."""


class Loop(Generic[E, F]):
    """Runs one core until stopped. All but `step` and `run` may be called from any thread."""

    def __init__(self, core: Core[E, F], perform: Callable[[F], None], tick: E, clock: Clock) -> None:
        self._core = core
        self._perform = perform
        self._tick = tick
        self._clock = clock
        self._events: SimpleQueue[E | _Stop] = SimpleQueue()  # its put may be called by a signal handler
        self._ticked = False
        self._leave_at: float | None = None
        self._error: BaseException | None = None
        self.refused = 0

    def post(self, event: E) -> None:
        """For outcomes of our own effects, of which there are boundedly many."""
        self._events.put(event)

    def offer(self, event: E) -> bool:
        """For what comes from outside: refused and counted when the backlog is full."""
        if self._events.qsize() >= _BACKLOG:
            self.refused += 1
            return False
        self._events.put(event)
        return True

    def aside(self, pool: ThreadPoolExecutor, job: Callable[[], E]) -> None:
        """Run `job` in the pool; what it returns is posted, what it raises stops the loop."""
        pool.submit(job).add_done_callback(self._finished)

    def _finished(self, future: "Future[E]") -> None:
        if future.cancelled():
            return
        if error := future.exception():
            self.stop(error)
        else:
            self.post(future.result())

    def stop(self, error: BaseException | None = None) -> None:
        """Leave `run` once the events before are handled, or after a second; `run` raises the error."""
        if self._leave_at is None:
            self._leave_at = self._clock.monotonic() + _PATIENCE
        self._error = self._error or error
        self._events.put(_Stop())

    def step(self, timeout: float | None = None) -> bool:
        """Handle one event, or a tick when one is due; False when stopped. Waits at most `timeout`."""
        event = self._next(timeout)
        if isinstance(event, _Stop) or self._overdue():
            if self._error:
                raise self._error
            return False
        if event is not None:
            self._handle(event)
        elif self._due():
            self._ticked = True
            self._handle(self._tick)
        return True

    def run(self) -> None:
        """Until `stop`. An error of the core or of an effect ends the loop: a supervisor starts it afresh."""
        while self.step():
            pass

    def _handle(self, event: E) -> None:
        for effect in self._core.handle(event, self._clock.monotonic()):
            self._perform(effect)

    def _due(self) -> bool:
        deadline = self._core.deadline()
        return deadline is not None and deadline <= self._clock.monotonic()

    def _overdue(self) -> bool:
        return self._leave_at is not None and self._clock.monotonic() >= self._leave_at

    def _next(self, timeout: float | None) -> "E | _Stop | None":
        """None when a tick is due. It comes before waiting events, but never twice in a row before them."""
        ticked, self._ticked = self._ticked, False
        wait = _IDLE if timeout is None else timeout
        if (deadline := self._core.deadline()) is not None:
            wait = min(wait, deadline - self._clock.monotonic())
            if wait <= 0 and not ticked and self._due():
                return None
        try:
            return self._events.get(timeout=max(wait, 0.0))
        except Empty:
            return None


class _Stop:
    """Wakes the loop up to leave."""
