"""A web server in a process of its own, which can be killed and started again on the same port."""

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress

import requests

from tests.eventually import PATIENCE, eventually


class Site:
    """Starts with `command`; it is there once `ready` answers 200."""

    def __init__(
        self, port: int, command: list[str], env: Mapping[str, str] | None = None, ready: str = "/"
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self.env = os.environ | (env or {})
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, env=self.env, stdout=quiet, stderr=quiet)
        eventually(self._answers)

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"ended by itself: {self._command}"
        with suppress(requests.ConnectionError):
            return requests.get(self.url + self._ready, timeout=PATIENCE).ok
        return False
