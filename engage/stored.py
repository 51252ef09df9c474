"""The latest results as they lie in the store."""

from concurrent.futures import ThreadPoolExecutor

from common.inbox import Inbox
from common.ports.bus import Received
from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError
from common.wire.codec import MAX_PAYLOAD
from common.wire.keys import result_key
from common.wire.messages import Result
from common.wire.topics import Topics
from engage.events import ListStored, ReadStored, Stored, StoredListed, StoredResults, StoreFailed
from engage.value import Moment

_PAGE = 1000
_READERS = 8


class StoredReader:
    """`listed` and `results` block; they are called by one thread at a time."""

    def __init__(self, store: ObjectStore, topics: Topics, clock: Clock, forget_after: float) -> None:
        self._store = store
        self._topics = topics
        self._clock = clock
        self._forget_after = forget_after
        self._inbox = Inbox(topics, clock)
        self._readers = ThreadPoolExecutor(_READERS, "engage-read")

    def listed(self, asked: ListStored) -> StoredListed | StoreFailed:
        """Less what is too old to be shown."""
        prefix, oldest = result_key(asked.flow), self._clock.wall() - self._forget_after
        try:
            found = self._store.list(prefix, asked.after, _PAGE)
        except StoreError as error:
            return StoreFailed(asked, str(error))
        fresh = [info for info in found if info.modified >= oldest and info.key.endswith(".json")]
        names = [Stored(i.key.removeprefix(prefix).removesuffix(".json"), i.modified) for i in fresh]
        return StoredListed(asked.flow, tuple(names), found[-1].key if len(found) == _PAGE else None)

    def results(self, asked: ReadStored) -> StoredResults | StoreFailed:
        """What cannot be used is counted and left out; one that does not come fails them all."""
        try:
            payloads = list(self._readers.map(lambda d: self._get(result_key(asked.flow, d)), asked.devices))
        except StoreError as error:
            return StoreFailed(asked, str(error))
        read = zip(asked.devices, payloads, strict=True)
        results = [
            self._result(asked.flow, device, payload) for device, payload in read if payload is not None
        ]
        at = Moment(self._clock.wall(), self._clock.monotonic())
        return StoredResults(asked, tuple(r for r in results if r), at)

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

    def _result(self, flow: str, device: str, payload: bytes) -> Result | None:
        """Checked as if it had come over the bus: a result speaks for the device it is stored under."""
        message = self._inbox.open(Received(self._topics.result(flow, device), payload, retained=True))
        return message if isinstance(message, Result) else None
