"""The watch for leaks in conftest sees what it is there for."""

from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

LEAKS = """
    import subprocess, threading

    def test_thread():
        threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()

    def test_process():
        global forgotten
        forgotten = subprocess.Popen(["sleep", "20"])

    def test_end():
        forgotten.kill()
        forgotten.wait()
"""


def test_a_leak_fails_its_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeconftest(
        "import tests.conftest\ntests.conftest.PARTING = 0.1\n_no_leaks = tests.conftest._no_leaks"
    )
    pytester.makepyfile(LEAKS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.parseoutcomes() == {"passed": 3, "errors": 2}
    result.stdout.fnmatch_lines(["*leaked threads: *forgotten*", "*leaked processes: *sleep*"])
