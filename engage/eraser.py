"""Deletes what the store has of a device that is to be forgotten."""

from collections.abc import Sequence

import structlog

from common.ports.store import ObjectStore, StoreError, keys_under
from common.wire.keys import is_shown, result_key, shown_key, snapshot_key, trouble_key
from engage.events import Erase, Erased, EraseFailed

log = structlog.get_logger(__name__)


class Eraser:
    """Captures are the workers', who delete them; what was set aside is left to the bucket's lifecycle."""

    def __init__(self, store: ObjectStore, flows: Sequence[str]) -> None:
        self._store = store
        self._flows = flows

    def erase(self, what: Erase) -> Erased | EraseFailed:
        """Blocks."""
        device = what.device
        keys = [key(flow, device) for flow in self._flows for key in (result_key, trouble_key, snapshot_key)]
        try:
            keys += [key for key in keys_under(self._store, shown_key(device)) if is_shown(key, device)]
            self._store.delete(keys)
        except StoreError as error:
            log.warning("a forgotten device is still in the store", device=device, reason=str(error))
            return EraseFailed(device, what.by)
        return Erased(device)
