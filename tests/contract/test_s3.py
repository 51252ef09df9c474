"""What only a real connection to a store shows: who is let in, TLS, time-outs, answers that make no sense."""

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from common.adapters.s3 import S3Store
from common.ports.store import NotFoundError, ObjectStore, StoreError
from common.settings import StoreSettings
from tests.eventually import PATIENCE
from tests.servers import Weed, free_ports

CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "ensure_bucket": lambda store: store.ensure_bucket(),
    "put": lambda store: store.put("a", b"x"),
    "get": lambda store: store.get("a", 100),
    "delete": lambda store: store.delete(["a"]),
    "list": lambda store: store.list(""),
}
UNPATIENT = 5.0
"""Seconds; minio's own attempts and the pauses between them take 6 and more."""

INCOMPLETE = b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


def opened(settings: StoreSettings, call: Callable[[ObjectStore], object]) -> StoreError:
    """The error of the call."""
    store = S3Store(settings)
    try:
        with pytest.raises(StoreError) as caught:
            call(store)
    finally:
        store.close()
    return caught.value


@every_call
@pytest.mark.parametrize("wrong", [{"secret_key": "canary"}, {"access_key": "nobody"}])
def test_wrong_credentials_do_not_pass(
    weed: Weed, wrong: dict[str, str], call: Callable[[ObjectStore], object]
) -> None:
    error = opened(weed.settings(**wrong), call)
    assert not error.transient
    assert re.search(rf"127\.0\.0\.1:{weed.port} refused to (check bucket|put|get|delete|list) ", str(error))
    assert re.search(r"; check store\.(access_key and store\.)?secret_key", str(error))
    assert "canary" not in str(error)


def test_what_is_to_expire_has_a_rule_and_nothing_else_has(s3: S3Store) -> None:
    """Set twice, as at every start. When the store acts on it is the store's business."""
    for _ in range(2):
        s3.expire("quarantine/", 30)
    s3.put("quarantine/a", b"kept for now")
    config = s3._minio.get_bucket_lifecycle(bucket_name=s3.bucket)
    assert config
    (rule,) = config.rules
    assert rule.rule_filter
    assert rule.expiration
    assert (rule.status, rule.rule_filter.prefix, rule.expiration.days) == ("Enabled", "quarantine/", 30)
    assert s3.get("quarantine/a", 100) == b"kept for now"


def test_without_credentials_nobody_gets_in(weed: Weed) -> None:
    error = opened(weed.settings(access_key=None, secret_key=None), CALLS["list"])
    assert not error.transient
    assert str(error).endswith("; set store.access_key and store.secret_key")


@every_call
def test_nobody_there(call: Callable[[ObjectStore], object]) -> None:
    (port,) = free_ports(1)
    start = monotonic()
    error = opened(StoreSettings(endpoint=f"127.0.0.1:{port}"), call)
    assert error.transient
    assert "Connection refused" in str(error)
    assert monotonic() - start < UNPATIENT


def test_a_bucket_that_is_not_there_is_said(weed: Weed, bucket: str) -> None:
    error = opened(weed.settings(bucket=bucket), CALLS["list"])
    assert "NoSuchBucket" in str(error)
    assert not error.transient


def test_many_may_ensure_the_same_bucket_at_once(weed: Weed, bucket: str) -> None:
    stores = [S3Store(weed.settings(bucket=bucket)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(S3Store.ensure_bucket, stores))
    for store in stores:
        store.close()


def test_works_from_many_threads(weed: Weed, prefix: str) -> None:
    store = S3Store(weed.settings())
    names = [f"{prefix}/{i:03}" for i in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: store.put(name, name.encode()), names))
        assert list(pool.map(lambda name: store.get(name, 100).decode(), names)) == names
    store.close()


