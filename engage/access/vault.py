"""Records in the object store, through a memory.

What is remembered is believed as long as `access/epoch.json` is what it was: whoever changes a record that
others may remember writes a new one afterwards. So each replica asks the store one thing every few seconds,
however many people are signed in, and a change reaches all within that time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, cast

import structlog
from pydantic import ValidationError

from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError
from engage.access.records import MAX_BYTES, REMEMBERED, Epoch, R, Record, Session, folder, key
from engage.access.secret import new_id

log = structlog.get_logger(__name__)
T = TypeVar("T")

FRESH = 3.0
"""Seconds between two looks at the epoch."""

OLDEST = 60.0
"""Seconds for which a record is believed, should whoever changed it have died before writing the epoch."""

GRACE = 900.0
"""Seconds for which what is remembered goes on while the store is away."""

_REST = 2.0
"""Seconds between two tries of a store that is away."""

_PATIENCE = 4.0
_READERS = 8
_MOST_KEPT = 20_000
_PAGE = 1000
_EPOCH = "epoch"


class VaultAwayError(Exception):
    """The store does not answer, and what was asked for is not in memory."""


@dataclass(frozen=True, slots=True)
class _Kept:
    record: Record | None
    at: float


class Vault:
    """Called by many threads, without a lock: every step is one operation on a dict."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._coming: dict[str, Future[_Kept]] = {}
        self._epoch: Record | None = None
        self._looked_at = self._changed_at = float("-inf")
        self._failed_at: float | None = None
        self._pool = ThreadPoolExecutor(_READERS, "engage-vault")

    def get(self, model: type[R], name: str) -> R | None:
        """As it was a few seconds ago, or before the store went away; VaultAwayError."""
        path, now = key(model, name), self._clock.monotonic()
        kept = self._kept.get(path)
        if now - self._looked_at >= FRESH:
            self._look(now)
        if kept and self._believed(kept, now):
            return cast("R | None", kept.record)
        if self._failed_at is not None and now - self._failed_at < _REST:
            raise VaultAwayError("the store was away a moment ago")
        return cast("R | None", self._read(model, path).record)

    def _look(self, now: float) -> None:
        """Nobody waits for a store that was away a moment ago."""
        if self._failed_at is None:
            try:
                self._read(Epoch, key(Epoch, _EPOCH))
            except VaultAwayError as error:
                log.warning("the store is away; who is signed in stays so for a while", reason=str(error))
        elif now - self._failed_at >= _REST:
            self._flight(Epoch, key(Epoch, _EPOCH))

    def _believed(self, kept: _Kept, now: float) -> bool:
        if kept.at < self._changed_at:
            return False
        if self._failed_at is not None and kept.record is not None:
            return now - max(self._looked_at, kept.at) < GRACE
        return now - kept.at < OLDEST

    def get_now(self, model: type[R], name: str) -> R | None:
        """As it lies in the store; VaultAwayError."""
        flight = self._pool.submit(self._fetch, model, key(model, name))
        return cast("R | None", self._ask(lambda: flight.result(_PATIENCE)).record)

    def put(self, record: Record, name: str) -> None:
        path = key(type(record), name)
        self._ask(lambda: self._store.put(path, record.model_dump_json().encode(), "application/json"))
        if not isinstance(record, Session):  # it is new, and nobody remembers one
            self._changed(type(record))
        self._keep(path, _Kept(record, self._clock.monotonic()))

    def delete(self, model: type[Record], *names: str) -> None:
        paths = [key(model, name) for name in names]
        self._ask(lambda: self._store.delete(paths))
        self._changed(model)
        for path in paths:
            self._keep(path, _Kept(None, self._clock.monotonic()))

    def _changed(self, model: type[Record]) -> None:
        """Tell the replicas, ourselves too: to pass over our own epoch would hide those of others."""
        if model not in REMEMBERED:
            return
        data = Epoch(id=new_id()).model_dump_json().encode()
        self._ask(lambda: self._store.put(key(Epoch, _EPOCH), data, "application/json"))
        self._changed_at = self._clock.monotonic()

    def names(self, model: type[Record], starting: str = "") -> Iterator[str]:
        """All there are, in the order of their names."""
        under, after = folder(model), ""
        while True:
            last = after
            found = self._ask(lambda: self._store.list(under + starting, last, _PAGE))  # noqa: B023
            yield from (
                info.key.removeprefix(under).removesuffix(".json")
                for info in found
                if info.key.endswith(".json")
            )
            if len(found) < _PAGE:
                return
            after = found[-1].key

    def all(self, model: type[R], names: list[str] | None = None) -> dict[str, R]:
        """As they lie in the store, without those that are gone meanwhile."""
        wanted = list(self.names(model)) if names is None else names
        paths = [key(model, name) for name in wanted]
        found = self._ask(lambda: list(self._pool.map(lambda path: self._fetch(model, path), paths)))
        return {
            name: cast(R, kept.record)
            for name, kept in zip(wanted, found, strict=True)
            if kept.record is not None
        }

    def delete_older(self, model: type[Record], moment: float) -> None:
        """Those that were last written before it, by the store's clock."""
        under, after = folder(model), ""
        while True:
            last = after
            page = self._ask(lambda: self._store.list(under, last, _PAGE))  # noqa: B023
            old = [info.key for info in page if info.modified < moment]
            self._ask(lambda: self._store.delete(old))  # noqa: B023
            if len(page) < _PAGE:
                return
            after = page[-1].key

    def aside(self, work: Callable[[], None]) -> None:
        """Nobody waits for it; it sees to its own errors."""
        self._pool.submit(work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, model: type[Record], path: str) -> _Kept:
        flight = self._flight(model, path)
        return self._ask(lambda: flight.result(_PATIENCE))

    def _flight(self, model: type[Record], path: str) -> "Future[_Kept]":
        """Whoever comes while the record is on its way waits for the same one."""
        if (coming := self._coming.get(path)) is None:
            coming = self._coming[path] = self._pool.submit(self._fetch, model, path)
            coming.add_done_callback(lambda _: self._coming.pop(path, None))
        return coming

    def _fetch(self, model: type[Record], path: str) -> _Kept:
        asked = self._clock.monotonic()
        try:
            kept = _Kept(model.model_validate_json(self._store.get(path, MAX_BYTES)), asked)
        except NotFoundError:
            kept = _Kept(None, asked)
        except (ValidationError, TooLargeError):
            log.exception("a record cannot be read; it counts as not there", key=path)
            kept = _Kept(None, asked)
        except StoreError:
            self._failed_at = self._clock.monotonic()
            raise
        self._failed_at = None
        if model is Epoch:
            self._looked(kept)
        else:
            self._keep(path, kept)
        return kept

    def _looked(self, epoch: _Kept) -> None:
        if epoch.record != self._epoch:
            self._epoch, self._changed_at = epoch.record, self._clock.monotonic()
        self._looked_at = epoch.at

    def _ask(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (StoreError, TimeoutError) as error:
            self._failed_at = self._clock.monotonic()
            raise VaultAwayError(str(error) or "the store does not answer") from error

    def _keep(self, path: str, kept: _Kept) -> None:
        """Put it last; the ones that were read least recently go first."""
        old = self._kept.pop(path, kept)
        self._kept[path] = old if old.at > kept.at else kept
        if len(self._kept) > _MOST_KEPT:
            for oldest in list(self._kept)[: _MOST_KEPT // 10]:
                self._kept.pop(oldest, None)
