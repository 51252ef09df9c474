"""The hands of the supervisor: processes, probes, logs and signals."""

import json
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from common.loop import Loop
from common.ports.clock import SystemClock
from headway.errors import UserError
from headway.process import Log, Process
from headway.programs import Program
from headway.screen import Screen
from headway.supervisor import (
    Begin,
    Effect,
    Event,
    Exited,
    Failed,
    Finished,
    Kill,
    Lost,
    Ready,
    Recovered,
    Spawn,
    Started,
    Stop,
    Supervisor,
    Terminate,
    Tick,
)

_PROBE_EVERY = 0.1
_SHOW_EVERY = 0.5
_TAIL_SHOWN = 5


class Runner:
    """Runs the programs until a signal; `run` raises UserError when the first start failed."""

    def __init__(
        self, programs: Sequence[Program], logs: Path, screen: Screen, started: Callable[[], None]
    ) -> None:
        self._programs = {program.child.name: program for program in programs}
        self._logs = {name: Log(logs / f"{name}.log") for name in self._programs}
        self._folder = logs
        self._screen = screen
        self._started = started
        self._core = Supervisor([program.child for program in programs])
        self._clock = SystemClock()
        self._loop: Loop[Event, Effect] = Loop(self._core, self._perform, Tick(), self._clock)
        self._processes: dict[str, Process] = {}
        self._probes = ThreadPoolExecutor(len(programs), thread_name_prefix="probe")
        self._stopping = threading.Event()
        self._failure: str | None = None

    def run(self, devices: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        old = {number: signal.signal(number, self._asked) for number in _wanted()}
        self._loop.post(Begin())
        try:
            while self._loop.step(_SHOW_EVERY):
                self._screen.show(self._core.watched, devices(), self._clock.monotonic())
        finally:
            self._clear()
            for number, handler in old.items():
                signal.signal(number, handler)
        if self._failure:
            raise UserError(self._failure)

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        """Takes no lock: another signal may come in the midst of it."""
        self._loop.post(Stop())

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Spawn(name, run):
                self._spawn(name, run)
            case Terminate(name):
                self._stopping.set()
                self._processes[name].terminate()
            case Kill(name):
                self._processes[name].kill()
            case Started():
                self._started()
            case Lost(name, status, delay):
                self._screen.say(
                    f"{name} {_ending(status)}; it is started again in {delay:g} s{self._tail(name)}"
                )
            case Recovered(name):
                self._screen.say(f"{name} runs again")
            case Failed(name, status):
                self._failure = self._explain(name, status)
                self._stopping.set()
            case Finished():
                self._loop.stop()

    def _spawn(self, name: str, run: int) -> None:
        program = self._programs[name]
        if last := self._processes.get(name):
            last.join()
        self._logs[name].forget()
        process = Process(name, program.command, self._logs[name], partial(self._gone, program, run))
        self._processes[name] = process
        self._loop.aside(self._probes, partial(self._await_ready, program, process, run))

    def _gone(self, program: Program, run: int, status: int) -> None:
        program.sweep()
        self._loop.post(Exited(program.child.name, run, status))

    def _await_ready(self, program: Program, process: Process, run: int) -> Event:
        self._stopping.wait(program.settle)
        while process.alive() and not self._stopping.is_set():
            if program.trouble() is None:
                return Ready(program.child.name, run)
            self._stopping.wait(_PROBE_EVERY)
        return Tick()

    def _explain(self, name: str, status: int | None) -> str:
        how = "did not become ready in time" if status is None else _ending(status)
        return f"{name} {how}; see {self._folder / f'{name}.log'}{self._tail(name)}"

    def _tail(self, name: str) -> str:
        return "".join(f"\n    {readable(line)}" for line in self._logs[name].tail(_TAIL_SHOWN))

    def _clear(self) -> None:
        """Nothing outlives us, whatever ended the loop."""
        self._stopping.set()
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()
        self._probes.shutdown()
        for log in self._logs.values():
            log.close()


def _wanted() -> list[signal.Signals]:
    """A terminal that closes stops us too, unless nohup says otherwise."""
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM] + ([] if ignored else [signal.SIGHUP])


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def readable(line: str) -> str:
    """A line of a log; a JSON one as its event and the rest behind it."""
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict) or "event" not in record:
        return line
    rest = {
        k: v for k, v in record.items() if k not in ("event", "level", "timestamp", "service", "exception")
    }
    cause = str(record.get("exception", "")).strip().splitlines()[-1:]
    return " ".join([str(record["event"]), *(f"{k}={v}" for k, v in rest.items()), *cause])
