"""What ownership costs: real workers with a model that costs nothing, on one broker and on a bridged pair.

The decision is measured by the workers themselves, from the end of the settle time, at a steady rate; double
work and messages at full load. The speed of a core alone is that of decoding announcements and handling them,
with seven other workers that own most of the captures; not counted is the MQTT client, whose cost for each
message is the same for all.
"""

import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from bench.row import Row
from common.wire.codec import decode, encode
from common.wire.keys import capture_key
from common.wire.messages import Capture, Claim, Finished, Model, WorkerStatus
from common.wire.names import ObjectPath
from common.wire.topics import Topics
from inference.events import Online, Peer, Said, Seen, Swept, Tick
from inference.identity import Identity
from inference.shards import listeners, shard
from inference.worker import Worker
from tests.chaos.scene import scene
from tests.eventually import eventually

WORKERS = 4
WARM_UP, STEADY, STEADY_RATE = 150, 750, 30.0
"""Captures, the first of which the workers still start with, and captures a second."""
CAPTURES = 1500
ANNOUNCEMENTS = 20_000
RATE = 5000
BATCH = 8


def rows() -> Iterator[Row]:
    """References: the targets; on a broker that orders no work is to be done twice."""
    yield Row("ownership.announcements_per_second", round(parsed()), "1/s of one core", RATE)
    yield from shared()
    for kind, name, target in (("mosquitto", "mosquitto", None), ("bridged", "unordered", 0.01)):
        with tempfile.TemporaryDirectory() as folder, scene(kind, Path(folder), WORKERS, lease=6) as stage:
            audience = stage.audience
            audience.send(range(WARM_UP), STEADY_RATE)
            first = decided(stage.fleet.metrics.values())
            audience.send(range(WARM_UP, STEADY), STEADY_RATE)
            late = quantile(decided(stage.fleet.metrics.values()) - first, 0.99)
            audience.send(range(STEADY, STEADY + CAPTURES))
            eventually(lambda: not audience.books.missing() and not audience.left(), within=60)  # noqa: B023 -- at once
        if kind == "mosquitto":
            yield Row("ownership.decision.p99_ms", round(late * 1e3, 2), "ms over the settle time", 10)
            yield Row("ownership.messages_per_batch", round(audience.books.messages_per_batch, 2), "", 4)
        yield Row(
            f"ownership.double_work.{name}", round(audience.books.double_work, 5), "of captures", target
        )


def decided(ports: Iterable[int]) -> Counter[float]:
    """Of all workers' histograms together: how many claims were decided within so many seconds."""
    buckets: Counter[float] = Counter()
    for port in ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        for family in families:
            for sample in family.samples:
                if sample.name == "headway_claim_decision_seconds_bucket":
                    buckets[float(sample.labels["le"])] += int(sample.value)
    return buckets


def quantile(buckets: Counter[float], part: float) -> float:
    """Between two bounds, as if evenly spread."""
    if not (wanted := max(buckets.values(), default=0) * part):
        raise RuntimeError("no claim was decided")
    for (low, below), (high, upto) in pairwise([(0.0, 0), *sorted(buckets.items())]):
        if upto >= wanted:
            return low if high == float("inf") else low + (high - low) * (wanted - below) / (upto - below)
    raise RuntimeError("no claim was decided")


def parsed() -> float:
    """Announcements a second: from bytes to the core's state, and the claims of those that take them."""
    topics, worker = Topics(), _among_eight()
    payloads = [encode(_announced(n)) for n in range(ANNOUNCEMENTS)]
    start = time.process_time()
    keys: list[str] = []
    for n, payload in enumerate(payloads):
        now = 1 + n / RATE
        capture = decode(topics, topics.image(f"cam-{n % 1000}"), payload)
        if isinstance(capture, Capture):
            worker.handle(Seen(capture, now), now)
            keys.append(capture.file_path.key)
        if (due := worker.deadline()) is not None and due <= now:
            worker.handle(Tick(), now)
        if len(keys) == BATCH:
            _taken(topics, worker, keys, now)
            keys = []
    return ANNOUNCEMENTS / (time.process_time() - start)


def shared() -> Iterator[Row]:
    """With so many workers at RATE: the announcements a second that the one with the largest part hears, and
    the part of a core that decoding and handling them takes, with what it hears of all claims.
    """
    speed = parsed()
    devices = [shard(f"cam-{n}") for n in range(RATE)]
    unheard = claimed()
    for workers in (4, 8, 16, 64):
        of_shard = listeners([f"host-{n}" for n in range(workers)])
        parts = Counter(worker for number in devices for worker in of_shard[number])
        heard = max(parts.values())
        yield Row(f"ownership.shared.{workers}_workers.heard", heard, "1/s of one worker", RATE)
        cpu = heard / speed + (RATE - heard) * unheard
        yield Row(f"ownership.shared.{workers}_workers.cpu", round(cpu, 3), "of a core", 1.0)
    yield Row("ownership.unheard_claim_us", round(unheard * 1e6, 1), "us of a core a capture")


def claimed() -> float:
    """Seconds that a capture costs a worker which hears of it only when others claim and finish it."""
    topics, worker = Topics(), _among_eight()
    keys = [_announced(n).file_path.key for n in range(ANNOUNCEMENTS)]
    start = time.process_time()
    for n in range(0, ANNOUNCEMENTS, BATCH):
        _taken(topics, worker, keys[n : n + BATCH], 1 + n / RATE)
    return (time.process_time() - start) / ANNOUNCEMENTS


def _taken(topics: Topics, worker: Worker, keys: list[str], now: float) -> None:
    claim = Claim(worker="w1", captures=tuple((key, 0) for key in keys))
    for message in (claim, Finished(worker="w1", captures=tuple(keys), answered=len(keys))):
        heard = decode(topics, topics.claim("production", "0"), encode(message))
        if isinstance(heard, Claim | Finished):
            worker.handle(Said(heard), now)
            worker.deadline()


def _announced(number: int) -> Capture:
    device, taken_at = f"cam-{number % 1000}", 1.7e9 + number / RATE
    path = ObjectPath("people-counter-images", capture_key(device, taken_at, UUID(int=number).hex))
    return Capture(device_id=device, file_path=path, creation_timestamp=taken_at, sequence=number, interval=1)


def _among_eight() -> Worker:
    worker = Worker(Identity("w0", "s", "production", "bucket", Model(name="m", digest="d"), "light"))
    worker.handle(Online(), 0)
    for number in range(1, 8):
        status = WorkerStatus(worker=f"w{number}", state="online", session="s", flow="production")
        worker.handle(Peer(status), 0)
    worker.handle(Tick(), 0.5)
    worker.handle(Swept((), None), 0.5)
    return worker
