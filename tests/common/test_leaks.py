"""The watch for leaks in conftest sees what it is there for."""

from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

LEAKS = {
    "thread": """
        import threading
        def test_leak():
            threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
    """,
    "process": """
        import subprocess
        def test_leak():
            global forgotten
            forgotten = subprocess.Popen(["sleep", "20"])
        def test_end():
            forgotten.kill()
            forgotten.wait()
    """,
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_fails_its_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pytester.makeconftest("from tests.conftest import _no_leaks")
    pytester.makepyfile(LEAKS[kind])
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.parseoutcomes()["errors"] >= 1
    result.stdout.fnmatch_lines([f"*leaked {'threads' if kind == 'thread' else 'processes'}: *"])
