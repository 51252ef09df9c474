"""Workers as they are remembered."""

from engage.fleet import Workers
from tests.engage.samples import worker_status

MOST = 1000


def full(left: range) -> Workers:
    """As many as there is room for; some have left, one after the other."""
    workers = Workers()
    for number in range(MOST):
        workers.report(worker_status(f"w{number}"), 1.0)
    for number in left:
        workers.report(worker_status(f"w{number}", "offline"), 1000.0 + number)
    return workers


def test_whoever_left_longest_ago_makes_room() -> None:
    workers = full(range(5, 8))
    workers.report(worker_status("new"), 2000.0)
    assert set(workers.known) == {f"w{n}" for n in range(MOST) if n != 5} | {"new"}


def test_nobody_who_is_online_makes_room() -> None:
    workers = full(range(0))
    workers.report(worker_status("new"), 2000.0)
    assert len(workers.known) == MOST
    assert "new" not in workers.known
