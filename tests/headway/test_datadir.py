"""The data folder: whose it is, what is in it, and what is said when it cannot be used."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from headway import datadir
from headway.datadir import DataDir
from headway.errors import UserError


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_one_at_a_time(tmp_path: Path) -> None:
    first = DataDir.open(tmp_path / "d")
    with pytest.raises(UserError, match="Another `headway up` runs on"):
        DataDir.open(tmp_path / "d")
    first.close()
    DataDir.open(tmp_path / "d").close()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9, 12_000_000))
    with pytest.raises(UserError, match="is full: 12 MB free"):
        DataDir.open(tmp_path / "d")
    monkeypatch.undo()
    DataDir.open(tmp_path / "d").close()  # the refused one holds no lock


def test_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match="--data"):
            DataDir.open(path)


def test_a_place_nobody_can_write_to() -> None:
    with pytest.raises(UserError, match="Cannot write to /proc/headway"):
        DataDir.open(Path("/proc/headway"))


def test_endpoints_are_there_while_it_runs_and_only_for_the_owner(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path)
    data.publish({"web": {"url": "x"}})
    file = tmp_path / datadir.ENDPOINTS
    assert json.loads(file.read_text()) == {"web": {"url": "x"}}
    assert file.stat().st_mode & 0o777 == 0o600
    data.retract()
    data.retract()
    data.close()
    assert not file.exists()


def test_damaged_memory_is_not_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "headway.json").write_text("{")
    data = DataDir.open(tmp_path)
    with pytest.raises(UserError, match="is damaged"):
        data.remember()
    data.close()
    assert (tmp_path / "headway.json").read_text() == "{"
