"""`headway analyse` where there is little to analyse; tests/inference has the counting."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from headway.analyse import analyse
from tests.eventually import PATIENCE


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(analyse, [str(tmp_path)])
    assert (result.exit_code, result.stderr) == (1, f"Error: there are no pictures or films in {tmp_path}\n")


class Damaged:
    """A film of two frames that are there and cannot be decoded."""

    def __init__(self, _path: str) -> None:
        self._left = 2

    def get(self, _property: int) -> float:
        return 2.0

    def grab(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def retrieve(self) -> tuple[bool, None]:
        return False, None

    def release(self) -> None:
        """Nothing is held."""


def test_a_frame_that_cannot_be_decoded_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Damaged)
    result = CliRunner().invoke(analyse, ["--every", "1", "film.avi"])
    assert (result.exit_code, result.stderr) == (1, "film.avi#0: damaged\nfilm.avi#1: damaged\n")


def test_decoders_do_not_talk(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"")
    command = [sys.executable, "-m", "headway", "analyse", str(film)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (1, f"{film}: not a film that can be read\n")
