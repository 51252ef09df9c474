"""The object store over S3, any server. The one home of minio."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from io import BytesIO
from itertools import islice
from time import monotonic
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError, XMLParser

import structlog
import urllib3
from minio import Minio
from minio import time as minio_time
from minio.commonconfig import ENABLED, Filter
from minio.credentials.credentials import Credentials
from minio.deleteobjects import DeleteError, DeleteObject
from minio.error import MinioException, S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from common.adapters.s3_troubles import advice, told, words
from common.adapters.tls import cause, client_context
from common.ports.store import NotFoundError, ObjectInfo, StoreError, TooLargeError
from common.settings import StoreSettings
from common.telemetry import STORE_ERRORS, STORE_SECONDS

_PAGE = 1000
_CHUNK = 64 * 1024
_CONNECTIONS = 16
_ATTEMPTS = 2
_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_OURS_ALREADY = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_PASSING = frozenset({"OperationAborted", "RequestTimeTooSkewed", "RequestTimeout", "SlowDown"})
_PASSING_STATUS = frozenset({408, 409, 425, 429})
_SERVER_FAULT = 500
_FORBIDDEN = 403
_SKEW = timedelta(minutes=1)
"""By which a store's clock may differ; what was signed 15 minutes off S3 refuses."""
_NONSENSE = timedelta(days=36_500)

T = TypeVar("T")

log = structlog.get_logger(__name__)


class S3Store:
    """Calls from any thread. A request ends within the time-out; one that only reads may be tried twice."""

    def __init__(self, settings: StoreSettings) -> None:
        self.bucket = settings.bucket
        self._anonymous = settings.access_key is None
        self._endpoint = settings.endpoint
        self._timeout = settings.timeout
        self._pool = _pool(settings)
        self._minio = _Client(
            settings.endpoint,
            access_key=settings.access_key,
            secret_key=settings.secret(),
            secure=settings.secure,
            region=settings.region,
            http_client=self._pool,
        )

    def close(self) -> None:
        """Give back idle connections; further calls open new ones."""
        self._pool.clear()

    def ensure_bucket(self) -> None:
        def make() -> None:
            try:
                self._minio.make_bucket(bucket_name=self.bucket)
            except S3Error as error:
                if error.code not in _OURS_ALREADY:  # somebody else was faster
                    raise

        name = f"bucket {self.bucket}"
        if not self._call("check", name, partial(self._minio.bucket_exists, bucket_name=self.bucket)):
            self._call("make", name, make)

    def put(self, key: str, data: bytes, content_type: str = "image/jpeg") -> None:
        def put() -> None:
            self._minio.put_object(
                bucket_name=self.bucket,
                object_name=key,
                data=BytesIO(data),
                length=len(data),
                content_type=content_type,
            )

        self._call("put", key, put)

    def get(self, key: str, limit: int) -> bytes:
        def get() -> bytes:
            deadline = monotonic() + self._timeout
            response = self._minio.get_object(bucket_name=self.bucket, object_name=key)
            try:
                return _bounded(response, key, limit, deadline)
            finally:
                response.close()
                response.release_conn()

        return self._call("get", key, get)

    def delete(self, keys: Iterable[str]) -> None:
        rest = iter(keys)
        while page := list(islice(rest, _PAGE)):
            if len(page) > 1:
                self._call("delete", self.bucket, partial(self._delete, page))
            else:  # costs half of what a bulk of one does
                self._delete_one(page[0])

    def _delete_one(self, key: str) -> None:
        with suppress(NotFoundError):
            self._call(
                "delete", key, partial(self._minio.remove_object, bucket_name=self.bucket, object_name=key)
            )

    def _delete(self, page: list[str]) -> None:
        objects = [DeleteObject(key) for key in page]
        errors = list(self._minio.remove_objects(bucket_name=self.bucket, delete_object_list=objects))
        if real := [e for e in errors if e.code not in _MISSING]:
            what = f"{self._endpoint} refused to delete {len(real)} objects: {words(real[0])}"
            raise StoreError(self._told(what, real[0], "delete"), transient=True)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[ObjectInfo]:
        def page() -> list[ObjectInfo]:
            found: list[ObjectInfo] = []
            token: str | None = None
            while len(found) < limit:
                part, token = self._minio.listed(self.bucket, prefix, after, token)
                found += [info for info in part if info.key != after]
                if token is None:
                    break
            return found[:limit]

        return self._call("list", prefix or self.bucket, page)

    def expire(self, prefix: str, days: int) -> None:
        """Let the store delete what gets older; this replaces every lifecycle rule that the bucket has."""
        rule = Rule(
            ENABLED, Filter(prefix=prefix), rule_id=prefix.strip("/"), expiration=Expiration(days=days)
        )
        work = partial(
            self._minio.set_bucket_lifecycle, bucket_name=self.bucket, config=LifecycleConfig([rule])
        )
        self._call("expire", prefix, work)

    def _call(self, name: str, subject: str, work: Callable[[], T]) -> T:
        try:
            with STORE_SECONDS.labels(name).time():
                return self._in_time(work)
        except S3Error as error:
            if error.code in _MISSING:
                raise NotFoundError(subject) from error
            STORE_ERRORS.labels(name).inc()
            what = f"{self._endpoint} refused to {name} {subject}: {words(error)}"
            raise StoreError(self._told(what, error, name), transient=_will_pass(error)) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError, ParseError, ValueError) as error:
            STORE_ERRORS.labels(name).inc()
            what = f"{self._endpoint} did not {name} {subject}: {_words(error)}"
            raise StoreError(self._told(what, error, name), transient=_may_pass(error)) from error

    def _told(self, what: str, error: Exception | DeleteError, call: str) -> str:
        return told(what, advice(error, call, anonymous=self._anonymous))

    def _in_time(self, work: Callable[[], T]) -> T:
        """Once more, signed by the store's clock, where ours may be why it refused."""
        try:
            return work()
        except S3Error as error:
            if error.response.status != _FORBIDDEN or not self._minio.follow_clock(error.response):
                raise
        return work()


