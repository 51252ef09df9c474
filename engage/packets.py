"""The events of the live channel as the bytes that travel: each is encoded once, whoever gets it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from engage.board import Board, Entry
from engage.fragments import device_json
from engage.frames import Opcode, pack
from engage.rooms import News
from engage.scope import Scope

LIVE = "/live"


class Packet(NamedTuple):
    """An event and the JSON of its one argument."""

    event: str
    body: bytes

    def frame(self) -> bytes:
        """The WebSocket frame of the Engine.IO message of the Socket.IO event."""
        return pack(Opcode.TEXT, b'42%b,["%b",%b]' % (LIVE.encode(), self.event.encode(), self.body))


class Packets:
    """Of one moment: a device that many rooms see is encoded once."""

    def __init__(self, board: Board, now: float, wall: float) -> None:
        """`now` is monotonic, `wall` unix seconds."""
        self._board = board
        self._now = now
        self._wall = wall
        self._made: dict[tuple[str | None, str], bytes] = {}

    def snapshot(self, scope: Scope) -> Packet:
        """Everything in the scope, by id."""
        devices = self._devices(scope.flow, seen(scope, self._board))
        return Packet("snapshot", b'{%b,"devices":[%b]}' % (self._head(), devices))

    def changes(self, news: News) -> Packet:
        devices = self._devices(news.scope.flow, (self._board.entries[name] for name in news.devices))
        body = b'{"since":%d,%b,"devices":[%b],"gone":%b}'
        return Packet("changes", body % (news.since, self._head(), devices, orjson.dumps(news.gone)))

    def _head(self) -> bytes:
        now, broker = orjson.dumps(self._wall), orjson.dumps(self._board.broker)
        return b'"revision":%d,"now":%b,"broker":%b' % (self._board.revision, now, broker)

    def _devices(self, flow: str | None, entries: Iterable[Entry]) -> bytes:
        return b",".join([self._device(flow, entry) for entry in entries])

    def _device(self, flow: str | None, entry: Entry) -> bytes:
        key = flow, entry.device_id
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = device_json(entry, self._now, flow)
        return made


def seen(scope: Scope, board: Board) -> list[Entry]:
    """The entries that a scope admits, by id."""
    names = board.entries if scope.devices is None else scope.devices & board.entries.keys()
    return [entry for name in sorted(names) if scope.admits(entry := board.entries[name])]
