"""A browser's connection over a real socket, without a server: what it sends, and what it does not read."""

import selectors
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]
from wsproto.frame_protocol import FrameProtocol

from engage.line import Hub, Line, Ready
from engage.outgoing import Held
from tests.eventually import PATIENCE, eventually

BIG = b"x" * 2**20


class Bench:
    """An Owner of one line and its Hub; `turn` does what is due."""

    def __init__(self) -> None:
        self.hub: Hub = self
        self.held = Held()
        self.clock = 0.0
        self.packets: list[str] = []
        self.reasons: list[str] = []
        self.drained = 0
        self.while_heard: Callable[[], object] = lambda: None
        ours, self.browser = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.browser.settimeout(PATIENCE)
        self._selector = selectors.DefaultSelector()
        self._ready: dict[int, Ready] = {}
        self._jobs: list[Callable[[], None]] = []
        self.line = Line(self, "sid", ours, {})
        self.line.drained = self._drained
        self.line.open()

    def close(self) -> None:
        self.line.hang_up(1001, "the end")
        self.turn()
        assert not self._selector.get_map(), "nobody listens to a closed line"
        assert self.held.bytes == 0
        self._selector.close()
        self.browser.close()

    def now(self) -> float:
        return self.clock

    def heard(self, _line: Line, packets: list[str]) -> None:
        self.packets += packets
        self.while_heard()

    def ended(self, _line: Line, reason: str) -> None:
        self.reasons.append(reason)

    def take(self, environ: dict[str, Any]) -> socket.socket:
        raise NotImplementedError

    def every(self, seconds: float, job: Callable[[], None]) -> None:
        raise NotImplementedError

    def reads(self, sock: socket.socket, ready: Ready | None) -> None:
        self._listen(sock, selectors.EVENT_READ, ready)

    def writes(self, sock: socket.socket, ready: Ready | None) -> None:
        self._listen(sock, selectors.EVENT_WRITE, ready)

    def spawn(self, job: Callable[[], None]) -> None:
        self._jobs.append(job)

    def _listen(self, sock: socket.socket, kind: int, ready: Ready | None) -> None:
        known: dict[int, Ready] = {}
        if sock.fileno() in self._selector.get_map():
            known = self._selector.unregister(sock).data
        known = {other: each for other, each in known.items() if other != kind} | (
            {kind: ready} if ready else {}
        )
        if known:
            self._selector.register(sock, sum(known), known)

    def _drained(self) -> None:
        self.drained += 1

    def turn(self) -> None:
        for key, events in self._selector.select(0):
            for kind, ready in key.data.items():
                if events & kind:
                    ready(key.fd)
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            job()

    def until(self, condition: Callable[[], object]) -> None:
        def met() -> object:
            self.turn()
            return condition()

        eventually(met)

    def say(self, *texts: str) -> None:
        client = FrameProtocol(client=True, extensions=[])
        self.browser.sendall(b"".join(client.send_data(text, fin=True) for text in texts))
        self.turn()

    def read(self, size: int) -> bytes:
        """What the browser reads, while the line writes."""
        data = b""
        while len(data) < size:
            self.turn()
            data += self.browser.recv(min(65_536, size - len(data)))
        return data


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_messages_are_handed_on_and_answers_to_pings_are_not(bench: Bench) -> None:
    bench.say("40/live,", "3", '42/live,["resync"]')
    assert bench.packets == ["0/live,", '2/live,["resync"]']
    bench.say("4again")
    assert bench.packets[2:] == ["again"]


def test_a_browser_that_does_not_read_costs_one_frame_and_is_told_when_there_is_room(bench: Bench) -> None:
    frames = [bytes([number]) * 2**20 for number in range(3)]
    assert bench.line.offer(frames[0])
    assert [bench.line.offer(frame) for frame in frames[1:] * 100] == [False] * 200
    assert bench.held.bytes == len(frames[0])
    bench.turn()
    assert bench.drained == 0
    assert bench.read(2**20) == frames[0]
    bench.turn()
    assert (bench.drained, bench.held.bytes) == (1, 0)
    assert bench.line.offer(b"next")
    assert bench.read(4) == b"next"
    bench.turn()
    assert bench.drained == 1


def test_packets_of_the_protocols_come_between_frames_and_never_inside(bench: Bench) -> None:
    bench.line.offer(BIG)
    bench.line.send(Packet(MESSAGE, "0/live,{}"))
    bench.clock = 5
    bench.line.tick(5)
    assert bench.read(2**20) == BIG
    assert bench.read(12) == b"\x81\x0a40/live,{}"
    assert bench.line.offer(b"after")
    assert bench.read(5) == b"after"


def test_the_rest_of_a_frame_that_many_read_slowly_is_kept_once() -> None:
    held = Held()
    for _ in range(1000):
        held.hold(BIG)
    assert held.bytes == len(BIG)
    for _ in range(1000):
        held.release(BIG)
    assert held.bytes == 0


def test_who_leaves_too_many_packets_unread_is_hung_up_on(bench: Bench) -> None:
    bench.line.offer(BIG)
    for _ in range(20):
        bench.line.send(Packet(MESSAGE, "x" * 4000))
    assert bench.line.closed
    bench.turn()
    assert bench.reasons == ["transport error"]


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        pytest.param(lambda b: b.browser.close(), "transport close", id="its page is closed"),
        pytest.param(lambda b: b.say("1"), "client disconnect", id="it says goodbye"),
        pytest.param(lambda b: b.say("9"), "transport error", id="no Engine.IO"),
        pytest.param(lambda b: b.browser.sendall(b"\x81\x01a"), "transport error", id="no WebSocket"),
        pytest.param(lambda b: b.say(*["4x"] * 30), "too many messages", id="it floods us"),
        pytest.param(lambda b: after(b, 5, 15.1), "ping timeout", id="it answers no ping"),
        pytest.param(lambda b: after(b, 10.1), "joined nothing", id="it joins nothing"),
        pytest.param(lambda b: after(b, 0, 30.1, big=True), "too slow", id="it reads nothing"),
        pytest.param(lambda b: b.line.close(), "server disconnect", id="we close it"),
    ],
)
def test_how_a_line_ends(bench: Bench, story: Callable[[Bench], object], reason: str) -> None:
    story(bench)
    bench.until(lambda: bench.line.closed)
    bench.turn()
    assert bench.reasons == [reason]
    assert not bench.line.offer(b"late")
    bench.line.send(Packet(MESSAGE, "late"))


def after(bench: Bench, *moments: float, big: bool = False) -> None:
    bench.line.joined = len(moments) > 1
    if big:
        bench.line.offer(BIG)
    for bench.clock in moments:
        bench.line.tick(bench.clock)


def test_who_answers_pings_stays(bench: Bench) -> None:
    bench.line.joined = True
    for bench.clock in range(5, 100, 5):
        bench.line.tick(bench.clock)
        assert bench.browser.recv(100) == b"\x81\x012"
        bench.say("3")
    assert not bench.line.closed


def test_what_comes_while_a_message_is_handled_waits_for_it(bench: Bench) -> None:
    def more_comes() -> None:
        bench.while_heard = lambda: None
        client = FrameProtocol(client=True, extensions=[])
        bench.browser.sendall(client.send_data("4second", fin=True))
        bench.browser.shutdown(socket.SHUT_WR)
        bench.turn()
        assert (bench.packets, bench.line.closed) == (["first"], False)

    bench.while_heard = more_comes
    bench.say("4first")
    bench.until(lambda: bench.reasons)
    assert (bench.packets, bench.reasons) == (["first", "second"], ["transport close"])
