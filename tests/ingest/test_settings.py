"""What an agent may be told, and how it answers what it cannot use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.config import ConfigError, load
from ingest.settings import IngestSettings
from tests.eventually import PATIENCE


def loaded(*flags: str, **environ: str) -> IngestSettings:
    return load(IngestSettings, flags, {f"HEADWAY_INGEST__{k}": v for k, v in environ.items()})


def test_every_device_has_a_name() -> None:
    assert loaded().ingest.device


@pytest.mark.parametrize(
    ("flags", "environ", "camera"),
    [
        (["--ingest.camera", "0"], {}, "0"),
        ([], {"CAMERA": "0"}, "0"),
        ([], {"CAMERA": "rtsp://u:p@cam/1"}, "rtsp://u:p@cam/1"),
        (["--ingest.camera", "film.mp4"], {"CAMERA": "1"}, "film.mp4"),
        ([], {}, None),
    ],
)
def test_the_camera_is_text(flags: list[str], environ: dict[str, str], camera: str | None) -> None:
    assert loaded(*flags, **environ).ingest.secret() == camera


def test_a_missing_file_of_the_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"setting ingest\.camera_file"):
        loaded("--ingest.camera_file", str(tmp_path / "nowhere"))


def test_the_camera_may_be_a_number_in_a_file_and_its_address_in_another(tmp_path: Path) -> None:
    config, address = tmp_path / "headway.toml", tmp_path / "address"
    config.write_text("[ingest]\ncamera = 2\n")
    assert loaded("--config", str(config)).ingest.secret() == "2"
    address.write_text("rtsp://u:canary@cam/1\n")
    config.write_text(f'[ingest]\ncamera_file = "{address}"\n')
    settings = loaded("--config", str(config))
    assert settings.ingest.secret() == "rtsp://u:canary@cam/1"
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("interval", "0", "greater than or equal to 0.02"),
        ("device", "a/b", "setting ingest.device"),
        ("rotate", "45", "setting ingest.rotate"),
        ("resolution", "big", "setting ingest.resolution"),
        ("pending", "1", "greater than or equal to 2"),
        ("pending_bytes", "1", "greater than or equal to 40000000"),
        ("intervall", "1", "did you mean --ingest.interval"),
    ],
)
def test_what_makes_no_sense_is_refused(flag: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(f"--ingest.{flag}", value)


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        ("", "ingest: setting ingest.camera: no camera is named"),
        ("rtsp:///canary", "ingest: setting ingest.camera: the rtsp:// address of the camera names no host"),
        ("picamera", "ingest: setting ingest.camera: the Raspberry Pi camera needs picamera2"),
    ],
)
def test_a_camera_that_cannot_be_is_one_sentence(camera: str, sentence: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ingest"],
        env=os.environ | {"HEADWAY_INGEST__CAMERA": camera},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(sentence)
    assert "canary" not in run.stderr
    assert "Traceback" not in run.stderr
