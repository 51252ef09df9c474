"""Records in the store: how long they are believed, and what happens when it is away."""

from collections.abc import Iterator

import pytest

from common.adapters.memory import MemoryStore
from common.ports.clock import ManualClock
from engage.access.records import Credential, Epoch, User, key
from engage.access.roles import Role
from engage.access.vault import FRESH, GRACE, OLDEST, Vault, VaultAwayError
from tests.eventually import eventually


class Counting(MemoryStore):
    reads = 0

    def get(self, key: str, limit: int) -> bytes:
        self.reads += 1
        return super().get(key, limit)


class Two:
    """Two replicas at one store."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Counting(clock=self.clock)
        self.here, self.there = Vault(self.store, self.clock), Vault(self.store, self.clock)

    def role(self, vault: Vault) -> Role | None:
        user = vault.get(User, "ann")
        return user.role if user else None

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def close(self) -> None:
        self.here.close()
        self.there.close()


def ann(role: Role = Role.VIEWER) -> User:
    return User(name="ann", uid="u1", role=role, created=0, by="test")


@pytest.fixture
def two() -> Iterator[Two]:
    made = Two()
    made.here.put(ann(), "ann")
    made.role(made.there)
    made.wait(1)
    yield made
    made.close()


def test_what_was_changed_elsewhere_is_seen_within_seconds(two: Two) -> None:
    two.here.put(ann(Role.ADMIN), "ann")
    assert two.role(two.here) == Role.ADMIN
    two.wait(FRESH)
    assert two.role(two.there) == Role.ADMIN
    two.there.delete(User, "ann")
    two.wait(FRESH)
    assert two.role(two.here) is None


def test_both_may_change_something_between_two_looks(two: Two) -> None:
    two.here.put(ann(Role.ADMIN), "ann")
    two.there.put(Credential(name="ann", generation="g1", changed=0), "u1")
    two.wait(FRESH)
    assert two.role(two.there) == Role.ADMIN
    found = two.here.get(Credential, "u1")
    assert found
    assert found.generation == "g1"


def test_one_read_every_few_seconds_however_much_is_remembered(two: Two) -> None:
    for n in range(100):
        two.here.put(ann().model_copy(update={"name": f"user{n}"}), f"user{n}")
    two.wait(FRESH)
    for n in range(100):
        two.there.get(User, f"user{n}")
    before = two.store.reads
    for _ in range(5):
        two.wait(FRESH)
        for n in range(100):
            two.there.get(User, f"user{n}")
    assert two.store.reads - before == 5


def test_a_change_without_its_epoch_is_seen_in_a_minute(two: Two) -> None:
    record = ann(Role.ADMIN)
    two.store.put(key(User, "ann"), record.model_dump_json().encode())
    two.wait(FRESH)
    assert two.role(two.there) == Role.VIEWER
    two.wait(OLDEST)
    assert two.role(two.there) == Role.ADMIN


def test_while_the_store_is_away_what_is_remembered_goes_on_for_a_bounded_time(two: Two) -> None:
    two.store.down = True
    for _ in range(14):
        two.wait(60)
        assert two.role(two.there) == Role.VIEWER
    with pytest.raises(VaultAwayError):
        two.there.get(User, "bob")
    with pytest.raises(VaultAwayError):
        two.there.get_now(User, "ann")
    two.wait(GRACE)
    with pytest.raises(VaultAwayError):
        two.there.get(User, "ann")


def test_once_it_is_back_it_counts_again(two: Two) -> None:
    two.store.down = True
    two.wait(FRESH)
    assert two.role(two.there) == Role.VIEWER
    two.store.down = False
    two.store.delete([key(User, "ann")])
    two.store.put(key(Epoch, "epoch"), b'{"id": "another"}')
    two.wait(FRESH)
    eventually(lambda: two.role(two.there) is None)


def test_what_is_known_to_be_outdated_is_not_believed_even_then(two: Two) -> None:
    two.here.put(ann(Role.ADMIN), "ann")
    two.wait(FRESH)
    two.there.get(User, "nobody")
    two.there.get_now(Epoch, "epoch")
    two.store.down = True
    with pytest.raises(VaultAwayError):
        two.there.get(User, "ann")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"name": "../x"}', b"x" * 20_000])
def test_a_damaged_record_is_nobody(two: Two, data: bytes) -> None:
    two.store.put(key(User, "eve"), data)
    assert two.here.get(User, "eve") is None
    assert two.role(two.here) == Role.VIEWER


def test_names_come_in_pages_without_a_gap(two: Two) -> None:
    names = [f"user{n:05}" for n in range(1234)]
    for name in names:
        two.store.put(key(User, name), b"{}")
    assert list(two.here.names(User)) == ["ann", *names]
