"""What lies in the store without a result, page by page. A search blocks, and answers with Swept."""

import re

import structlog
from pydantic import ValidationError

from common.ports.clock import Clock
from common.ports.store import NotFoundError, ObjectInfo, ObjectStore, StoreError, TooLargeError
from common.wire.codec import MAX_PAYLOAD
from common.wire.keys import ANNOUNCED, CAPTURES, note_key
from common.wire.messages import Capture
from inference import metrics
from inference.collect import named_by
from inference.events import Seen, Swept
from inference.settings import InferenceSettings

log = structlog.get_logger(__name__)

_PAGES = {ANNOUNCED: 100}  # each of these costs a GET
_PAGE = 1000
_YOUNG = 3.0
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Search:
    """Looks at notes of announcements, then at captures, then at the pictures of original agents."""

    def __init__(self, store: ObjectStore, settings: InferenceSettings, clock: Clock) -> None:
        prefix = settings.compat.image_prefix
        self._store = store
        self._clock = clock
        self._places = (ANNOUNCED, CAPTURES, *([prefix] if settings.compat.people_counter else []))
        self._nameless = re.compile(rf"{re.escape(prefix)}{_UUID}\.(jpg|png)")

    def page(self, after: str) -> Swept:
        """All but the youngest, which are being announced right now.

        One from the future is taken: the store's clock was set back.
        """
        place = next((place for place in self._places if after.startswith(place)), self._places[0])
        limit = _PAGES.get(place, _PAGE)
        try:
            with metrics.STEP_SECONDS.labels("sweep").time():
                if not after:
                    self._store.ensure_bucket()
                page = self._store.list(place, after, limit)
        except StoreError as error:
            log.warning("the store could not be searched for captures without a result", reason=str(error))
            return Swept((), None, failed=True)
        now = self._clock.wall()
        old = [info for info in page if abs(info.age) >= _YOUNG]
        more = page[-1].key if len(page) == limit else self._behind(place)
        if place not in (ANNOUNCED, CAPTURES):
            return Swept((), more, nameless=tuple(i.key for i in old if self._nameless.fullmatch(i.key)))
        captures = ((self._noted(info) if place == ANNOUNCED else self._named(info), info) for info in old)
        found = (_seen(capture, info, now) for capture, info in captures if capture)
        return Swept(tuple(found), more)

    def _behind(self, place: str) -> str | None:
        """Where the next place begins."""
        rest = self._places[self._places.index(place) + 1 :]
        return rest[0] if rest else None

    def _named(self, info: ObjectInfo) -> Capture | None:
        return named_by(info.key, self._store.bucket)

    def _noted(self, info: ObjectInfo) -> Capture | None:
        """What was announced; a note that is none is deleted."""
        try:
            capture = Capture.model_validate_json(self._store.get(info.key, MAX_PAYLOAD))
            if note_key(capture.file_path.key) == info.key:
                return capture
        except NotFoundError:
            return None
        except (TooLargeError, ValidationError):
            pass
        except StoreError as error:
            log.warning("an announcement could not be read; a sweep tries again", reason=str(error))
            return None
        log.warning("not the note of an announcement; it is deleted", key=info.key)
        self._erase(info.key)
        return None

    def _erase(self, key: str) -> None:
        try:
            self._store.delete([key])
        except StoreError as error:
            log.warning("a note was not deleted; a sweep tries again", reason=str(error))


def _seen(capture: Capture, info: ObjectInfo, now: float) -> Seen:
    age = max(0.0, info.age)
    return Seen(capture, now - age, age)
