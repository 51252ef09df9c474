"""When a batch is ripe, and what is in it."""

import pytest

from common.wire.messages import MAX_BATCH, Capture
from common.wire.names import ObjectPath
from inference.collect import Announced, Collector, Selection


def announced(device: str, taken_at: float, since: float = 0.0, sequence: int | None = None) -> Announced:
    path = ObjectPath("people-counter-images", f"{device}-{taken_at}")
    return Announced(
        Capture(device_id=device, file_path=path, creation_timestamp=taken_at, sequence=sequence),
        taken_at,
        since,
        since,
    )


def first(_capture: Capture) -> int:
    return 0


def second(_capture: Capture) -> int:
    return 1


def one() -> int:
    return 1


def test_the_latest_of_a_device_supersedes_the_others_even_out_of_order() -> None:
    collector = Collector(max_batch=8, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    for taken_at in (2.0, 3.0, 1.0):
        collector.add(announced("cam", taken_at))
    assert collector.select(0) == Selection(("cam-3.0",), ("cam-2.0", "cam-1.0"))


@pytest.mark.parametrize(
    ("devices", "now", "chosen"),
    [
        pytest.param(1, 0.4, 0, id="not full and not waited long enough"),
        pytest.param(1, 0.5, 1, id="waited long enough"),
        pytest.param(3, 0.0, 2, id="full, and the next batch gets the rest"),
        pytest.param(5, 0.0, 3, id="more than full"),
    ],
)
def test_a_batch_is_ripe_when_full_or_old_enough(devices: int, now: float, chosen: int) -> None:
    collector = Collector(max_batch=3, max_wait=0.5, patience=1, room=2, turn=first, sharers=one)
    for number in range(devices):
        collector.add(announced(f"cam{number}", 1.0))
    selection = collector.select(now)
    assert len(selection.chosen if selection else ()) == chosen
    assert collector.deadline() == 0.5


def test_another_workers_captures_are_left_to_it_for_a_while() -> None:
    collector = Collector(max_batch=1, max_wait=0, patience=2, room=2, turn=second, sharers=one)
    collector.add(announced("cam", 1.0, since=10))
    assert collector.deadline() == 12
    assert collector.select(11.9) is None
    assert collector.select(12) == Selection(("cam-1.0",), ())


def test_the_longest_wait_comes_first() -> None:
    collector = Collector(max_batch=1, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    collector.add(announced("young", 1.0, since=5))
    collector.add(announced("old", 9.0, since=4))
    assert collector.select(5) == Selection(("old-9.0",), ())


def test_removed_and_repeated_captures_do_not_count() -> None:
    collector = Collector(max_batch=1, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    for taken_at in (1.0, 1.0, 2.0):
        collector.add(announced("cam", taken_at))
    assert len(collector) == 2
    collector.remove(["cam-2.0", "unknown"])
    assert collector.select(0) == Selection(("cam-1.0",), ())
    collector.remove(["cam-1.0"])
    assert len(collector) == 0
    assert collector.deadline() is None


def test_a_flood_of_one_device_pushes_out_what_waits_longest_but_not_its_latest() -> None:
    collector = Collector(max_batch=1, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    for taken_at in (99_999, *range(9_999)):
        assert collector.add(announced("cam", float(taken_at))) == []
    assert [key for n in range(2) for key in collector.add(announced("cam", 10_000.0 + n))] == [
        "cam-0.0",
        "cam-1.0",
    ]
    assert len(collector) == 10_000


def test_what_of_a_burst_does_not_fit_into_one_claim_comes_with_the_next() -> None:
    collector = Collector(max_batch=1, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    for taken_at in range(5_000):
        collector.add(announced("cam", float(taken_at)))
    sizes = []
    while (selection := collector.select(0)) is not None:
        keys = [*selection.chosen, *selection.unseen]
        collector.remove(keys)
        sizes.append(len(keys))
    assert sizes == [MAX_BATCH] * 5


@pytest.mark.parametrize(
    ("devices", "workers", "room", "size"),
    [
        (1, 1, 2, 1),
        (7, 1, 2, 4),
        (40, 1, 2, 8),
        (8, 4, 2, 1),
        (9, 4, 2, 2),
        (3, 9, 2, 1),
        (7, 1, 1, 7),
        (9, 1, 3, 3),
    ],
)
def test_the_batches_of_all_workers_together_hold_a_device_once(
    devices: int, workers: int, room: int, size: int
) -> None:
    collector = Collector(max_batch=8, max_wait=0, patience=1, room=room, turn=first, sharers=lambda: workers)
    for number in range(devices):
        collector.add(announced(f"cam{number}", 1.0))
    selection = collector.select(0)
    assert selection is not None
    assert len(selection.chosen) == size


def test_what_is_chosen_and_what_is_superseded_fit_into_one_claim() -> None:
    collector = Collector(max_batch=30, max_wait=0, patience=1, room=2, turn=first, sharers=one)
    for taken_at in range(50):
        for device in range(60):
            collector.add(announced(f"cam-{device}", float(taken_at)))
    selection = collector.select(0)
    assert selection is not None
    assert len(selection.chosen) == 30
    assert len(selection.chosen) + len(selection.unseen) == MAX_BATCH


def test_what_is_left_to_another_goes_by_when_its_time_comes_and_ours_by_how_long_it_waits() -> None:
    def turn(capture: Capture) -> int:
        return int(capture.device_id.startswith("theirs"))

    collector = Collector(max_batch=1, max_wait=0, patience=2, room=2, turn=turn, sharers=one)
    for device, since in (("theirs-1", 9.0), ("ours-1", 11.5), ("theirs-2", 10.5), ("ours-2", 11.0)):
        collector.add(announced(device, 1.0, since))
    order: list[str] = []
    for now in (11.0, 11.5, 12.0, 12.5):
        selection = collector.select(now)
        assert selection is not None
        order += selection.chosen
        collector.remove(selection.chosen)
    assert order == ["theirs-1-1.0", "ours-2-1.0", "ours-1-1.0", "theirs-2-1.0"]


def test_memory_is_bounded_over_all_devices() -> None:
    collector = Collector(max_batch=8, max_wait=0, patience=1, room=2, turn=first, sharers=one, memory=3)
    pushed = [key for n in range(5) for key in collector.add(announced(f"cam-{n}", 1.0))]
    assert pushed == ["cam-0-1.0", "cam-1-1.0"]
    assert len(collector) == 3
