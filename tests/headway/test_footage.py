"""The sample footage: from its own address, else out of Debian's package, and never another film."""

import gzip
import hashlib
import stat
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console

from headway import footage
from headway.errors import UserError
from tests.assets import asset
from tests.servers import free_ports

FILM = asset(footage.NAME)  # before a test changes where the cache is
DEB = """#!/bin/sh
case $1 in
    download) echo deb >"$2.deb" ;;
    *) exit 1 ;;
esac
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL at which it is served."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADWAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def film(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A small stand-in for the film."""
    content = b"RIFF" * 50_000
    monkeypatch.setattr(footage, "SHA256", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(footage, "SIZE", len(content))
    return content


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """apt-get and dpkg-deb that find what lies in this folder."""
    tools, package = tmp_path / "bin", tmp_path / "package"
    tools.mkdir()
    package.mkdir()
    for name, script in (("apt-get", DEB), ("dpkg-deb", f'#!/bin/sh\ncp -r {package}/. "$3"\n')):
        (tools / name).write_text(script)
        (tools / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return package


def fetch(url: str) -> tuple[Path, str]:
    said = StringIO()
    return footage.ensure_footage(Console(file=said, width=300), url), said.getvalue()


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "footage").iterdir())


def test_the_pinned_film_is_the_one_the_tests_use() -> None:
    content = FILM.read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (footage.SHA256, footage.SIZE)


def test_fetched_once(site: tuple[Path, str], film: bytes, cache: Path) -> None:
    folder, url = site
    (folder / "f").write_bytes(film)
    path, _ = fetch(f"{url}/f")
    (folder / "f").unlink()
    assert fetch(f"{url}/f")[0] == path
    assert path.read_bytes() == film
    assert left_in(cache) == [footage.NAME]


@pytest.mark.parametrize("packed", [True, False])
def test_out_of_the_package_where_the_address_cannot_be_reached(
    film: bytes, apt: Path, *, packed: bool
) -> None:
    name = f"{footage.NAME}.gz" if packed else footage.NAME
    (apt / name).write_bytes(gzip.compress(film) if packed else film)
    path, said = fetch(f"http://127.0.0.1:{free_ports(1)[0]}/f")
    assert path.read_bytes() == film
    assert "Cannot reach 127.0.0.1" in said
    assert "opencv-doc" in said


@pytest.mark.parametrize("wrong", [b"RIFX", b"RIFF" * 60_000, b""])
def test_another_file_is_never_kept(
    site: tuple[Path, str], film: bytes, apt: Path, cache: Path, wrong: bytes
) -> None:
    assert film
    folder, url = site
    (folder / "f").write_bytes(wrong)
    (apt / footage.NAME).write_bytes(wrong)
    with pytest.raises(UserError, match="not the expected film"):
        fetch(f"{url}/f")
    assert left_in(cache) == []


def test_nowhere_to_be_had(site: tuple[Path, str], apt: Path, cache: Path) -> None:
    assert not list(apt.iterdir())
    with pytest.raises(UserError, match=r"nowhere to be had.*--camera VIDEO"):
        fetch(f"{site[1]}/missing")
    assert left_in(cache) == []
