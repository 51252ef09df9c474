"""Pictures, out of the store through a bounded memory."""

from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from flask import Response, request
from pydantic import Field

from common.ports.store import NotFoundError, ObjectStore, StoreError
from common.telemetry import SeldomLog
from common.wire.names import Flow
from engage import metrics
from engage.access.roles import Role
from engage.board import version
from engage.contract import Asked, Body, Contract
from engage.problems import problem
from engage.rest import Look, no_device, seen
from engage.settings import EngageSection

log = structlog.get_logger(__name__)

_YEAR = 365 * 86_400
_RETRY = "5"
_PATIENCE = 5.0
_READERS = 8
_JPEG = b"\xff\xd8\xff"


class PictureQuery(Asked):
    flow: Flow | None = Field(None, description="the picture of this flow")
    v: str | None = Field(
        None,
        max_length=64,
        description="as in `snapshot` of the device; with the current one the answer may be kept for ever",
    )


class NotAPictureError(StoreError):
    """What lies there is not a JPEG; it is not passed on as one."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is not a JPEG picture", transient=False)


class Pictures:
    """The latest picture of each key that was asked for, up to `room` bytes; the longest unasked go first.

    Called by many threads, without a lock: every step is one operation on a dict, and the worst that two
    threads do to each other is to fetch a picture twice.
    """

    def __init__(self, store: ObjectStore, settings: EngageSection) -> None:
        self._store = store
        self._limit = settings.snapshot_bytes
        self._room = settings.snapshot_cache_bytes
        self._kept: dict[str, tuple[str, bytes]] = {}
        self._coming: dict[tuple[str, str], Future[bytes]] = {}
        self._pool = ThreadPoolExecutor(_READERS, "engage-picture")
        self._log = SeldomLog(log)

    def get(self, key: str, wanted: str) -> bytes:
        """StoreError when it is neither here nor to be had in time."""
        kept = self._kept.pop(key, None)
        if kept and kept[0] == wanted:
            metrics.PICTURES.labels("memory").inc()
            self._kept[key] = kept
            return kept[1]
        if kept:
            self._kept.setdefault(key, kept)
        data = self._wait(key, wanted)
        self._keep(key, wanted, data)
        return data

    def older(self, key: str) -> tuple[str, bytes] | None:
        """The last one that was fetched, behind its version."""
        return self._kept.get(key)

    def note(self, key: str, error: StoreError) -> None:
        """In the log: nobody is shown this picture."""
        self._log.warning("no picture", str(error.transient), key=key, reason=str(error))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _wait(self, key: str, wanted: str) -> bytes:
        """Whoever comes while the picture is on its way waits for the same one."""
        flight = key, wanted
        if (coming := self._coming.get(flight)) is None:
            metrics.PICTURES.labels("store").inc()
            coming = self._coming[flight] = self._pool.submit(self._fetch, key)
            coming.add_done_callback(lambda _: self._coming.pop(flight, None))
        try:
            return coming.result(_PATIENCE)
        except TimeoutError as error:
            raise StoreError(f"no {key} within {_PATIENCE:.0f} s", transient=True) from error

    def _fetch(self, key: str) -> bytes:
        data = self._store.get(key, self._limit)
        if not data.startswith(_JPEG):
            raise NotAPictureError(key)
        return data

    def _keep(self, key: str, version: str, data: bytes) -> None:
        """Put it last; drop from the front what is too much."""
        self._kept.pop(key, None)
        self._kept[key] = version, data
        sizes = [(name, len(kept[1])) for name, kept in list(self._kept.items())]
        excess = sum(size for _, size in sizes) - self._room
        for name, size in sizes:
            if excess <= 0:
                return
            self._kept.pop(name, None)
            excess -= size


def add_snapshots(api: Contract, board: Look, pictures: Pictures) -> None:
    answers = {
        200: Body(media_type="image/jpeg", description="the picture"),
        304: Body(media_type="", description="the one you have is the latest"),
    }

    @api.get(
        "/api/v1/devices/<name>/snapshot",
        "The latest picture of a device",
        answers,
        role=Role.VIEWER,
        query=PictureQuery,
    )
    def snapshot(name: str, query: PictureQuery) -> Response:
        entry = seen(board(), name)
        if entry is None:
            return no_device(name)
        shown = entry.values.get(query.flow) if query.flow else entry.primary
        if shown is None or shown.picture is None:
            return problem(404, "No picture", f"Device {name!r} has no picture to show yet.")
        return _answer(pictures, shown.picture, version(shown.value), query.v)


def _answer(pictures: Pictures, key: str, current: str, asked: str | None) -> Response:
    if request.if_none_match.contains(current):
        return _headers(Response(status=304), current, asked)
    try:
        return _image(pictures.get(key, current), current, asked)
    except NotFoundError:
        return problem(
            404, "No picture", "It is no longer in the store; the next one comes with the next value."
        )
    except StoreError as error:
        if older := pictures.older(key):
            return _image(older[1], older[0], asked)
        pictures.note(key, error)
        title = "The store is away" if error.transient else "The store does not give a picture"
        detail = f"Try again in {_RETRY} s; the log of engage says more."
        return problem(503, title, detail, {"Retry-After": _RETRY})


def _image(data: bytes, tag: str, asked: str | None) -> Response:
    return _headers(Response(data, mimetype="image/jpeg"), tag, asked)


def _headers(response: Response, tag: str, asked: str | None) -> Response:
    """For ever where the address names this very picture; else to be asked for anew."""
    lasting = asked == tag
    response.headers["Cache-Control"] = (
        f"private, max-age={_YEAR}, immutable" if lasting else "private, no-cache"
    )
    response.set_etag(tag)
    return response
