"""The command line: help, errors as one sentence, status."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest
from rich.console import Console

from headway.__main__ import cli, run
from headway.errors import UserError
from headway.screen import children_table, devices_table, duration
from headway.supervisor import Child, State, Watched
from tests.assets import asset
from tests.servers import free_ports

DEVICES: list[dict[str, Any]] = [
    {"deviceID": "door", "state": "live", "count": 5, "age": 0.4},
    {"deviceID": "[bold]yard", "state": "offline", "count": None, "age": None},
]


def headway(*words: str) -> int:
    return run(lambda **options: cli.main(list(words), prog_name="headway", **options))


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Path]:
    """The data folder of something that answers like a running `headway up`."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/v1/devices" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"revision": 1, "devices": DEVICES}).encode())

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        endpoints = {"web": {"url": f"http://127.0.0.1:{server.server_port}"}}
        (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))
        yield tmp_path
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("words", [["--help"], ["up", "-h"], ["status", "--help"], ["--version"]])
def test_help_is_there(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert headway(*words) == 0
    assert "headway" in capsys.readouterr().out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    headway("--help")
    told = capsys.readouterr().out
    for name in cli.list_commands(click.Context(cli)):
        assert f"  {name} " in told
        assert cli.get_command(click.Context(cli), name)


@pytest.mark.parametrize(
    "words", [["upp"], ["up", "--prot", "1"], ["up", "--port", "70000"], ["up", "--interval", "0"]]
)
def test_a_wrong_command_line_shows_how_to_get_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert headway(*words) == 2
    assert "--help" in capsys.readouterr().err


def test_a_failed_start_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = str(asset("vtest.avi"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert headway("up", "--data", str(tmp_path), "--camera", film, "--port", port) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"headway: Port {port} is taken")
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["headway.lock"]


@pytest.mark.parametrize(
    ("flag", "url", "sentence"),
    [
        ("--mqtt", "mqtt://127.0.0.1:{port}", "The MQTT broker"),
        ("--store", "http://127.0.0.1:{port}", "The S3 store"),
    ],
)
def test_an_outside_server_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, url: str, sentence: str
) -> None:
    web, nowhere = free_ports(2)
    words = ["up", "--data", str(tmp_path), "--camera", str(asset("vtest.avi")), "--port", str(web)]
    assert headway(*words, flag, url.format(port=nowhere)) == 1
    assert sentence in capsys.readouterr().err


def test_an_error_is_a_sentence_and_with_debug_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_options: object) -> int:
        raise UserError("It is broken")

    monkeypatch.delenv("HEADWAY_DEBUG", raising=False)
    assert run(broken) == 1
    assert capsys.readouterr().err == "headway: It is broken\n"
    monkeypatch.setenv("HEADWAY_DEBUG", "1")
    with pytest.raises(UserError):
        run(broken)


def test_a_full_disk_while_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    def full(**_options: object) -> int:
        raise OSError(28, "No space left on device", "/d/headway.toml")

    assert run(full) == 1
    assert capsys.readouterr().err == "headway: No space left on device: /d/headway.toml\n"


def test_status_shows_the_devices(up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert headway("status", "--data", str(up)) == 0
    told = capsys.readouterr().out
    assert "door" in told
    assert "[bold]yard" in told
    assert headway("status", "--data", str(up), "--json") == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == DEVICES


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Nothing runs on"),
        ("{", "is damaged"),
        ('{"web": {"url": "http://127.0.0.1:1"}}', "does not answer"),
    ],
)
def test_status_without_anything_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / "endpoints.json").write_text(content)
    assert headway("status", "--data", str(tmp_path)) == 1
    assert sentence in capsys.readouterr().err


def test_the_tables_show_states_and_restarts() -> None:
    said = StringIO()
    console = Console(file=said, width=100)
    lost = Watched(Child("store", 0), State.BACKOFF, run=3, since=10.0)
    console.print(children_table({"store": lost}, now=14.0))
    console.print(devices_table(DEVICES))
    rows = [line.split() for line in said.getvalue().splitlines()]
    assert ["store", "restarting", "4", "s", "2"] in rows
    assert ["door", "live", "5", "0", "s"] in rows
    assert ["[bold]yard", "offline", "-", "-"] in rows


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (7.2, "7 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
