"""Which workers listen to which devices, once not all read all. Pure.

Devices hash to shards, and the two live workers of a shard's lowest hashes listen to it (rendezvous hashing,
Thaler and Ravishankar 1998): with one worker more or less only its own shards change hands. Sets of shards
are the bits of an integer, so that ALL, which is what a worker hears that listens to everything, is -1.
"""

from collections.abc import Collection
from functools import lru_cache
from hashlib import blake2s
from heapq import nsmallest

SHARDS = 256
LISTENERS = 2
ALL = -1
NONE = 0

Listeners = tuple[tuple[str, ...], ...]
"""By shard, the workers that are to listen to it."""


def shard(device: str) -> int:
    return blake2s(device.encode(), digest_size=1).digest()[0]


def listeners(workers: Collection[str]) -> Listeners:
    ranked = [(_ranks(worker), worker) for worker in workers]
    return tuple(
        tuple(worker for _, worker in nsmallest(LISTENERS, ((ranks[n], worker) for ranks, worker in ranked)))
        for n in range(SHARDS)
    )


def parts(shared: Listeners) -> dict[str, int]:
    """The shards of each worker."""
    found: dict[str, int] = {}
    for number, workers in enumerate(shared):
        for worker in workers:
            found[worker] = found.get(worker, NONE) | 1 << number
    return found


@lru_cache(1000)
def _ranks(worker: str) -> tuple[bytes, ...]:
    return tuple(blake2s(f"{n}/{worker}".encode(), digest_size=8).digest() for n in range(SHARDS))


def has(shards: int, number: int) -> bool:
    return bool(shards >> number & 1)


def encode(shards: int) -> str | None:
    """As a worker's status has it; None is ALL."""
    return None if shards == ALL else f"{shards:064x}"


def decode(text: str | None) -> int:
    """What cannot be read is NONE: nobody leaves a shard to a listener that is not sure."""
    if text is None:
        return ALL
    try:
        bits = bytes.fromhex(text)
    except ValueError:
        return NONE
    return int.from_bytes(bits, "big") if len(bits) == SHARDS // 8 else NONE
