"""What the web service tells, and answers that are none."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from headway.devices import fetch
from headway.probes import web_trouble

OK = b"HTTP/1.0 200 OK\r\n"
Serve = Callable[[bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that gives the same answer to everybody; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers: list[bytes] = []

        def run() -> None:
            while True:
                client, _ = server.accept()
                with client:
                    if not client.recv(65_536):
                        return
                    client.sendall(answers[0])

        thread = threading.Thread(target=run)

        def start(answer: bytes) -> str:
            answers.append(answer)
            thread.start()
            return f"http://127.0.0.1:{server.getsockname()[1]}"

        yield start
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_the_devices_are_asked_past_a_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    web = serve(OK + b'\r\n{"revision": 1, "devices": [{"deviceID": "a"}]}')
    assert fetch(web) == [{"deviceID": "a"}]
    assert web_trouble(f"{web}/readyz") is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (OK + b"\r\nnot JSON", ValueError),
        (OK + b"\r\n[]", ValueError),
        (OK + b'\r\n{"devices": {}}', ValueError),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", OSError),
        (OK + b"Content-Length: 1000\r\n\r\n{", ValueError),
        (b"nonsense\r\n\r\n", OSError),
        (b"", OSError),
    ],
)
def test_another_answer_is_an_error(serve: Serve, answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch(serve(answer))
