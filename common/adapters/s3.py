"""The object store over S3, any server. The one home of minio."""

import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from itertools import islice
from typing import TypeVar

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error

from common.ports.store import NotFoundError, ObjectInfo, StoreError, TooLargeError
from common.settings import StoreSettings
from common.telemetry import STORE_ERRORS, STORE_SECONDS

_PAGE = 1000
_CHUNK = 64 * 1024
_CONNECTIONS = 16
_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_LASTING = frozenset(
    {
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "NoSuchBucket",
        "InvalidBucketName",
        "EntityTooLarge",
    }
)

T = TypeVar("T")


class S3Store:
    """Calls from any thread; each waits at most the time-out, and connecting at most half of it."""

    def __init__(self, settings: StoreSettings) -> None:
        self.bucket = settings.bucket
        self._endpoint = settings.endpoint
        self._minio = Minio(
            settings.endpoint,
            access_key=settings.access_key,
            secret_key=settings.secret(),
            secure=settings.secure,
            region=settings.region,
            http_client=_pool(settings),
        )

    def ensure_bucket(self) -> None:
        def make() -> None:
            if not self._minio.bucket_exists(bucket_name=self.bucket):
                self._minio.make_bucket(bucket_name=self.bucket)

        self._call("bucket", self.bucket, make)

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
            response = self._minio.get_object(bucket_name=self.bucket, object_name=key)
            try:
                return _bounded(response, key, limit)
            finally:
                response.close()
                response.release_conn()

        return self._call("get", key, get)

    def delete(self, keys: Iterable[str]) -> None:
        rest = iter(keys)
        while page := [DeleteObject(key) for key in islice(rest, _PAGE)]:
            self._call("delete", self.bucket, partial(self._delete, page))

    def _delete(self, page: list[DeleteObject]) -> None:
        errors = list(self._minio.remove_objects(bucket_name=self.bucket, delete_object_list=page))
        if real := [e for e in errors if e.code not in _MISSING]:
            raise StoreError(f"{len(real)} objects were not deleted: {real[0].message}", transient=True)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[ObjectInfo]:
        def page() -> list[ObjectInfo]:
            found: Iterator[Object] = self._minio.list_objects(
                bucket_name=self.bucket, prefix=prefix, recursive=True, start_after=after or None
            )
            return [_info(o) for o in islice((o for o in found if (o.object_name or "") > after), limit)]

        return self._call("list", prefix, page)

    def _call(self, name: str, subject: str, work: Callable[[], T]) -> T:
        try:
            with STORE_SECONDS.labels(name).time():
                return work()
        except S3Error as error:
            if error.code in _MISSING:
                raise NotFoundError(subject) from error
            STORE_ERRORS.labels(name).inc()
            text = f"{self._endpoint} refused to {name} {subject}: {error.code} {error.message}"
            raise StoreError(text, transient=error.code not in _LASTING) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            STORE_ERRORS.labels(name).inc()
            raise StoreError(f"{self._endpoint} did not {name} {subject}: {error}", transient=True) from error


def _bounded(response: urllib3.BaseHTTPResponse, key: str, limit: int) -> bytes:
    data = bytearray()
    for chunk in response.stream(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise TooLargeError(key, limit)
    return bytes(data)


def _info(found: Object) -> ObjectInfo:
    modified = found.last_modified.timestamp() if found.last_modified else 0.0
    return ObjectInfo(found.object_name or "", found.size or 0, modified)


def _pool(settings: StoreSettings) -> urllib3.PoolManager:
    """Only what changes nothing is retried here; the cores retry the rest, knowing what it means."""
    retries = urllib3.Retry(
        connect=1, read=1, redirect=0, status=0, allowed_methods={"GET", "HEAD"}, backoff_factor=0.1
    )
    timeout = urllib3.Timeout(connect=settings.timeout / 2, read=settings.timeout)
    if not settings.secure:
        return urllib3.PoolManager(timeout=timeout, retries=retries, maxsize=_CONNECTIONS)
    return urllib3.PoolManager(
        timeout=timeout,
        retries=retries,
        maxsize=_CONNECTIONS,
        cert_reqs=ssl.CERT_REQUIRED,
        ca_certs=str(settings.ca_file) if settings.ca_file else os.environ.get("SSL_CERT_FILE"),
    )
