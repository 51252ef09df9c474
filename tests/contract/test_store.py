"""What every ObjectStore does, in memory and on SeaweedFS over S3."""

from collections.abc import Callable, Iterator
from time import time

import pytest

from common.adapters.memory import MemoryStore
from common.adapters.s3 import S3Store
from common.ports.store import NotFoundError, ObjectStore, StoreError, TooLargeError, keys_under
from tests.eventually import PATIENCE

ODD = [
    "a b.jpg",
    "a+b=c@d:e,f.jpg",
    "ü/日本.jpg",
    "%2e%2e.jpg",
    "a&b<c>'\".jpg",
    "x" * 200,
    "...",
    "a/" * 40 + "b",
]


@pytest.fixture(params=["memory", "weed"])
def store(request: pytest.FixtureRequest, bucket: str) -> Iterator[ObjectStore]:
    """An empty bucket."""
    if request.param == "memory":
        yield MemoryStore(bucket)
        return
    made = S3Store(request.getfixturevalue("weed").settings(bucket=bucket))
    made.ensure_bucket()
    yield made
    made.close()


def keys(store: ObjectStore, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
    return [found.key for found in store.list(prefix, after, limit)]


def test_gives_back_what_was_put(store: ObjectStore) -> None:
    data = bytes(range(256)) * 1000
    store.put("a/b.jpg", data)
    assert store.get("a/b.jpg", limit=len(data)) == data


def test_the_latest_put_wins(store: ObjectStore) -> None:
    store.put("a.json", b"old and longer", "application/json")
    store.put("a.json", b"new", "application/json")
    assert store.get("a.json", limit=100) == b"new"
    assert [(o.key, o.size) for o in store.list("")] == [("a.json", 3)]


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    store.put("empty", b"")
    assert store.get("empty", limit=0) == b""


def test_what_is_not_there_is_said(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError) as caught:
        store.get("a/missing.jpg", limit=10)
    assert (caught.value.transient, "a/missing.jpg" in str(caught.value)) == (False, True)


@pytest.mark.parametrize("size", [10, 100_000, 1_000_000])
def test_the_limit_is_exact(store: ObjectStore, size: int) -> None:
    store.put("a", b"x" * size)
    assert len(store.get("a", limit=size)) == size
    with pytest.raises(TooLargeError) as caught:
        store.get("a", limit=size - 1)
    assert not caught.value.transient
    assert len(store.get("a", limit=size)) == size


def test_deletes_in_bulk_and_forgives_what_is_missing(store: ObjectStore) -> None:
    for i in range(40):
        store.put(f"a/{i:04}", b"x")
    store.put("b", b"x")
    store.delete(f"a/{i:04}" for i in range(1500))
    store.delete(["a/0000", "never/there"])
    store.delete([])
    assert keys(store) == ["b"]


def test_lists_in_order_page_by_page(store: ObjectStore) -> None:
    names = [f"p/{i:03}" for i in range(25)]
    for name in [*reversed(names), "o/before", "q/behind", "p"]:
        store.put(name, b"x")
    pages, after = [], ""
    while page := keys(store, "p/", after, limit=10):
        pages.append(page)
        after = page[-1]
    assert pages == [names[:10], names[10:20], names[20:]]
    assert keys(store, "p/", after="p/0115") == names[12:]
    assert keys(store, "nothing/") == []


@pytest.mark.parametrize("limit", [1, 3, 7, 1000])
def test_pages_miss_nothing_whatever_the_order_of_folders(store: ObjectStore, limit: int) -> None:
    names = {f"p/{d}/{i}" for d in ("cam", "cam-2", "cam.3", "cam0", "Cam", "x:1", "x_1") for i in range(3)}
    for name in names:
        store.put(name, b"x")
    seen, after = [], ""
    while page := keys(store, "p/", after, limit):
        seen += page
        after = page[-1]
    assert len(seen) == len(names)
    assert set(seen) == names


def test_lists_more_than_one_answer_of_the_server(store: ObjectStore) -> None:
    names = [f"{i:04}" for i in range(1100)]
    for name in names:
        store.put(name, b"")
    assert keys(store, limit=2000) == names
    store.delete(names)
    assert keys(store) == []


def test_says_size_and_time(store: ObjectStore) -> None:
    store.put("a", b"12345")
    (found,) = store.list("a")
    assert found.size == 5
    assert abs(found.modified - time()) < PATIENCE
    assert -2 < found.age < PATIENCE


@pytest.mark.parametrize("key", ODD)
def test_odd_keys_are_keys(store: ObjectStore, key: str) -> None:
    store.put(key, b"x")
    assert store.get(key, limit=1) == b"x"
    assert keys(store) == [key]
    store.delete([key])
    with pytest.raises(NotFoundError):
        store.get(key, limit=1)


def test_its_bucket_may_be_ensured_again(store: ObjectStore) -> None:
    store.put("a", b"x")
    store.ensure_bucket()
    assert keys(store) == ["a"]


def test_an_outage_may_pass(store: ObjectStore, request: pytest.FixtureRequest) -> None:
    store.put("a", b"x")
    if isinstance(store, MemoryStore):
        store.down = True
    else:
        request.getfixturevalue("weed").kill()
    calls: list[Callable[[], object]] = [
        store.ensure_bucket,
        lambda: store.put("b", b"x"),
        lambda: store.get("a", 1),
        lambda: store.delete(["a"]),
        lambda: store.list(""),
    ]
    for call in calls:
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.transient
    if isinstance(store, MemoryStore):
        store.down = False
    else:
        request.getfixturevalue("weed").start()
    assert store.get("a", limit=1) == b"x"


def test_finds_all_keys_under_a_prefix(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.ports.store._PAGE", 4)
    for count in (0, 3, 4, 5, 8):
        names = [f"p{count}-{i}" for i in range(count)]
        for name in names:
            store.put(name, b"x")
        assert list(keys_under(store, f"p{count}-")) == names
