"""The commands of docs/api.md do what they are shown to do."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from engage.access.maker import Maker
from engage.access.roles import Role
from tests.engage.conftest import Build
from tests.engage.site import Site
from tests.eventually import PATIENCE, eventually

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


def commands() -> list[str]:
    return re.findall(r"```sh\n(.+?)\n```", DOCUMENT.read_text(), re.DOTALL)


@contextmanager
def served(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(command: str, **variables: str) -> str:
    shell = ["sh", "-c", command]
    return subprocess.run(
        shell, check=True, env=os.environ | variables, capture_output=True, text=True, timeout=PATIENCE
    ).stdout


def test_the_commands(build: Build) -> None:
    everything, table, stopped, later, tag = commands()
    site = build(engage={"auth": True}).rebuilt()
    secret, _ = site.access.admin.issue("alerts", Role.VIEWER, None, None, Maker("tests"))
    site.result("cam", 1, window=6)
    with served(site) as url, ThreadPoolExecutor(1) as pool:
        known = {"HEADWAY": url, "TOKEN": secret.text}
        assert [d["deviceID"] for d in json.loads(run(everything, **known))["devices"]] == ["cam"]
        assert run(table, **known).splitlines()[0] == "deviceID,count,age"
        answer = json.loads(run(stopped, **known))
        assert answer["devices"] == []
        coming = pool.submit(run, later, CURSOR=answer["cursor"], **known)
        eventually(lambda: len(site.runner.waiting) == 1)
        site.wait(10)
        alarm = json.loads(coming.result(PATIENCE))
        assert [(d["deviceID"], d["state"]) for d in alarm["devices"]] == [("cam", "stale")]
        site.result("cam", 2, window=6)
        back = json.loads(run(later, CURSOR=alarm["cursor"], **known))
        assert (back["devices"], back["gone"]) == ([], ["cam"])
        etag = site.web.get("/api/v1/devices", headers={"Authorization": f"Bearer {secret.text}"})
        assert run(tag, ETAG=etag.headers["ETag"], **known) == "304\n"
