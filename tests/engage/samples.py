"""Messages as workers and agents send them; moments are unix seconds."""

from typing import Any

from common.wire.keys import quarantine_key, snapshot_key
from common.wire.messages import DeviceStatus, Presence, Result, Trouble, WorkerStatus

BUCKET = "people-counter-images"
JPEG = b"\xff\xd8\xff\xe0 a picture"
WALL = 1_700_000_000.0
"""Where a ManualClock starts."""


def result(device: str, number: int, at: float, *, count: int = 3, window: float = 6, **more: Any) -> Result:
    """Capture `number`, announced at `at`, analysed at once, and to be believed for `window` seconds."""
    fields = {
        "deviceID": device,
        "filePath": f"{BUCKET}/{snapshot_key('production', device)}",
        "creationTimestamp": at,
        "captureID": f"captures/{device}/{number}.jpg",
        "sequence": number,
        "receivedAt": at,
        "publishedAt": at,
        "staleAfter": at + window,
        "analysisMetadata": {
            "results": {
                "count": count,
                "flow": "production",
                "counts": {"person": count},
                "model": {"name": "ssdlite-mobilenet-v2-coco", "digest": "0123456789abcdef"},
                "worker": "worker-1",
                "queueMs": 12.5,
                "inferenceMs": 48.0,
                "width": 768,
                "height": 576,
            }
        },
    }
    return Result.model_validate(fields | more)


def original_result(device: str, at: float, count: int = 5) -> Result:
    """In the original form and no more; the picture is the raw one."""
    return Result.model_validate(
        {
            "deviceID": device,
            "filePath": f"{BUCKET}/image-{number_of(at)}.jpg",
            "creationTimestamp": at,
            "analysisMetadata": {"results": {"count": count}},
        }
    )


def number_of(at: float) -> int:
    return int(at * 1000)


def trouble(device: str, number: int, at: float, **more: Any) -> Trouble:
    """The model crashed on capture `number`, taken and announced at `at`."""
    capture = f"captures/{device}/{number}.jpg"
    fields = {
        "deviceID": device,
        "captureID": capture,
        "creationTimestamp": at,
        "reason": "the model ended with signal 11",
        "quarantined": quarantine_key("production", capture),
        "publishedAt": at,
    }
    return Trouble.model_validate(fields | more)


def device_status(
    device: str, state: Presence = "online", session: str = "one", error: str | None = None
) -> DeviceStatus:
    return DeviceStatus(device_id=device, state=state, session=session, error=error)


def worker_status(worker: str, state: Presence = "online", session: str = "one") -> WorkerStatus:
    return WorkerStatus(worker=worker, state=state, session=session, flow="production")
