"""Captures a second through MQTT, S3 and ownership, against the bare model on the same pictures.

A fixed number of captures is under way, a new one for each result, so that the workers never starve and
nothing is superseded. Bare loops, one process for each worker, take turns with them; the median round counts.
Broker, store and the agents run on the same cores: what they take is said too.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from statistics import median

import psutil

from bench.row import Row
from bench.workers import Feeder, workers
from common.wire.messages import Result
from tests.servers import server_pids

ROUNDS = 5
SECONDS = 10.0
WARM_UP = 3.0
DEVICES = 12
TARGETS = {1: 0.90, 2: 0.85}


@dataclass(frozen=True, slots=True)
class Round:
    """Captures a second of the workers and of the bare loops, and what one capture took of the processors:
    the workers with their models, and the others, which are broker, store and agents; milliseconds.
    """

    whole: float
    bare: float
    workers_ms: float
    others_ms: float

    @property
    def share(self) -> float:
        return self.whole / self.bare

    def share_of_own_time(self, count: int) -> float:
        """As if the others ran elsewhere: against bare loops in the time that they leave to the workers."""
        return self.share / (1 - self.whole * self.others_ms / 1e3 / count)


def rows() -> Iterator[Row]:
    """`pipeline.efficiency.N_worker(s)`: the share of the bare model's speed; the reference is the target.

    With as many workers as cores also `pipeline.own_efficiency`, in the time that the others leave.
    """
    for count, target in TARGETS.items():
        name = f"{count}_worker{'s' if count > 1 else ''}"
        due: SimpleQueue[str] = SimpleQueue()
        with workers(count, partial(_note, due)) as feeder:
            rounds = [_round(feeder, count, due) for _ in range(ROUNDS)]
        rate, limit = (round(median(r.whole for r in rounds), 2), round(median(r.bare for r in rounds), 2))
        yield Row(f"pipeline.captures_per_second.{name}", rate, "1/s", limit)
        share = median(r.share for r in rounds)
        yield Row(f"pipeline.efficiency.{name}", round(share, 3), "of the bare model", target)
        if count == os.cpu_count():
            own = median(r.share_of_own_time(count) for r in rounds)
            yield Row(f"pipeline.own_efficiency.{name}", round(own, 3), "of the bare model", target)
        cost = median(r.workers_ms for r in rounds)
        yield Row(
            f"pipeline.cost.workers.{name}", round(cost, 1), "ms of a core", round(1e3 * count / limit, 1)
        )
        yield Row(
            f"pipeline.cost.others.{name}", round(median(r.others_ms for r in rounds), 1), "ms of a core"
        )


def _note(due: "SimpleQueue[str]", result: Result) -> None:
    due.put(result.device_id)


def bare(processes: int) -> float:
    """Pictures a second of as many bare loops side by side."""
    command = [sys.executable, "-m", "bench.bare", str(SECONDS)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(process.communicate()[0]) for process in running)


def _round(feeder: Feeder, count: int, due: "SimpleQueue[str]") -> Round:
    """The pipeline after a warm-up, then the bare loops."""
    while not due.empty():
        due.get()
    for number in range(DEVICES * count):
        feeder.send(f"cam-{number}")
    _pass_on(feeder.send, due, WARM_UP)
    own, others = _spent(feeder.pids), _spent([os.getpid(), *server_pids()], deep=False)
    start = time.monotonic()
    done = _pass_on(feeder.send, due, SECONDS)
    whole = done / (time.monotonic() - start)
    own = _spent(feeder.pids) - own
    others = _spent([os.getpid(), *server_pids()], deep=False) - others
    return Round(whole, bare(count), own * 1e3 / done, others * 1e3 / done)


def _spent(pids: Iterable[int], *, deep: bool = True) -> float:
    """Processor seconds of these processes, and of their children where `deep`."""
    found = [psutil.Process(pid) for pid in pids]
    found += [child for process in found for child in process.children()] if deep else []
    return sum(sum(process.cpu_times()[:2]) for process in found)


def _pass_on(send: Callable[[str], None], due: "SimpleQueue[str]", seconds: float) -> int:
    """The next picture of each device whose last one has a result; how many those were."""
    end = time.monotonic() + seconds
    done = 0
    while (left := end - time.monotonic()) > 0:
        try:
            send(due.get(timeout=left))
        except Empty:
            break
        done += 1
    return done
