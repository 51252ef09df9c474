"""Which batch size is chosen, and that it is measured once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from inference.batch_size import LONGEST, SIZES, choose, tune
from inference.detector import Detection, Picture
from inference.onnx_session import RunError


@pytest.mark.parametrize(
    ("seconds", "best", "measured"),
    [
        ({1: 0.05, 2: 0.1}, 1, 2),  # a processor: the same for each picture
        ({1: 0.05, 2: 0.096}, 1, 2),  # 4 % are no gain
        ({1: 0.05, 2: 0.095, 4: 0.2}, 2, 3),
        ({1: 0.004, 2: 0.005, 4: 0.007, 8: 0.012, 16: 0.0235, 32: 0.047}, 8, 5),
        ({1: 0.01, 2: 0.01, 4: 0.01, 8: 0.01, 16: 0.01, 32: 0.01}, 32, 6),
        ({1: 0.01, 2: 0.012, 4: None}, 2, 3),  # the memory is full
        ({1: None}, 1, 1),
        ({1: 3.0}, 1, 1),  # a slow one: larger batches would only come later
        ({1: 0.9, 2: 1.1}, 1, 2),
        ({1: 0.6, 2: LONGEST, 4: 1.01}, 2, 3),
    ],
)
def test_the_largest_that_still_gains(seconds: Mapping[int, float | None], best: int, measured: int) -> None:
    asked: list[int] = []

    def take(size: int) -> float | None:
        asked.append(size)
        return seconds[size]

    assert choose(take) == best
    assert asked == list(SIZES[:measured])


class Machine:
    """A detector whose memory is full with `fits` + 1 pictures; it keeps the sizes it was given."""

    digest, profile, processor = "00", "accurate", "a processor"

    def __init__(self, fits: int, provider: str = "cuda") -> None:
        self.provider = provider
        self.batch = 1
        self.sizes: list[int] = []
        self._fits = fits

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        if len(pictures) > self._fits:
            raise RunError("no memory")
        assert self.batch == len(pictures)
        self.sizes.append(len(pictures))
        return [[] for _ in pictures]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADWAY_CACHE", str(tmp_path))
    monkeypatch.setattr("inference.batch_size.MEASURE", 0)
    return tmp_path


def test_a_machine_is_measured_once(cache: Path) -> None:
    first, second, other = Machine(1), Machine(1), Machine(1, "cpu-int8")
    assert (tune(first), tune(second), tune(other)) == (1, 1, 1)
    assert first.sizes == other.sizes == [1] * 4
    assert second.sizes == []
    assert len(list((cache / "batch-size").iterdir())) == 2


def test_what_is_remembered_is_used(cache: Path) -> None:
    tune(Machine(1))
    (path,) = (cache / "batch-size").iterdir()
    path.write_text('{"batch": 16}')
    detector = Machine(1)
    assert (tune(detector), detector.batch, detector.sizes) == (16, 16, [])


@pytest.mark.parametrize(
    "content", ["", "[]", "7", "{}", '{"batch": 3}', '{"batch": "8"}', '{"batch": [8]}', "\0"]
)
def test_a_damaged_memory_is_made_again(cache: Path, content: str) -> None:
    tune(Machine(1))
    (path,) = (cache / "batch-size").iterdir()
    path.write_text(content)
    detector = Machine(1)
    assert (tune(detector), detector.batch, detector.sizes) == (1, 1, [1] * 4)
    assert path.read_text() == '{"batch": 1}'


def test_a_cache_that_cannot_be_written_is_no_obstacle(cache: Path) -> None:
    (cache / "batch-size").write_text("a file where the folder belongs")
    assert tune(Machine(1)) == 1
