"""Pictures over HTTP: one request a picture, answered by a JPEG, or by a motion JPEG stream and its first."""

import http.client
import re
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from common.picture import JPEG_START, BadPicture, measure
from common.ports.clock import Clock
from ingest.cameras.address import Network
from ingest.cameras.camera import CameraError, Frame
from ingest.settings import MAX_BYTES

TIMEOUT = 5.0
WHOLE = 10.0
_CHUNK = 64 * 1024
_HINTS = {
    401: "check user and password",
    403: "the user may not see pictures",
    404: "check the path",
    410: "check the path",
}
_LENGTH = re.compile(rb"(?i)\ncontent-length:\s*(\d{1,9})\s*\r\n")


class Snapshot:
    """Basic and digest authentication. Follows to no other host, and asks no proxy."""

    def __init__(self, address: Network, clock: Clock) -> None:
        self._address = address
        self._place = address.place
        self._clock = clock
        self._opener = _opener(address)

    def open(self) -> None:
        """Each picture is a request of its own."""

    def read(self) -> Frame:
        try:
            with self._opener.open(self._address.bare, timeout=TIMEOUT) as response:
                data = _first_picture(response.headers, self._chunks(response))
                taken_at = self._clock.wall()
            measure(data)
        except BadPicture as error:
            raise CameraError(f"{self._place} sent no picture: {error.reason}") from error
        except HTTPError as error:
            error.close()
            raise self._refused(error.code) from error
        except URLError as error:
            raise CameraError(f"cannot reach {self._place}: {_why(error.reason)}") from error
        except OSError as error:
            raise CameraError(f"{self._place} broke off: {_why(error)}") from error
        except http.client.HTTPException as error:
            raise CameraError(f"{self._place} broke off or speaks no HTTP: {type(error).__name__}") from error
        return Frame(data, taken_at)

    def close(self) -> None:
        """Nothing is kept open."""

    def _refused(self, status: int) -> CameraError:
        hint = f": {_HINTS[status]}" if status in _HINTS else ""
        return CameraError(f"{self._place} answers {status}{hint}", lasting=status in _HINTS)

    def _chunks(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        deadline = self._clock.monotonic() + WHOLE
        size = 0
        while chunk := response.read1(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise CameraError(f"{self._place} sent more than {MAX_BYTES} bytes for one picture")
            if self._clock.monotonic() > deadline:
                raise CameraError(f"{self._place} took more than {WHOLE:.0f} s for one picture")
            yield chunk


def _first_picture(headers: Message, chunks: Iterator[bytes]) -> bytes:
    """BadPicture where it is none: a login page often comes with status 200."""
    boundary = headers.get_boundary() if headers.get_content_maintype() == "multipart" else None
    data = _first_part(chunks, boundary.strip("-").encode()) if boundary else b"".join(chunks)
    if not data.startswith(JPEG_START):
        raise BadPicture(
            f"{headers.get_content_type()[:50]} without a JPEG; is a login needed, or another path?"
        )
    return data


def _first_part(chunks: Iterator[bytes], boundary: bytes) -> bytes:
    """What stands between the first and the second boundary, less its headers; or as much as they say."""
    data, begin, end = bytearray(), -1, -1
    for chunk in chunks:
        searched = max(0, len(data) - len(boundary))
        data += chunk
        if begin < 0 and (blank := data.find(b"\r\n\r\n", 2)) >= 0:
            begin = searched = blank + 4
            if length := _LENGTH.search(data, 0, begin):
                end = begin + int(length[1])
        if 0 <= end <= len(data):
            return bytes(data[begin:end])
        if begin >= 0 > end and (mark := data.find(boundary, max(begin, searched))) >= 0:
            return bytes(data[begin:mark])
    raise BadPicture("truncated")


def _why(reason: object) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {reason.verify_message}"
    if isinstance(reason, OSError):
        return reason.strerror or str(reason)
    return str(reason)


def _opener(address: Network) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _SameHost(address)]
    if address.username is not None:
        handlers.append(_Login(address.place, address.username, address.password))
    return urllib.request.build_opener(*handlers)


class _Login(urllib.request.HTTPDigestAuthHandler):
    """Says the password once a picture; urllib says a wrong one five times, and cameras lock users out."""

    def __init__(self, place: str, username: str, password: str) -> None:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, place, username, password)
        super().__init__(passwords)
        self._basic = "Basic " + b64encode(f"{username}:{password}".encode()).decode()

    def http_error_401(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
    ) -> http.client.HTTPResponse | None:
        """None where there is nothing left to say: urllib makes an HTTPError of it."""
        del code, msg
        challenges = {c.partition(" ")[0].lower(): c for c in headers.get_all("WWW-Authenticate", [])}
        if req.has_header(self.auth_header):
            return None
        if "digest" in challenges:
            fp.close()
            with suppress(ValueError, IndexError):  # a challenge that is not well formed
                return self.retry_http_digest_auth(req, challenges["digest"])
        elif "basic" in challenges:
            fp.close()
            req.add_unredirected_header(self.auth_header, self._basic)
            response: http.client.HTTPResponse = self.parent.open(req, timeout=req.timeout)
            return response
        return None


class _SameHost(urllib.request.HTTPRedirectHandler):
    def __init__(self, address: Network) -> None:
        self._address = address

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        target = urlsplit(newurl)
        if target.hostname != self._address.host or target.scheme not in {self._address.scheme, "https"}:
            fp.close()
            raise CameraError(
                f"{self._address.place} redirects to another host: give that address", lasting=True
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
