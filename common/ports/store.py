"""Objects by key in one bucket."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

_PAGE = 1000


class StoreError(Exception):
    """The store did not do it. `transient`: the same call may succeed later."""

    def __init__(self, message: str, *, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


class NotFoundError(StoreError):
    """There is no object under that key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key}", transient=False)


class TooLargeError(StoreError):
    """The object is larger than the caller allows."""

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(f"{key} is over {limit} bytes", transient=False)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    key: str
    size: int
    modified: float
    """Unix seconds, by the store's clock."""
    age: float
    """Seconds since then, by the same clock, to a second or so; negative where that was set back."""


class ObjectStore(Protocol):
    """Every call may raise StoreError; a call blocks for at most the adapter's time-out."""

    @property
    def bucket(self) -> str: ...

    def ensure_bucket(self) -> None: ...

    def put(self, key: str, data: bytes, content_type: str = "image/jpeg") -> None:
        """Write or overwrite."""

    def get(self, key: str, limit: int) -> bytes:
        """NotFoundError; TooLargeError when the object has more than `limit` bytes."""

    def delete(self, keys: Iterable[str]) -> None:
        """Bulk; a key that is not there is no error."""

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[ObjectInfo]:
        """One page of what lies behind `after`; from page to page with the last key, nothing is missed.

        Within one folder in the order of keys; the order of folders is the store's (SeaweedFS has `a` before
        `a-b`, others the reverse), so never compare keys of different folders to tell what was seen.
        """


def keys_under(store: ObjectStore, prefix: str) -> Iterator[str]:
    """All of them, page by page; StoreError."""
    page = store.list(prefix, "", _PAGE)
    yield from (info.key for info in page)
    while len(page) == _PAGE:
        page = store.list(prefix, page[-1].key, _PAGE)
        yield from (info.key for info in page)
