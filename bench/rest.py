"""What a client of REST waits for with 10,000 devices: all of them, and that nothing changed."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from statistics import median

import psutil

from bench.row import Row
from bench.yard import fill, yard
from tests.eventually import eventually

DEVICES = 10_000
_ALL = "/api/v1/devices"
_FULL, _POLLS = 25, 1000


def rows() -> Iterator[Row]:
    """Medians of round trips over one connection, the client's share of them included."""
    with yard() as place:
        fill(place, DEVICES)
        place.engage.start()
        eventually(place.engage.rebuilt, within=60)
        connection = http.client.HTTPConnection("127.0.0.1", place.engage.port, timeout=30)
        plain, body, tag = _answer(connection, {})
        known = json.loads(body)
        if len(known["devices"]) != DEVICES:
            raise RuntimeError(f"{len(known['devices'])} devices")
        yield Row("engage.devices_10k_ms", _median(connection, _ALL, {}, _FULL, 200), "ms", 150)
        packed = {"Accept-Encoding": "gzip"}
        yield Row("engage.devices_10k_gzip_ms", _median(connection, _ALL, packed, _FULL, 200), "ms", 150)
        yield Row("engage.devices_10k_kb", round(plain / 1000), "kB")
        yield Row("engage.devices_10k_gzip_kb", round(_answer(connection, packed)[0] / 1000), "kB")
        polls = (
            (_ALL, {"If-None-Match": tag}, 304),
            (f"{_ALL}?since={known['cursor']}", dict[str, str](), 200),
        )
        spent = [_poll(place.engage.pid, connection, *poll) for poll in polls]
        yield Row("engage.unchanged_poll_ms", max(cpu for cpu, _ in spent), "ms of server time", 2)
        yield Row("engage.unchanged_poll_round_trip_ms", max(took for _, took in spent), "ms")
        connection.close()


def _poll(
    pid: int, connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], status: int
) -> tuple[float, float]:
    """Milliseconds of the server's processor for each poll, and the median round trip."""
    server = psutil.Process(pid)
    before = server.cpu_times()
    took = _median(connection, path, headers, _POLLS, status)
    after = server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return round(spent / _POLLS * 1000, 2), took


def _median(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], times: int, status: int
) -> float:
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        spent.append(time.perf_counter() - start)
        if answer.status != status:
            raise RuntimeError(f"{answer.status} for {path}")
    return round(median(spent) * 1000, 2)


def _answer(connection: http.client.HTTPConnection, headers: Mapping[str, str]) -> tuple[int, bytes, str]:
    connection.request("GET", _ALL, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    return len(body), body, answer.headers["ETag"]
