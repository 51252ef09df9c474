"""Captures a second through MQTT, S3 and ownership, against the bare model on the same pictures.

A fixed number of captures is under way, a new one for each result, so that the workers never starve and
nothing is superseded. The bare loops run before and after, one process for each worker, and their mean
counts.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from statistics import mean

from bench.row import Row
from bench.workers import workers

SECONDS = 25.0
WARM_UP = 5.0
DEVICES = 12
TARGETS = {1: 0.90, 2: 0.85}


def rows() -> Iterator[Row]:
    """`pipeline.efficiency.N_worker(s)`: the share of the bare model's speed; the reference is the target."""
    for count, target in TARGETS.items():
        before = bare(count)
        whole = through(count)
        limit = mean((before, bare(count)))
        name = f"{count}_worker{'s' if count > 1 else ''}"
        yield Row(f"pipeline.captures_per_second.{name}", round(whole, 2), "1/s", round(limit, 2))
        yield Row(f"pipeline.efficiency.{name}", round(whole / limit, 3), "of the bare model", target)


def bare(processes: int) -> float:
    """Pictures a second of as many bare loops side by side."""
    command = [sys.executable, "-m", "bench.bare", str(SECONDS / 2)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(process.communicate()[0]) for process in running)


def through(count: int) -> float:
    """Results a second with as many workers, after a warm-up."""
    due: SimpleQueue[str] = SimpleQueue()
    with workers(count, lambda result: due.put(result.device_id)) as feeder:
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