def _will_pass(error: S3Error) -> bool:
    status = error.response.status
    return status >= _SERVER_FAULT or status in _PASSING_STATUS or error.code in _PASSING


def _may_pass(error: Exception) -> bool:
    """All but a name that minio refuses and a certificate that is not to be trusted."""
    reason = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    return not isinstance(reason, urllib3.exceptions.SSLError | ValueError)


def _words(error: BaseException) -> str:
    """Of nested errors the innermost, which says what happened."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason:
        return _words(error.reason)
    if isinstance(error, urllib3.exceptions.SSLError) and isinstance(error.args[0], OSError):
        return cause(error.args[0])
    if isinstance(error, urllib3.exceptions.NewConnectionError) and isinstance(error.__cause__, OSError):
        return cause(error.__cause__)
    return str(error)


def _bounded(response: urllib3.BaseHTTPResponse, key: str, limit: int, deadline: float) -> bytes:
    data = bytearray()
    while chunk := response.read1(_CHUNK, decode_content=False):
        data += chunk
        if len(data) > limit:
            raise TooLargeError(key, limit)
        if monotonic() > deadline:
            raise TimeoutError("it sends too slowly")
    return bytes(data)


class _Client(Minio):
    """Minio's own listing takes 70 us for each object: engage waits for 10,000 of them when it starts.

    And what it signs is refused where this machine's clock is wrong, as a Raspberry Pi's may be for long.
    """

    _off = timedelta()

    def follow_clock(self, answer: urllib3.BaseHTTPResponse) -> bool:
        """Sign by the clock of the store that gave this answer; whether that is another time than before."""
        now = minio_time.utcnow()
        off = _date(answer, now) - now
        if abs(off - self._off) < _SKEW or abs(off) > _NONSENSE:
            return False
        self._off = off
        log.warning("this machine's clock is not the store's, which is used to sign", off=off.total_seconds())
        return True

    def _build_headers(
        self,
        host: str,
        headers: dict[str, str | list[str] | tuple[str]] | None = None,
        body: bytes | None = None,
        creds: Credentials | None = None,
    ) -> tuple[dict[str, str | list[str] | tuple[str]], datetime]:
        headers, date = super()._build_headers(host, headers, body, creds)
        date += self._off
        headers["x-amz-date"] = minio_time.to_amz_date(date)
        return headers, date

    def listed(
        self, bucket: str, prefix: str, after: str, token: str | None
    ) -> tuple[list[ObjectInfo], str | None]:
        """One answer of the server, and the token that asks for the next; None where there is none."""
        query: dict[str, str | list[str] | tuple[str]] = {
            "list-type": "2",
            "delimiter": "",
            "max-keys": str(_PAGE),
            "prefix": prefix,
        }
        if after:
            query["start-after"] = after
        if token:
            query["continuation-token"] = token
        answer = self._execute("GET", bucket, query_params=query)
        return _listing(answer.data, _date(answer, minio_time.utcnow() + self._off).timestamp())


def _date(answer: urllib3.BaseHTTPResponse, otherwise: datetime) -> datetime:
    """When the server says that it answered."""
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return otherwise
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date


def _listing(answer: bytes, now: float) -> tuple[list[ObjectInfo], str | None]:
    """ValueError or ParseError when it is none."""
    parser = XMLParser()  # noqa: S314 -- expat bounds what entities grow to
    parser.feed(answer)
    root = parser.close()
    space, name, _ = root.tag.rpartition("ListBucketResult")
    if not name:
        raise ValueError(f"not a listing: {root.tag[:80]}")
    found = [_info(element, space, now) for element in root.iterfind(f"{space}Contents")]
    more = root.findtext(f"{space}IsTruncated", "").lower() == "true"
    return found, (root.findtext(f"{space}NextContinuationToken") if more else None)


def _info(element: Element, space: str, now: float) -> ObjectInfo:
    key, size, date = (element.findtext(space + name, "") for name in ("Key", "Size", "LastModified"))
    modified = datetime.fromisoformat(date).timestamp()
    return ObjectInfo(key, int(size), modified, now - modified)


def _pool(settings: StoreSettings) -> urllib3.PoolManager:
    """Only what changes nothing is tried again here; the cores repeat the rest, knowing what it means."""
    retries = urllib3.Retry(total=_ATTEMPTS - 1, redirect=False, allowed_methods={"GET", "HEAD"})
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(total=settings.timeout / _ATTEMPTS),
        retries=retries,
        maxsize=_CONNECTIONS,
        ssl_context=client_context(settings.ca_file) if settings.secure else None,
    )
