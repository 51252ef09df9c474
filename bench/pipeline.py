"""Captures a second through MQTT, S3 and ownership, against the bare model on the same pictures.

A fixed number of captures is under way, a new one for each result, so that the workers never starve and
nothing is superseded. Bare loops, one process for each worker, take turns with them; the median round counts.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from statistics import median

from bench.row import Row
from bench.workers import Feeder, workers
from common.wire.messages import Result

ROUNDS = 5
SECONDS = 10.0
WARM_UP = 3.0
DEVICES = 12
TARGETS = {1: 0.90, 2: 0.85}


def rows() -> Iterator[Row]:
    """`pipeline.efficiency.N_worker(s)`: the share of the bare model's speed; the reference is the target."""
    for count, target in TARGETS.items():
        due: SimpleQueue[str] = SimpleQueue()
        with workers(count, partial(_note, due)) as feeder:
            rounds = [(through(feeder, count, due), bare(count)) for _ in range(ROUNDS)]
        name = f"{count}_worker{'s' if count > 1 else ''}"
        rate, limit = (round(median(side), 2) for side in zip(*rounds, strict=True))
        yield Row(f"pipeline.captures_per_second.{name}", rate, "1/s", limit)
        share = median(whole / limit for whole, limit in rounds)
        yield Row(f"pipeline.efficiency.{name}", round(share, 3), "of the bare model", target)


def _note(due: "SimpleQueue[str]", result: Result) -> None:
    due.put(result.device_id)


def bare(processes: int) -> float:
    """Pictures a second of as many bare loops side by side."""
    command = [sys.executable, "-m", "bench.bare", str(SECONDS)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(process.communicate()[0]) for process in running)


def through(feeder: Feeder, count: int, due: "SimpleQueue[str]") -> float:
    """Results a second, after a warm-up."""
    while not due.empty():
        due.get()
    for number in range(DEVICES * count):
        feeder.send(f"cam-{number}")
    _pass_on(feeder.send, due, WARM_UP)
    start = time.monotonic()
    return _pass_on(feeder.send, due, SECONDS) / (time.monotonic() - start)


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
