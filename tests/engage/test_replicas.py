"""Several replicas of the service; one is killed, and its browsers are back at once with the right values."""

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from common.settings import BusSettings, StoreSettings
from engage.access.maker import Maker
from engage.access.roles import Role
from headway.door import accounts
from tests.crowd import Crowd
from tests.engage.samples import result
from tests.engage.service import Engage, Worker, settled
from tests.eventually import PATIENCE, eventually
from tests.nginx import Nginx

BACK = 20.0
"""Seconds in which every browser of a replica that was killed shows the truth again: one where little else
runs. Whoever waited for a word of the replica that is gone would need 25 and more."""


@contextmanager
def replicas(
    folder: Path, count: int, bus: BusSettings, store: StoreSettings, **own: Any
) -> Iterator[list[Engage]]:
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            place = folder / str(number)
            place.mkdir()
            servers.append(stack.enter_context(Engage(place, bus, store, **own)))
        for server in servers:
            settled(server)
        yield servers


def report(worker: Worker, devices: int, count: int) -> None:
    """Every device has `count` people in front of it."""
    for device in range(devices):
        sent = result(f"cam{device}", count, time.time(), count=count, window=600)
        worker.publish(worker.topics.result("production", sent.device_id), sent, retain=True)


def show(crowd: Crowd, devices: int, count: int) -> bool:
    right = {f"cam{device}": count for device in range(devices)}
    return all(
        {name: device["count"] for name, device in browser.devices.items()} == right
        for browser in crowd.browsers
    )


def sign_in(web: requests.Session, url: str, store: StoreSettings) -> str:
    """As somebody new, each request to another replica; a token for the live channel."""
    with accounts(store) as admin:
        invitation, _ = admin.invite(Role.VIEWER, None, 3600, Maker("tests"))
        token, _ = admin.issue("browsers", Role.VIEWER, None, None, Maker("tests"))
    password = "four random words do well"
    body = {"token": invitation, "name": "ann", "password": password}
    web.post(f"{url}/api/v1/invitations/accept", json=body, timeout=PATIENCE).raise_for_status()
    web.delete(f"{url}/api/v1/session", timeout=PATIENCE).raise_for_status()
    web.post(
        f"{url}/api/v1/session", json={"name": "ann", "password": password}, timeout=PATIENCE
    ).raise_for_status()
    return token.text


class Poll:
    """A system that asks for changes, again and again, and keeps the counts."""

    def __init__(self, web: requests.Session, url: str) -> None:
        self._web = web
        self._url = f"{url}/api/v1/devices?fields=count"
        self._cursor = ""
        self.counts: dict[str, int] = {}
        self.replicas: set[str] = set()

    def ask(self) -> dict[str, int]:
        since = f"&since={self._cursor}" if self._cursor else ""
        answer = self._web.get(self._url + since, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        kept = {} if body["full"] else self.counts
        self.counts = kept | {device["deviceID"]: device["count"] for device in body["devices"]}
        self._cursor = body["cursor"]
        self.replicas.add(self._cursor.partition(".")[0])
        return self.counts


def test_three_replicas_behind_a_round_robin_and_one_is_killed(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker
) -> None:
    signed_in = {"ENGAGE__AUTH": "true", "ENGAGE__TRUSTED_PROXIES": '["127.0.0.0/8"]'}
    ones, twos = ({f"cam{device}": count for device in range(5)} for count in (1, 2))
    with (
        replicas(tmp_path, 3, bus, store, **signed_in) as servers,
        Nginx(tmp_path, [server.port for server in servers]) as nginx,
        requests.Session() as web,
    ):
        url = f"http://127.0.0.1:{nginx.port}"
        token, poll = sign_in(web, url, store), Poll(web, url)
        with Crowd([nginx.port], [{"token": token}] * 51, keep=True) as crowd:
            report(worker, 5, 1)
            crowd.until(lambda: crowd.shown == 51 and show(crowd, 5, 1), within=PATIENCE)
            eventually(lambda: poll.ask() == ones and len(poll.replicas) == 3)
            servers[0].kill()
            report(worker, 5, 2)
            crowd.until(lambda: crowd.summary()["lost"], within=BACK)
            crowd.until(lambda: crowd.shown == 51 and show(crowd, 5, 2), within=BACK)
            eventually(lambda: poll.ask() == twos, within=BACK)
            lost, gaps = crowd.summary()["lost"], crowd.summary()["gaps"]
            assert (lost, gaps) == (17, 0)


@pytest.mark.slow
def test_two_replicas_share_two_thousand_browsers_and_one_is_killed(
    tmp_path: Path, bus: BusSettings, store: StoreSettings, worker: Worker
) -> None:
    """Their clients share two cores with the services: all are back in 0.9 s where little else runs."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with replicas(tmp_path, 2, bus, store) as servers:
        ports = [server.port for server in servers]
        report(worker, 40, 1)
        with Crowd(ports, [{}] * 2000) as crowd:
            crowd.until(lambda: crowd.shown == 2000, within=PATIENCE)
            servers[0].kill()
            report(worker, 40, 2)
            crowd.until(lambda: crowd.shown < 2000, within=BACK)
            crowd.until(lambda: crowd.shown == 2000, within=BACK)
            summary, truth = crowd.summary(), servers[1].devices()
            assert (summary["gaps"], servers[1].metric("headway_viewers")) == (0, 2000)
            assert {device["count"] for device in truth.values()} == {2}