Answer = Callable[[socket.socket], None]
Serve = Callable[..., StoreSettings]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that does this with every connection; settings with a time-out."""
    ended = threading.Event()
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept(listener: socket.socket, answer: Answer, tls: ssl.SSLContext | None) -> None:
        while not ended.is_set():
            with suppress(OSError):
                plain, _ = listener.accept()
                plain.settimeout(PATIENCE)
                with plain, tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                    connection.recv(65_536)
                    answer(connection)

    def serve(answer: Answer, tls: ssl.SSLContext | None = None, timeout: float = PATIENCE) -> StoreSettings:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.05)
        listeners.append(listener)
        threads.append(threading.Thread(target=accept, args=(listener, answer, tls)))
        threads[-1].start()
        return StoreSettings(endpoint=f"127.0.0.1:{listener.getsockname()[1]}", timeout=timeout)

    yield serve
    ended.set()
    for thread in threads:
        thread.join()
    for listener in listeners:
        listener.close()


def until_closed(connection: socket.socket) -> None:
    with suppress(OSError):
        while connection.recv(65_536):
            pass


def trickle(connection: socket.socket) -> None:
    """An object that comes byte by byte, each in time, for as long as one listens."""
    wait = threading.Event()
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            wait.wait(0.1)


def answering(
    status: str, body: bytes = b"", content_type: str = "application/xml", **headers: Any
) -> Answer:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return lambda connection: connection.sendall(f"{head}Connection: close\r\n{more}\r\n".encode() + body)


@every_call
def test_a_server_that_never_answers_costs_the_time_out(
    serve: Serve, call: Callable[[ObjectStore], object]
) -> None:
    start = monotonic()
    error = opened(serve(until_closed, timeout=0.3), call)
    assert error.transient
    assert monotonic() - start < UNPATIENT


def test_a_server_that_sends_too_slowly_costs_the_time_out(serve: Serve) -> None:
    start = monotonic()
    error = opened(serve(trickle, timeout=1.5), CALLS["get"])
    assert error.transient
    assert "too slowly" in str(error)
    assert monotonic() - start < UNPATIENT


def test_a_body_that_ends_early_is_an_error(serve: Serve) -> None:
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort"
    assert opened(serve(lambda connection: connection.sendall(short)), CALLS["get"]).transient


@every_call
@pytest.mark.parametrize(
    ("answer", "transient"),
    [
        (answering("503 Slow Down", b"<Error><Code>SlowDown</Code></Error>"), True),
        (answering("500 Oops", b"<Error><Code>InternalError</Code></Error>"), True),
        (answering("502 Bad Gateway", b"<html>" + b"x" * 100_000, "text/html"), True),
        (answering("400 Bad", b"<Error><Code>MalformedXML</Code></Error>"), False),
        (answering("403 No", b"<Error><Code>RequestTimeTooSkewed</Code></Error>"), True),
        (answering("403 No", b"<Error><Code>AccessDenied</Code></Error>"), False),
    ],
    ids=["503", "500", "502", "400", "skewed", "403"],
)
def test_what_may_pass_and_what_will_not(
    serve: Serve, answer: Answer, *, transient: bool, call: Callable[[ObjectStore], object]
) -> None:
    error = opened(serve(answer), call)
    if call is not CALLS["ensure_bucket"]:  # a HEAD request: the answer's body and code are missing
        assert error.transient is transient
    assert len(str(error)) <= 300


@pytest.mark.parametrize("body", [b"", b"no xml", b"<a>", b"\xff\xfe", b"<Error/>", INCOMPLETE])
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops"])
@every_call
def test_nonsense_is_an_error_of_the_store_or_nothing(
    serve: Serve, status: str, body: bytes, call: Callable[[ObjectStore], object]
) -> None:
    store = S3Store(serve(answering(status, body)))
    with suppress(StoreError):
        call(store)
    store.close()


def test_compressed_objects_are_not_unpacked(serve: Serve) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    store = S3Store(serve(answering("200 OK", bomb, Content_Encoding="gzip")))
    assert store.get("a", limit=len(bomb)) == bomb
    store.close()


def with_keys(settings: StoreSettings) -> StoreSettings:
    return settings.model_copy(update={"access_key": "me", "secret_key": SecretStr("canary")})


RIGHT = "check store.secret_key, and give store.access_key the right"
LOG = "it is starting, overloaded or broken: its own log says which"


@pytest.mark.parametrize(
    ("call", "answer", "said"),
    [
        (
            "put",
            answering("403 No", b"<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"),
            f"refused to put a: AccessDenied; {RIGHT} s3:PutObject",
        ),
        (
            "get",
            answering("403 No", b"<Error><Code>AccessDenied</Code><Message>No way.</Message></Error>"),
            f"refused to get a: AccessDenied No way.; {RIGHT} s3:GetObject and s3:ListBucket",
        ),
        (
            "ensure_bucket",
            answering("403 No", b""),
            f"refused to check bucket {{bucket}}: AccessDenied; {RIGHT} s3:ListBucket",
        ),
        (
            "ensure_bucket",
            answering("503 Slow Down", b""),
            f"did not check bucket {{bucket}}: server failed with HTTP status code 503; {LOG}",
        ),
        (
            "list",
            answering("500 No", b"<Error><Code>Odd</Code></Error>"),
            f"refused to list {{bucket}}: Odd; {LOG}",
        ),
        ("list", answering("400 No", b"<Error/>"), "refused to list {bucket}: it does not say why"),
    ],
)
def test_what_to_do_is_said(serve: Serve, call: str, answer: Answer, said: str) -> None:
    settings = with_keys(serve(answer))
    error = str(opened(settings, CALLS[call]))
    assert error == f"{settings.endpoint} {said.format(bucket=settings.bucket)}"


@pytest.mark.parametrize("status", ["404 Not Found", "502 Bad Gateway"])
def test_what_to_do_is_said_of_what_is_no_s3(serve: Serve, status: str) -> None:
    page = answering(status, b"<html>" + b"x" * 100_000, "text/html")
    error = str(opened(serve(page), CALLS["get"]))
    assert error.endswith(LOG if status.startswith("5") else "check store.endpoint and store.secure")
    assert len(error) == 300


def test_some_that_were_not_deleted_are_counted_with_the_reason(serve: Serve) -> None:
    errors = b"<Error><Key>a</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>" * 2
    answer = answering("200 OK", b"<DeleteResult>" + errors + b"</DeleteResult>")
    error = opened(with_keys(serve(answer)), lambda store: store.delete(["a", "b"]))
    assert "refused to delete 2 objects: AccessDenied; check store.secret_key, and give" in str(error)
    assert error.transient


def test_not_found_is_told_from_refused(serve: Serve) -> None:
    error = opened(serve(answering("404 Not", b"<Error><Code>NoSuchKey</Code></Error>")), CALLS["get"])
    assert isinstance(error, NotFoundError)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 99 Foo 1 1 1"])
def test_a_server_whose_date_is_none_is_not_followed(serve: Serve, date: str) -> None:
    error = opened(
        serve(answering("403 No", b"<Error><Code>RequestTimeTooSkewed</Code></Error>", Date=date)),
        CALLS["get"],
    )
    assert error.transient


def secured(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


def trusting(settings: StoreSettings, authority: trustme.CA | None, file: Path) -> StoreSettings:
    if authority:
        authority.cert_pem.write_to_path(file)
    return settings.model_copy(update={"secure": True, "ca_file": file if authority else None})


def test_https_with_its_own_authority(serve: Serve, tmp_path: Path) -> None:
    authority = trustme.CA()
    settings = serve(answering("200 OK", b"hello"), secured(authority, "127.0.0.1"))
    store = S3Store(trusting(settings, authority, tmp_path / "ca.pem"))
    assert store.get("a", limit=10) == b"hello"
    store.close()


@pytest.mark.parametrize("case", ["stranger", "the system's authorities", "another host"])
def test_https_refuses_whom_it_does_not_trust(serve: Serve, tmp_path: Path, case: str) -> None:
    authority = trustme.CA()
    host = "elsewhere.example" if case == "another host" else "127.0.0.1"
    trusted = {"stranger": trustme.CA(), "another host": authority}.get(case)
    settings = serve(answering("200 OK", b"hello"), secured(authority, host))
    error = opened(trusting(settings, trusted, tmp_path / "ca.pem"), CALLS["get"])
    assert "its certificate is not to be trusted" in str(error)
    assert not error.transient
