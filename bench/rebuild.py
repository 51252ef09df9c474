"""How long a restarted engage takes until it is ready with 10,000 devices."""

import time
from collections.abc import Iterator

from bench.row import Row
from bench.yard import Yard, fill, yard
from tests.eventually import eventually

DEVICES = 10_000
TARGET_S = 2.0
_RUNS = 3


def rows() -> Iterator[Row]:
    """From the start of the process, interpreter and imports included, to the first 200 of `/readyz`."""
    with yard() as place:
        fill(place, DEVICES)
        fastest = min(_restart(place) for _ in range(_RUNS))
    yield Row("engage.rebuild_10k_s", round(fastest, 2), "s", TARGET_S)


def _restart(place: Yard) -> float:
    place.engage.kill()
    start = time.monotonic()
    place.engage.start()
    eventually(place.engage.rebuilt, within=60, every=0.05)  # each look costs the service 2 ms
    spent = time.monotonic() - start
    found = len(place.engage.devices())
    if found != DEVICES:
        raise RuntimeError(f"ready with {found} devices")
    return spent
