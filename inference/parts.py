"""What a worker says of many captures, in messages small enough for every broker. Pure."""

from collections.abc import Iterator

from common.wire.messages import Claim, Finished, Renewal

_BYTES = 4000
"""Brokers in use take 8 kB and more; what is over their limit is not heard, or ends the session."""

_ROOM = 10
"""Bytes beside a key: its term and what JSON needs."""


def parts(message: Claim | Renewal | Finished) -> Iterator[Claim | Renewal | Finished]:
    """The message, or several that say the same in the same order."""
    start = size = 0
    for index, key in enumerate(_keys(message)):
        length = len(key.encode()) + _ROOM
        if index > start and size + length > _BYTES:
            yield _part(message, start, index)
            start, size = index, 0
        size += length
    yield _part(message, start, len(message.captures)) if start else message


def _part(message: Claim | Renewal | Finished, start: int, end: int) -> Claim | Renewal | Finished:
    update: dict[str, object] = {"captures": message.captures[start:end]}
    if isinstance(message, Finished):
        update["answered"] = min(max(0, message.answered - start), end - start)
        update["missing"] = max(0, end - max(start, len(message.done)))
    return message.model_copy(update=update)


def _keys(message: Claim | Renewal | Finished) -> tuple[str, ...]:
    return message.captures if isinstance(message, Finished) else tuple(key for key, _ in message.captures)
