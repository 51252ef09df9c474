"""`headway up` as its user has it: a process, its children, and what the web service then says."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from common.adapters.s3 import S3Store
from common.settings import StoreSettings
from headway.devices import fetch
from tests.assets import asset
from tests.eventually import PATIENCE, eventually
from tests.servers import free_ports

START = 2 * PATIENCE
CHILDREN = ("broker", "store", "worker", "engage", "camera-vtest")


class Up:
    def __init__(self, folder: Path, *flags: str) -> None:
        self.data = folder / "data"
        self.port = free_ports(1)[0]
        self.output = folder / "output"
        command = [sys.executable, "-m", "headway", "up", "--data", str(self.data), "--port", str(self.port)]
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--camera", str(asset("vtest.avi")), *flags],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        self.web = f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.output.read_text()

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children(recursive=True)

    def child(self, name: str) -> psutil.Process:
        """The process of that name, by what only its command line has."""
        sign = {"broker": "mosquitto.conf", "store": "mini", "worker": "inference", "engage": "engage"}
        wanted = sign.get(name, "ingest")

        def is_wanted(process: psutil.Process) -> bool:
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                return False
            return wanted in words or any(wanted in word for word in words[-1:])

        return eventually(lambda: next(filter(is_wanted, self.tree()), None))

    def live_since(self, sequence: object) -> bool:
        """Whether the one device is live with a newer picture than that."""
        try:
            devices = fetch(self.web, self.token())
        except (OSError, ValueError):
            return False
        return [d["state"] for d in devices] == ["live"] and devices[0]["capturedAt"] != sequence

    def device(self) -> dict[str, Any]:
        (device,) = fetch(self.web, self.token())
        return device

    def token(self) -> str | None:
        token: str | None = json.loads((self.data / "endpoints.json").read_text())["web"]["token"]
        return token

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit status. In which time it ends is the supervisor's to promise, and tested there."""
        self._process.send_signal(number)
        return self._process.wait(PATIENCE)

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[Up]:
    up = Up(folder, *flags)
    try:
        eventually(lambda: up.live_since(None), within=START)
        yield up
    except BaseException as error:
        error.add_note(up.said())
        raise
    finally:
        if up.status is None:
            up.kill()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_live_counts_on_loopback_alone_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        assert 1 <= eventually(lambda: up.device()["count"]) <= 12
        assert f"Headway is ready: open {up.web}\n" in up.said()
        processes = up.tree()
        listening = [c.laddr.ip for p in processes for c in p.net_connections("inet") if c.status == "LISTEN"]
        assert set(listening) == {"127.0.0.1"}
        endpoints = up.data / "endpoints.json"
        assert endpoints.stat().st_mode & 0o777 == 0o600
        assert expiring(up) == ["quarantine/"]
        secrets = [json.loads(endpoints.read_text())[part][key] for part, key in SECRETS]
        assert not [p for p in processes for word in p.cmdline() for secret in secrets if secret in word]
        assert up.stop() == 0
        assert gone(processes)
        assert not endpoints.exists()
        assert up.said().endswith("stopped\n")
        assert not list(Path("/tmp").glob(f"seaweedfs-*-{_s3_port(up)}.sock"))


SECRETS = (("mqtt", "password"), ("s3", "secret_key"), ("web", "token"))


def expiring(up: Up) -> list[str]:
    """What the store deletes by itself."""
    s3 = json.loads((up.data / "endpoints.json").read_text())["s3"]
    store = S3Store(StoreSettings.model_validate(s3))
    config = store._minio.get_bucket_lifecycle(bucket_name=store.bucket)
    store.close()
    return [rule.rule_filter.prefix or "" for rule in config.rules if rule.rule_filter] if config else []


def _s3_port(up: Up) -> int:
    return int(json.loads((up.data / "headway.json").read_text())["ports"]["s3"])


def test_counts_are_live_again_after_any_child_is_killed(tmp_path: Path) -> None:
    """And children that are frozen do not keep it from stopping."""
    with running(tmp_path) as up:
        for name in CHILDREN:
            before = eventually(up.device)["capturedAt"]
            up.child(name).kill()
            eventually(lambda: f"{name} was ended by SIGKILL" in up.said())  # noqa: B023
            eventually(lambda: up.live_since(before))  # noqa: B023
        os.kill(up.child("worker").pid, signal.SIGSTOP)
        os.kill(up.child("store").pid, signal.SIGSTOP)
        processes = up.tree()
        assert up.stop(signal.SIGTERM) == 0
        assert gone(processes)


def test_killed_itself_it_leaves_nothing_and_starts_again(tmp_path: Path) -> None:
    with running(tmp_path) as up:
        processes = up.tree()
        assert len(processes) == len(CHILDREN) + 1, "the worker's model has its own"
        up.kill()
        eventually(lambda: gone(processes))
    with running(tmp_path) as again:
        assert again.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_starts(tmp_path: Path, number: signal.Signals) -> None:
    up = Up(tmp_path)
    try:
        eventually(lambda: "Starting" in up.said())
        assert up.stop(number) in (0, 130, -number)
    finally:
        if up.status is None:
            up.kill()
