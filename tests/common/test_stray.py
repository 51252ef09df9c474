"""What libraries in C print is logged, whatever it is and however much."""

import io
import json
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from common import stray
from common.stray import STRAY

PROGRAM = """
import os, subprocess, sys
from common.settings import TelemetrySettings
from common.stray import log_stray_lines
from common.telemetry import configure_logs
log_stray_lines()
configure_logs(TelemetrySettings(log_format="json"), "tiny")
{body}
"""


def run(body: str) -> list[str]:
    program = [sys.executable, "-c", PROGRAM.format(body=body)]
    return subprocess.run(
        program, capture_output=True, check=False, text=True, timeout=60
    ).stderr.splitlines()


def test_lines_of_c_and_of_children_are_json_and_our_own_words_stay_as_they_are() -> None:
    *logged, last = run(
        'os.write(2, b"libpng error\\n\\n  half")\n'
        'subprocess.run(["sh", "-c", "echo of a child >&2"])\n'
        'sys.exit("tiny: a sentence for people")'
    )
    told = [json.loads(line) for line in logged if line.startswith("{")]
    everything = [*logged, last]
    assert "tiny: a sentence for people" in everything
    assert [line["text"] for line in told] == ["libpng error", "halfof a child"]
    assert {(line["service"], line["level"]) for line in told} == {("tiny", "warning")}


def test_whoever_prints_does_not_wait_however_much_it_is() -> None:
    """The thread that reads cannot run meanwhile."""
    body = (
        "import sys\n"
        "sys.setswitchinterval(1000)\n"
        "import ctypes\n"
        "write = ctypes.PyDLL(None).write\n"
        'for _ in range(100): write(2, b"x" * 99_999 + b"\\n", 100_000)\n'
        'os.write(1, b"done")\n'
    )
    program = [sys.executable, "-c", PROGRAM.format(body=body)]
    assert subprocess.run(program, capture_output=True, check=True, timeout=60).stdout == b"done"


def test_a_flood_is_counted_and_the_start_of_each_minute_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0] + [1.0] * 51 + [60.0] * 52)
    monkeypatch.setattr(stray, "monotonic", lambda: next(moments))
    before = STRAY._value.get()
    with capture_logs() as logs:
        stray._pass_on(io.BytesIO(b"".join(b"%d\n" % n for n in range(60))))
    assert STRAY._value.get() == before + 60
    assert [line["text"] for line in logs] == [*map(str, range(20)), *map(str, range(51, 60))]
    assert [line["held_back"] for line in logs if line["held_back"]] == [31]


def test_lines_are_cut_and_bytes_that_are_no_text_do_no_harm() -> None:
    with capture_logs() as logs:
        stray._pass_on(io.BytesIO(b"\xff\xfe\n" + b"y" * 10_000))
    assert [len(line["text"]) for line in logs] == [2, 500, 500, 500]
