"""Ten times more pictures than the model can see: how old results get, and whether memory stays flat."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
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
MANY, FEW = 4, 8
FEW_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What went in and came out in `seconds`; `ages` of the results, `megabytes` before and after."""

    seconds: float
    sent: int
    ages: list[float]
    megabytes: tuple[float, float]

    def age_ratio(self, devices: int) -> float:
        """The 99th percentile of the age of results over the time of one round."""
        whole_round = devices * self.seconds / len(self.ages)
        return round(quantiles(self.ages, n=100)[98] / whole_round, 2)


def rows() -> Iterator[Row]:
    """`overload.age_ratio`: 99 of 100 results are younger than so many rounds over all devices."""
    rate = TIMES * bare(1)
    one = flood(1, DEVICES, rate, SECONDS)
    before, after = one.megabytes
    analysed = len(one.ages) / one.seconds
    yield Row("overload.sent_per_second", round(one.sent / one.seconds, 1), "1/s", round(analysed, 1))
    yield Row("overload.age_ratio", one.age_ratio(DEVICES), "rounds", 2.0)
    yield Row("overload.memory_mb", round(after, 1), "MB", round(before, 1))
    many = flood(MANY, FEW, rate, FEW_SECONDS)
    yield Row(f"overload.age_ratio.{MANY}_workers_{FEW}_devices", many.age_ratio(FEW), "rounds", 2.0)


def flood(count: int, devices: int, rate: float, seconds: float) -> Flood:
    """So many workers, and devices that send `rate` pictures a second in all."""
    heard: list[tuple[float, float]] = []

    def hear(result: Result) -> None:
        now = time.time()
        heard.append((now, now - result.creation_timestamp))

    with workers(count, hear) as feeder:
        _send(feeder, devices, rate, WARM_UP)
        start, before = time.time(), _megabytes(feeder)
        sent = _send(feeder, devices, rate, seconds)
        spent, after = time.time() - start, _megabytes(feeder)
    return Flood(spent, sent, [age for at, age in heard if at >= start], (before, after))


def _send(feeder: Feeder, devices: int, rate: float, seconds: float) -> int:
    """Pictures of all devices in turn at a steady rate, or as fast as they go; how many were sent."""
    start = time.monotonic()
    sent = 0
    while (now := time.monotonic()) < start + seconds:
        if sent < (now - start) * rate:
            feeder.send(f"cam-{sent % devices}")
            sent += 1
        else:
            time.sleep(0.001)
    return sent


def _megabytes(feeder: Feeder) -> float:
    """The workers' memory, with that of their models."""
    family = [p for pid in feeder.pids for p in (psutil.Process(pid), *psutil.Process(pid).children())]
    return sum(process.memory_info().rss for process in family) / 1e6
