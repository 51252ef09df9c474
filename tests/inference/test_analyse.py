"""The path from bytes to counts, and the command that shows it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from common.picture import BadPicture
from headway.analyse import analyse as command
from headway.model import model
from inference.analyse import analyse, examine
from inference.detector import PERSON, TRAIN, Detection, Picture
from inference.model.error import ModelError
from inference.ssdlite_detector import SsdliteDetector
from tests.assets import asset

FRAME = 275
PEOPLE = 7


class Scripted:
    """A detector that sees what it is told, and keeps what it was shown."""

    name, digest, profile, provider, labels = "scripted", "00", "accurate", "cpu", (PERSON, TRAIN)

    def __init__(self, *found: Detection) -> None:
        self._found = list(found)
        self.shown: list[Picture] = []

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        self.shown += pictures
        return [self._found for _ in pictures]


SOMEBODY = Detection(1.234, 2, 3, 4.56, 0.98765, PERSON)
A_TRAIN = Detection(0, 0, 60, 40, 0.6, TRAIN)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A picture with seven people."""
    film = cv2.VideoCapture(str(asset("vtest.avi")))
    film.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
    path = tmp_path / "in" / "scene.jpg"
    path.parent.mkdir()
    cv2.imwrite(str(path), film.read()[1])
    film.release()
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_what_a_worker_needs_is_in_an_analysis() -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    analysis = analyse(cv2.imencode(".png", picture)[1].tobytes(), Scripted(SOMEBODY, SOMEBODY, A_TRAIN))
    assert (analysis.width, analysis.height, analysis.count) == (64, 48, 2)
    assert analysis.counts == {PERSON: 2, TRAIN: 1}
    assert list(analysis.counts.items()) == [(PERSON, 2), (TRAIN, 1)]
    assert analysis.decode_ms > 0 < analysis.inference_ms


def test_nobody_is_counted_too() -> None:
    assert examine(np.zeros((4, 4, 3), np.uint8), Scripted()).counts == {PERSON: 0}


def test_the_detector_never_sees_a_bad_picture() -> None:
    detector = Scripted()
    with pytest.raises(BadPicture):
        analyse(b"no picture", detector)
    assert detector.shown == []


def test_json_has_one_line_a_picture(scene: Path) -> None:
    shutil.copy(asset("trains/keikyu-1000-00.jpg"), train := scene.with_name("train.JPG"))
    result = run("--json", scene, train)
    assert result.exit_code == 0
    first, second = lines(result)
    assert list(first) == ["file", "count", "counts", "boxes"]
    assert (first["file"], first["count"], first["counts"]) == (str(scene), PEOPLE, {PERSON: PEOPLE})
    assert second["counts"] == {PERSON: 0, TRAIN: 1}
    boxes = first["boxes"]
    assert isinstance(boxes, list)
    assert len(boxes) == PEOPLE
    for x1, y1, x2, y2, score, label in boxes:
        assert 0 <= x1 < x2 <= 768
        assert 0 <= y1 < y2 <= 576
        assert 0 < score <= 1
        assert label == PERSON


def test_the_table_shows_people_and_trains(scene: Path) -> None:
    result = run("--profile", "light", scene)
    assert result.exit_code == 0
    assert "people" in result.stdout
    assert "trains" in result.stdout


def test_a_bad_file_stops_no_other(scene: Path, tmp_path: Path) -> None:
    (bad := tmp_path / "bad.jpg").write_bytes(scene.read_bytes()[:5000])
    result = run("--json", tmp_path / "none.jpg", bad, scene)
    assert result.exit_code == 1
    assert [line["count"] for line in lines(result)] == [PEOPLE]
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'none.jpg'}: No such file or directory",
        f"{bad}: truncated",
    ]


def test_a_folder_means_the_pictures_in_it(scene: Path) -> None:
    shutil.copy(scene, scene.with_name("again.png").with_suffix(".jpeg"))
    scene.with_name("notes.txt").write_text("not a picture")
    result = run("--json", scene.parent)
    assert [Path(str(line["file"])).name for line in lines(result)] == ["again.jpeg", "scene.jpg"]


def test_of_a_film_each_nth_frame_is_counted() -> None:
    result = run("--json", "--every", "400", "--profile", "light", asset("vtest.avi"))
    assert [str(line["file"]).partition("#")[2] for line in lines(result)] == ["0", "400"]


def test_a_film_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "film.avi").write_bytes(b"no film")
    result = run(tmp_path / "film.avi")
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path / 'film.avi'}: not a film that can be read\n")


def test_annotated_pictures_never_replace_one(scene: Path) -> None:
    before = scene.read_bytes()
    (other := scene.parent / "other").mkdir()
    shutil.copy(scene, other / "scene.jpg")
    result = run("--json", "--annotate", scene.parent, scene, other / "scene.jpg")
    assert result.exit_code == 0
    assert scene.read_bytes() == before
    written = sorted(path.name for path in scene.parent.glob("*annotated*"))
    assert written == ["scene.annotated-2.jpg", "scene.annotated.jpg"]


def test_people_are_recognisable_only_when_asked(scene: Path) -> None:
    run("--annotate", scene.parent / "hidden", scene)
    run("--annotate", scene.parent / "plain", "--no-pixelate", scene)
    original, hidden, plain = (
        np.asarray(cv2.imread(str(scene.parent / name)), int)
        for name in ("scene.jpg", "hidden/scene.annotated.jpg", "plain/scene.annotated.jpg")
    )
    boxes = lines(run("--json", scene))[0]["boxes"]
    assert isinstance(boxes, list)
    x1, y1, x2, y2 = (round(value) for value in boxes[0][:4])
    inside = np.s_[y1 + 6 : y2 - 6, x1 + 6 : x2 - 6]
    assert np.abs(plain[inside] - original[inside]).mean() < 6
    assert np.abs(hidden[inside] - original[inside]).mean() > 15


def test_a_model_that_cannot_be_had_is_one_sentence(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ModelError("the network is away")

    monkeypatch.setattr("headway.analyse.ensure_model", fail)
    monkeypatch.setattr("headway.model.ensure_model", fail)
    for result in (run(scene), CliRunner().invoke(model)):
        assert (result.exit_code, result.stderr) == (1, "Error: the network is away\n")


def test_the_model_names_itself() -> None:
    result = CliRunner().invoke(model)
    assert result.stdout == f"ssdlite-mobilenet-v2-coco@{SsdliteDetector.load().digest[:8]}\n"
