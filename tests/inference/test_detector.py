"""The detector on footage and photographs counted by eye, and on pictures of any shape."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import cuda, onnx_session
from inference.agreement import Agreement, agreement
from inference.detector import PERSON, TRAIN, Array, Detection, Detector, Picture
from inference.model.error import ModelError
from inference.model.prepare import prepare
from inference.onnx_session import OnnxSession, Provider, RunError
from inference.ssdlite import Canvas, anchors
from inference.ssdlite_detector import Profile, SsdliteDetector
from tests.assets import asset

FAR = {25: 5, 175: 7, 275: 7, 325: 6, 425: 3, 575: 7, 675: 8}
"""People in frames of the sample footage, counted where nobody is cut off or hidden."""

NEAR = {
    25: (2, (640, 240, 780, 352)),
    75: (1, (575, 190, 700, 290)),
    125: (2, (530, 205, 700, 341)),
    225: (1, (490, 270, 640, 390)),
    325: (2, (590, 180, 690, 260)),
    425: (1, (250, 190, 375, 290)),
    525: (1, (430, 190, 530, 270)),
    575: (2, (130, 330, 320, 482)),
    675: (1, (170, 320, 290, 416)),
    775: (3, (300, 235, 435, 343)),
}
"""Parts of frames (x1, y1, x2, y2) enlarged to 500x400, so that people are 170 to 370 pixels tall."""

TRAINS = ["keikyu-1000-00", "keikyu-1000-01", "keikyu-1000-03", "keikyu-1000-04", "meitetsu-3500-03"]
PROFILES: tuple[Profile, ...] = ("accurate", "light")
NETS: dict[Provider, str] = {"cpu-float32": "floating", "cpu-int8": "eight_bit"}
"""Whichever this processor would choose."""

EXACT = Agreement(alone=0, box=0.01, score=0.0001, count=0)


@cache
def frames() -> dict[int, Picture]:
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    wanted = FAR.keys() | NEAR.keys()
    seen = {}
    for number in range(max(wanted) + 1):
        film.grab()
        if number in wanted:
            seen[number] = np.asarray(film.retrieve()[1], np.uint8)
    film.release()
    return seen


@cache
def detector(profile: Profile = "accurate", provider: Provider | None = None) -> SsdliteDetector:
    """The one for this processor, or one that runs there as said."""
    if provider is None:
        return SsdliteDetector.load(profile, "cpu")
    return SsdliteDetector(OnnxSession(getattr(prepare(print), NETS[provider]), provider), profile)


def people(found: Sequence[Detection]) -> int:
    return sum(detection.label == PERSON for detection in found)


def enlarged(number: int) -> Picture:
    _, (x1, y1, x2, y2) = NEAR[number]
    part = frames()[number][y1:y2, x1:x2]
    return np.asarray(cv2.resize(part, (500, 400), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("provider", NETS)
@pytest.mark.parametrize(("profile", "error"), [("accurate", 0.45), ("light", 0.9)])
def test_far_people_are_counted_as_by_eye(profile: Profile, error: float, provider: Provider) -> None:
    found = detector(profile, provider).detect([frames()[number] for number in FAR])
    errors = [abs(people(seen) - count) for seen, count in zip(found, FAR.values(), strict=True)]
    assert np.mean(errors) <= error, errors


@pytest.mark.parametrize("provider", NETS)
@pytest.mark.parametrize("profile", PROFILES)
def test_near_people_are_counted_once(profile: Profile, provider: Provider) -> None:
    found = detector(profile, provider).detect([enlarged(number) for number in NEAR])
    errors = [abs(people(seen) - count) for seen, (count, _) in zip(found, NEAR.values(), strict=True)]
    assert np.mean(errors) <= 0.3, errors


def test_the_same_people_are_seen_in_a_mirror() -> None:
    frame = frames()[275]
    (seen,), (mirrored,) = (
        detector().detect([frame]),
        detector().detect([np.ascontiguousarray(frame[:, ::-1])]),
    )
    assert people(seen) == people(mirrored) == FAR[275]
    for one in seen:
        across = min(abs(768 - one.x2 - other.x1) + abs(one.y1 - other.y1) for other in mirrored)
        assert across < 0.3 * one.height


@pytest.mark.parametrize("name", TRAINS)
def test_a_train_is_one_train_and_nobody(name: str) -> None:
    picture = np.asarray(cv2.imread(str(asset(f"trains/{name}.jpg"))), np.uint8)
    ((*found,),) = detector().detect([picture])
    assert [d.label for d in found if d.label == TRAIN] == [TRAIN]
    assert people(found) == 0
    train = next(d for d in found if d.label == TRAIN)
    assert train.width * train.height > 0.2 * picture.shape[0] * picture.shape[1]


@pytest.mark.parametrize("shape", [(600, 800), (1, 1), (3000, 40), (40, 3000), (2160, 3840)])
def test_nobody_is_in_an_empty_picture(shape: tuple[int, int]) -> None:
    assert detector().detect([np.full((*shape, 3), 90, np.uint8)]) == [[]]


def test_pictures_are_answered_in_their_order() -> None:
    empty = np.zeros((300, 400, 3), np.uint8)
    found = detector().detect([empty, frames()[425], empty])
    assert [people(seen) for seen in found] == [0, FAR[425], 0]
    assert detector().detect([]) == []


def test_a_result_says_what_computed_it() -> None:
    port: Detector = detector("light")
    assert (port.name, port.profile, port.labels) == ("ssdlite-mobilenet-v2-coco", "light", (PERSON, TRAIN))
    assert len(bytes.fromhex(port.digest)) == 32
    assert port.digest == detector().digest


@pytest.mark.parametrize("provider", NETS)
def test_batches_find_what_is_found_one_by_one(provider: Provider) -> None:
    """Pictures of three shapes in turn, in batches that do not come out even."""
    shapes = [frames()[275], enlarged(25), frames()[275][:300]]
    pictures = [shapes[number % 3] for number in (0, 1, 2, 0, 0, 1, 0)]
    alone = detector("light", provider)
    together = SsdliteDetector(alone._net, "light", batch=3)
    assert agreement(together.detect(pictures), [alone.detect([p])[0] for p in pictures]).within(EXACT)


def test_eight_bits_find_about_what_floats_find() -> None:
    pictures = [frames()[number] for number in FAR]
    floats, eight_bits = (detector("accurate", provider).detect(pictures) for provider in NETS)
    assert agreement(eight_bits, floats).within(Agreement(alone=0.1, box=30, score=0.4, count=0.3))
    assert sum(map(len, floats)) > 40


def test_the_net_sees_a_batch_at_a_time() -> None:
    noise = Noise(0)
    SsdliteDetector(noise, "light", batch=4).detect([np.zeros((576, 768, 3), np.uint8)] * 9)
    assert noise.batches == [4, 4, 1] * 2


def test_the_processor_is_taken_where_no_gpu_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "DRIVER", "libno-such-driver.so.1")
    chosen = SsdliteDetector.load("light")
    assert (chosen.provider, chosen.batch) == (detector("light").provider, 1)
    assert chosen.why_not_cuda == "there is no NVIDIA driver"
    assert detector("light").why_not_cuda is None
    with pytest.raises(ModelError, match=r"^CUDA cannot be used: there is no NVIDIA driver$"):
        SsdliteDetector.load("light", "cuda")


def test_a_gpu_without_its_packages_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_session, "gpu_name", lambda: "GeForce 256")
    monkeypatch.setattr(onnx_session, "CUDA", "ProviderOfAnotherBuild")
    with pytest.raises(
        ModelError, match=r"GeForce 256 is there, but .*: `pip install .*onnxruntime-gpu<2'`$"
    ):
        SsdliteDetector.load("light", "cuda")
    assert SsdliteDetector.load("light").provider == detector("light").provider


def test_a_batch_that_fails_says_so() -> None:
    with pytest.raises(RunError, match=r"a batch of shape \(1, 300, 300, 4\) failed"):
        detector("light")._net.run(np.zeros((1, 300, 300, 4), np.uint8))


@pytest.mark.parametrize("size", [0, 100, 1_000_000])
def test_a_damaged_model_says_what_to_do(tmp_path: Path, size: int) -> None:
    (path := tmp_path / "int8.onnx").write_bytes(prepare(print).eight_bit.read_bytes()[:size])
    with pytest.raises(ModelError, match=f"{path} is damaged: delete {tmp_path}"):
        OnnxSession(path, "cpu-int8")


class Noise:
    """A net that sees things everywhere."""

    digest, provider, processor = "00" * 32, "cpu-float32", "noise"

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.batches: list[int] = []

    def run(self, pixels: Array) -> tuple[Array, Array]:
        assert pixels.dtype == np.uint8
        batch, height, width, _ = pixels.shape
        self.batches.append(batch)
        count = len(anchors(Canvas(height, width)))
        scores = self._random.uniform(0, 1, (batch, count, 2)) ** 40
        return self._random.normal(0, 3, (batch, count, 4)), scores


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(0, 2**32 - 1), st.sampled_from(PROFILES))
@settings(max_examples=25)
def test_boxes_lie_in_the_picture_best_first(height: int, width: int, seed: int, profile: Profile) -> None:
    (found,) = SsdliteDetector(Noise(seed), profile).detect([np.zeros((height, width, 3), np.uint8)])
    assert found
    for box in found:
        assert 0 <= box.x1 <= box.x2 <= width
        assert 0 <= box.y1 <= box.y2 <= height
        assert box.label in (PERSON, TRAIN)
    scores = [box.score for box in found]
    assert scores == sorted(scores, reverse=True)
