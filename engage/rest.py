"""The devices, over REST: one answer for all of them, and only what changed for those who ask again."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from flask import Response, request

from common.ports.clock import Clock
from engage.access.gate import confirm
from engage.access.roles import Role, current
from engage.board import Board, Entry
from engage.contract import Body, Contract
from engage.cursor import Cursor, Since
from engage.formats import as_csv, as_json
from engage.fragments import device_json
from engage.models import Device, Devices, SelectedDevices
from engage.news import News, news
from engage.problems import problem
from engage.query import DeviceQuery, DevicesQuery, Wanted
from engage.tags import Tags
from engage.waiting import FullError, Waiting

Look = Callable[[], Board]

JSON, CSV = "application/json", "text/csv"
_KEPT = {"Cache-Control": "private, no-cache"}
_RETRY = "5"
_ALL = "What is known of every device, or what changed since an earlier answer"


@dataclass(frozen=True)
class _Asked:
    """A query, and how it is answered."""

    query: DevicesQuery
    wanted: Wanted
    question: str
    media_type: str

    @classmethod
    def of(cls, query: DevicesQuery) -> "_Asked":
        wanted = Wanted.of(query, current().sites)
        best = request.accept_mimetypes.best_match((JSON, CSV), JSON)
        media_type = {"json": JSON, "csv": CSV, None: best}[query.format]
        return cls(query, wanted, wanted.digest(), media_type)

    def since(self, board: Board) -> Since | None:
        cursor = Cursor.parse(self.query.since) if self.query.since else None
        return cursor.since(board, self.question) if cursor else None

    def tag(self, shown: int) -> str:
        """The same on every replica that would answer the same, but for ages."""
        query = self.query
        form = blake2b(f"{query.since} {query.fields} {self.media_type}".encode(), digest_size=8).hexdigest()
        return f"{shown:016x}{self.question}{form}"


@dataclass(frozen=True)
class _Devices:
    board: Look
    waiting: Waiting
    clock: Clock
    tags: Tags

    def answer(self, query: DevicesQuery) -> Response:
        asked = _Asked.of(query)
        if not query.wait:
            return self._reply(asked, self.board())
        try:
            board, found = self._found(asked)
        except FullError:
            detail = f"As many requests wait as may; ask without `wait`, or again in {_RETRY} s."
            return problem(503, "Too many wait", detail, {"Retry-After": _RETRY})
        confirm()
        return self._reply(asked, board, found)

    def _reply(self, asked: _Asked, board: Board, found: News | None = None) -> Response:
        """What is new is looked for where nobody did, and only for whoever does not have this very answer."""
        tag = asked.tag(self.tags.of(board, current().sites))
        if request.if_none_match.contains_weak(tag):
            response = Response(status=304, headers=_KEPT)
        else:
            if found is None:
                found = news(board, asked.wanted, asked.since(board))
            response = self._response(asked, board, found)
        response.set_etag(tag, weak=True)
        response.vary.add("Accept")
        return response

    def _found(self, asked: _Asked) -> tuple[Board, News]:
        """At once, or as soon as there is anything new within the time that was given; FullError."""
        change = self.waiting.change()
        board = self.board()
        since = asked.since(board)
        found = news(board, asked.wanted, since)
        until = self.clock.monotonic() + asked.query.wait
        while not found and (left := until - self.clock.monotonic()) > 0:
            if not self.waiting.wait(change, left):
                break
            change = self.waiting.change()
            before, board = board, self.board()
            changed = self.waiting.changed(board, before.revision)
            if news(board, asked.wanted, Since(before.revision, 0), changed):
                found = news(board, asked.wanted, since)
        return board, found

    def _response(self, asked: _Asked, board: Board, found: News) -> Response:
        now, query = self.clock.monotonic(), asked.query
        if asked.media_type == CSV:
            body = as_csv(found.devices, now, query.flow, query.fields)
        else:
            cursor = Cursor(board.replica, board.revision, self.clock.wall(), asked.question)
            body = as_json(board, found, str(cursor), now, query.flow, query.fields)
        return Response(body, headers=_KEPT, content_type=asked.media_type)


def add_devices(api: Contract, board: Look, waiting: Waiting, clock: Clock) -> None:
    answers = {
        200: Body(Devices, also=(CSV,), alternative=SelectedDevices),
        304: Body(media_type="", description="nothing differs from the answer with the ETag you have"),
    }
    devices = _Devices(board, waiting, clock, Tags())

    @api.get("/api/v1/devices", _ALL, answers, role=Role.VIEWER, query=DevicesQuery)
    def list_devices(query: DevicesQuery) -> Response:
        return devices.answer(query)

    @api.get(
        "/api/v1/devices/<name>",
        "What is known of a device",
        {200: Body(Device)},
        role=Role.VIEWER,
        query=DeviceQuery,
    )
    def one_device(name: str, query: DeviceQuery) -> Response:
        entry = seen(board(), name)
        if entry is None:
            return no_device(name)
        if query.flow and query.flow not in entry.values:
            return problem(404, "No value", f"Device {name!r} has no value of the flow {query.flow!r}.")
        body = device_json(entry, clock.monotonic(), query.flow)
        return Response(body, headers={"Cache-Control": "no-store"}, content_type=JSON)


def seen(board: Board, name: str) -> Entry | None:
    """The device, if there is one that the asker may see."""
    entry = board.entries.get(name)
    sites = current().sites
    return entry if entry and (sites is None or entry.site in sites) else None


def no_device(name: str) -> Response:
    detail = f"No device {name!r} is known; /api/v1/devices lists those that are."
    return problem(404, "Unknown device", detail)
