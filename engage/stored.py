"""The latest results and troubles as they lie in the store."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from common.inbox import Inbox
from common.ports.bus import Received
from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError
from common.wire.codec import MAX_PAYLOAD
from common.wire.keys import result_key, trouble_key
from common.wire.messages import Result, Trouble
from common.wire.topics import Topics
from engage.events import (
    ListStored,
    ReadStored,
    ResultReceived,
    Stored,
    StoredListed,
    StoredRead,
    StoreFailed,
    TroubleReceived,
)
from engage.value import Moment

_PAGE = 1000
_READERS = 8
_KEYS = {"result": result_key, "trouble": trouble_key}


class StoredReader:
    """`listed` and `read` block; they are called by one thread at a time."""

    def __init__(self, store: ObjectStore, topics: Topics, clock: Clock, forget_after: float) -> None:
        self._store = store
        self._topics = topics
        self._clock = clock
        self._forget_after = forget_after
        self._inbox = Inbox(topics, clock)
        self._readers = ThreadPoolExecutor(_READERS, "engage-read")

    def listed(self, asked: ListStored) -> StoredListed | StoreFailed:
        """Less what is too old to be shown."""
        prefix, oldest = _KEYS[asked.kind](asked.flow), self._clock.wall() - self._forget_after
        try:
            found = self._store.list(prefix, asked.after, _PAGE)
        except StoreError as error:
            return StoreFailed(asked, str(error))
        fresh = [info for info in found if info.modified >= oldest and info.key.endswith(".json")]
        names = [Stored(i.key.removeprefix(prefix).removesuffix(".json"), i.modified) for i in fresh]
        after = found[-1].key if len(found) == _PAGE else None
        return StoredListed(asked.flow, tuple(names), after, asked.kind)

    def read(self, asked: ReadStored) -> StoredRead | StoreFailed:
        """What cannot be used is counted and left out; one that does not come fails them all."""
        key = partial(_KEYS[asked.kind], asked.flow)
        try:
            payloads = list(self._readers.map(lambda device: self._get(key(device)), asked.devices))
        except StoreError as error:
            return StoreFailed(asked, str(error))
        at = Moment(self._clock.wall(), self._clock.monotonic())
        read = zip(asked.devices, payloads, strict=True)
        heard = (self._heard(asked, device, payload, at) for device, payload in read if payload is not None)
        return StoredRead(asked, tuple(one for one in heard if one))

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _get(self, key: str) -> bytes | None:
        """None where it is gone meanwhile; what no codec takes, where it is too large."""
        try:
            return self._store.get(key, MAX_PAYLOAD)
        except NotFoundError:
            return None
        except TooLargeError:
            return b"\0"

    def _heard(
        self, asked: ReadStored, device: str, payload: bytes, at: Moment
    ) -> ResultReceived | TroubleReceived | None:
        """Checked as if it had come over the bus: it speaks for the device that it is stored under."""
        topic = self._topics.result if asked.kind == "result" else self._topics.trouble
        match self._inbox.open(Received(topic(asked.flow, device), payload, retained=True)):
            case Result() as result:
                return ResultReceived(result, asked.flow, at, live=False)
            case Trouble() as trouble:
                return TroubleReceived(trouble, asked.flow, at, live=False)
            case _:
                return None
