"""A web camera that answers as real ones do, well and badly. Digest authentication under `/digest/`."""

import hashlib
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import parse_keqv_list

USER, PASSWORD = "admin", "p@ss:w/rd 100%"
REALM = "camera"


class HttpCamera(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, picture: bytes, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.picture = picture
        self.asked: list[str] = []
        self.leaving = threading.Event()
        self.nonce = secrets.token_hex(8)

    def handle_error(self, *_: object) -> None:
        """A client that leaves early is what is tested."""

    @contextmanager
    def running(self) -> Iterator["HttpCamera"]:
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="http camera")
        thread.start()
        try:
            yield self
        finally:
            self.leaving.set()
            self.shutdown()
            thread.join()
            self.server_close()

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: HttpCamera

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        """Quiet."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, _, query = self.path.partition("?")
        status, kind, body = self._answer(path, query)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 401:
            self.send_header("WWW-Authenticate", self._challenge(path))
        if status == 302:
            self.send_header("Location", query)
        if path == "/truncated.jpg":
            self.send_header("Content-Length", str(len(self.server.picture)))
        self.end_headers()
        for chunk in body:
            self.wfile.write(chunk)

    def _answer(self, path: str, query: str) -> tuple[int, str, Iterator[bytes]]:
        picture = self.server.picture
        match path:
            case "/snapshot.jpg":
                return 200, "image/jpeg", iter([picture])
            case "/basic/snapshot.jpg" | "/digest/snapshot.jpg" | "/bearer/snapshot.jpg":
                good = self._authorized(path)
                return (200, "image/jpeg", iter([picture])) if good else (401, "text/html", iter([b"no"]))
            case "/login":
                return 200, "text/html", iter([b"<html><form>please log in</form></html>"])
            case "/moving":
                return 200, "multipart/x-mixed-replace; boundary=frame", self._stream(with_length=not query)
            case "/truncated.jpg":
                return 200, "image/jpeg", iter([picture[: len(picture) // 2]])
            case "/endless":
                return 200, "image/jpeg", self._endless(picture)
            case "/slow":
                return 200, "image/jpeg", self._slow(picture)
            case "/elsewhere":
                return 302, "text/html", iter([])
            case _:
                return 404, "text/html", iter([b"no such page"])

    def _stream(self, *, with_length: bool) -> Iterator[bytes]:
        """Frame after frame, until the other side has enough."""
        picture = self.server.picture
        length = f"Content-Length: {len(picture)}\r\n" if with_length else ""
        while not self.server.leaving.wait(0.01):
            yield f"\r\n--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + picture

    def _endless(self, picture: bytes) -> Iterator[bytes]:
        while not self.server.leaving.is_set():
            yield picture[:1000] * 1000

    def _slow(self, picture: bytes) -> Iterator[bytes]:
        for start in range(len(picture)):
            if self.server.leaving.wait(0.02):
                return
            yield picture[start : start + 1]

    def _challenge(self, path: str) -> str:
        if path.startswith("/digest"):
            return f'Digest realm="{REALM}", nonce="{self.server.nonce}", qop="auth", algorithm=MD5'
        return f'{"Basic" if path.startswith("/basic") else "Bearer"} realm="{REALM}"'

    def _authorized(self, path: str) -> bool:
        scheme, _, said = self.headers.get("Authorization", "").partition(" ")
        if path.startswith("/basic"):
            return (scheme, said) == ("Basic", b64encode(f"{USER}:{PASSWORD}".encode()).decode())
        if scheme != "Digest" or not path.startswith("/digest"):
            return False
        fields = parse_keqv_list([field.strip() for field in said.split(",")])
        secret = _md5(f"{USER}:{REALM}:{PASSWORD}")
        request = _md5(f"GET:{self.path}")
        rest = f"{self.server.nonce}:{fields['nc']}:{fields['cnonce']}:auth"
        return fields["response"] == _md5(f"{secret}:{rest}:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
