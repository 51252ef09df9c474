"""Ten times more pictures than the model can see: how old results get, and whether memory stays flat."""

import time
from collections.abc import Iterator
from statistics import quantiles

import psutil

from bench.pipeline import bare
from bench.row import Row
from bench.workers import Feeder, workers
from common.wire.messages import Result

DEVICES = 40
TIMES = 10
WARM_UP = 10.0
SECONDS = 40.0


def rows() -> Iterator[Row]:
    """`overload.age_ratio`: the 99th percentile of the age of results over the time of one round."""
    rate = TIMES * bare(1)
    heard: list[tuple[float, float]] = []

    def hear(result: Result) -> None:
        now = time.time()
        heard.append((now, now - result.creation_timestamp))

    with workers(1, hear) as feeder:
        _flood(feeder, rate, WARM_UP)
        start, before = time.time(), _megabytes(feeder)
        sent = _flood(feeder, rate, SECONDS)
        spent, after = time.time() - start, _megabytes(feeder)
    ages = [age for at, age in heard if at >= start]
    whole_round = DEVICES * spent / len(ages)
    yield Row("overload.sent_per_second", round(sent / spent, 1), "1/s", round(len(ages) / spent, 1))
    yield Row("overload.age_ratio", round(quantiles(ages, n=100)[98] / whole_round, 2), "rounds", 2.0)
    yield Row("overload.memory_mb", round(after, 1), "MB", round(before, 1))


def _flood(feeder: Feeder, rate: float, seconds: float) -> int:
    """Pictures of all devices in turn at a steady rate, or as fast as they go; how many were sent."""
    start = time.monotonic()
    sent = 0
    while (now := time.monotonic()) < start + seconds:
        if sent < (now - start) * rate:
            feeder.send(f"cam-{sent % DEVICES}")
            sent += 1
        else:
            time.sleep(0.001)
    return sent


def _megabytes(feeder: Feeder) -> float:
    """The workers' memory, with that of their models."""
    family = [p for pid in feeder.pids for p in (psutil.Process(pid), *psutil.Process(pid).children())]
    return sum(process.memory_info().rss for process in family) / 1e6
