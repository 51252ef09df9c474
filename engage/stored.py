"""The latest results as they lie in the store, a page at a time."""

from concurrent.futures import ThreadPoolExecutor

from common.inbox import Inbox
from common.ports.bus import Received
from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectInfo, ObjectStore, StoreError, TooLargeError
from common.wire.codec import MAX_PAYLOAD
from common.wire.keys import result_key
from common.wire.messages import Result
from common.wire.topics import Topics
from engage.events import StoredResults, StoreFailed
from engage.value import Moment

_PAGE = 1000
_READERS = 8


class StoredReader:
    """`page` blocks; it is called by one thread at a time."""

    def __init__(self, store: ObjectStore, topics: Topics, clock: Clock, forget_after: float) -> None:
        self._store = store
        self._topics = topics
        self._clock = clock
        self._forget_after = forget_after
        self._inbox = Inbox(topics, clock)
        self._readers = ThreadPoolExecutor(_READERS, "engage-read")

    def page(self, flow: str, after: str) -> StoredResults | StoreFailed:
        """What cannot be used is counted and left out; one that does not come fails the page."""
        oldest = self._clock.wall() - self._forget_after
        try:
            found = self._store.list(result_key(flow), after, _PAGE)
            fresh = [info for info in found if info.modified >= oldest and info.key.endswith(".json")]
            payloads = list(self._readers.map(self._get, fresh))
        except StoreError as error:
            return StoreFailed(flow, after, str(error))
        read = zip(fresh, payloads, strict=True)
        results = [self._result(flow, info.key, payload) for info, payload in read if payload is not None]
        now = self._clock.wall()
        more = found[-1].key if len(found) == _PAGE else None
        return StoredResults(flow, tuple(r for r in results if r), more, Moment(now, self._clock.monotonic()))

    def close(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _get(self, info: ObjectInfo) -> bytes | None:
        """None where it is gone meanwhile; what no codec takes where it is too large."""
        try:
            return self._store.get(info.key, MAX_PAYLOAD)
        except NotFoundError:
            return None
        except TooLargeError:
            return b"too large"

    def _result(self, flow: str, key: str, payload: bytes) -> Result | None:
        """Checked as if it had come over the bus: a result speaks for the device it is stored under."""
        device = key.removeprefix(result_key(flow)).removesuffix(".json")
        message = self._inbox.open(Received(self._topics.result(flow, device), payload, retained=True))
        return message if isinstance(message, Result) else None
