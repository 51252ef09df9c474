"""Child processes: what they print, how they end, and that none outlives `up`."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest

from headway.process import Command, Log, Process
from headway.runner import readable
from tests.eventually import PATIENCE, eventually


def python(code: str, folder: Path) -> Command:
    return Command((sys.executable, "-c", textwrap.dedent(code)), folder, dict(os.environ))


def start(code: str, folder: Path) -> tuple[Process, Log, "SimpleQueue[int]"]:
    log, ended = Log(folder / "child.log"), SimpleQueue[int]()
    return Process("child", python(code, folder), log, ended.put), log, ended


def test_output_is_kept_and_the_status_told(tmp_path: Path) -> None:
    process, log, ended = start(
        "import sys; print('one'); print('two', file=sys.stderr); sys.exit(7)", tmp_path
    )
    assert ended.get(timeout=PATIENCE) == 7
    process.join()
    log.close()
    assert sorted(log.tail()) == ["one", "two"]
    assert sorted((tmp_path / "child.log").read_text().split()) == ["one", "two"]


def test_a_program_that_is_not_there_ends_like_any_other(tmp_path: Path) -> None:
    log, ended = Log(tmp_path / "child.log"), SimpleQueue[int]()
    process = Process("child", Command(("/no/such/program",), tmp_path, {}), log, ended.put)
    assert ended.get(timeout=PATIENCE) == 1
    process.join()
    log.close()
    assert log.tail() == ["cannot run /no/such/program: No such file or directory"]


def test_what_the_child_left_in_its_group_goes_with_it(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '1000']).pid, flush=True)"
    process, log, ended = start(code, tmp_path)
    assert ended.get(timeout=PATIENCE) == 0
    process.join()
    log.close()
    eventually(lambda: not psutil.pid_exists(int(log.tail()[0])))


def test_kill_ends_who_ignores_terminate(tmp_path: Path) -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    process, log, ended = start(code, tmp_path)
    eventually(lambda: log.tail() == ["deaf"])
    process.terminate()
    process.kill()
    assert ended.get(timeout=PATIENCE) == -signal.SIGKILL
    process.join()
    log.close()
    process.kill()  # once more is no error


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise is Linux's")
def test_no_child_survives_when_up_is_killed(tmp_path: Path) -> None:
    up = f"""
        import sys, signal
        from pathlib import Path
        from headway.process import *
        folder = Path({str(tmp_path)!r})
        Process("c", Command(("sleep", "1000"), folder, {{}}), Log(folder / "c.log"), print)
        signal.pause()
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(up)])
    try:
        child = eventually(lambda: [c for c in psutil.Process(parent.pid).children() if "sleep" in c.name()])[
            0
        ]
    finally:
        parent.kill()
        parent.wait()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_log_is_bounded_and_keeps_one_older_part(tmp_path: Path) -> None:
    log = Log(tmp_path / "x.log", limit=1000)
    for number in range(500):
        log.write(b"line %03d\n" % number)
    log.close()
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert set(sizes) == {"x.log", "x.log.1"}
    assert all(0 < size <= 1000 for size in sizes.values())
    assert (tmp_path / "x.log").read_text().endswith("line 499\n")


def test_a_log_whose_folder_is_gone_goes_on_without_it(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = Log(folder / "x.log", limit=10)
    log.write(b"one line\n")
    shutil.rmtree(folder)
    for _ in range(3):
        log.write(b"another line\n")
    assert log.tail(1) == ["another line"]
    log.close()


def test_the_tail_cannot_drive_a_terminal(tmp_path: Path) -> None:
    log = Log(tmp_path / "x.log")
    log.write(b"\x1b[31mred\x1b[0m \x1b]0;title\x07\xff\n")
    log.close()
    assert log.tail() == ["red ]0;title�"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain", "plain"),
        ('{"event": "lost", "level": "error", "host": "h", "service": "s"}', "lost host=h"),
        ('{"event": "bad", "exception": "Traceback\\n  x\\nValueError: no"}', "bad ValueError: no"),
        ("[1]", "[1]"),
        ('{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_line_of_json_is_told_in_words(line: str, shown: str) -> None:
    assert readable(line) == shown
