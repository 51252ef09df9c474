"""From an analysis to the message that carries it. Pure."""

from dataclasses import dataclass

from common.wire.keys import quarantine_key, snapshot_key
from common.wire.messages import MAX_BOXES, AnalysisMetadata, Capture, Result, Results, Trouble
from common.wire.names import ObjectPath
from inference.analyse import Analysis
from inference.identity import Identity

_LEAST, _UNKNOWN, _MISSED = 5.0, 30.0, 3
_MOST_MS = 1e9
"""Eleven days: a message carries no more."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the model said, and when it was asked (Unix seconds)."""

    analysis: Analysis
    started_at: float


def patience(interval: float | None) -> float:
    """Seconds until a device's value is stale: three captures missed, at least 5; 30 without a pace."""
    return _UNKNOWN if interval is None else max(_LEAST, _MISSED * interval)


def trouble(me: Identity, capture: Capture, reason: str, now: float) -> Trouble:
    """What is said about a picture that is set aside."""
    key = capture.file_path.key
    return Trouble(
        device_id=capture.device_id,
        capture_id=key,
        creation_timestamp=capture.creation_timestamp,
        reason=reason[:500],
        quarantined=quarantine_key(me.flow, key),
        published_at=now,
    )


def result(me: Identity, capture: Capture, examined: Examined, received_at: float, now: float) -> Result:
    """What is published about a capture; times are Unix seconds by this worker's clock.

    `received_at` may be what the device's clock or the store's said: long ago, or yet to come.
    """
    analysis = examined.analysis
    received_at = max(0.0, min(received_at, now))
    queued = max(0.0, examined.started_at - received_at) * 1e3
    results = Results(
        count=analysis.count,
        flow=me.flow,
        model=me.model,
        counts=dict(analysis.counts),
        boxes=tuple(analysis.boxes[:MAX_BOXES]),
        worker=me.worker,
        width=analysis.width,
        height=analysis.height,
        queue_ms=round(min(queued, _MOST_MS), 1),
        inference_ms=round(analysis.inference_ms, 1),
    )
    return Result(
        device_id=capture.device_id,
        file_path=ObjectPath(capture.file_path.bucket, snapshot_key(me.flow, capture.device_id)),
        creation_timestamp=capture.creation_timestamp,
        analysis_metadata=AnalysisMetadata(results=results),
        capture_id=capture.file_path.key,
        sequence=capture.sequence,
        received_at=received_at,
        published_at=now,
        stale_after=received_at + patience(capture.interval),
        site=capture.site,
    )


def moved(message: Result, seconds: float) -> Result:
    """As if this worker's clock had been set by so much before the capture was announced, not since."""
    stamps = {name: getattr(message, name) for name in ("received_at", "published_at", "stale_after")}
    return message.model_copy(update={name: max(0.0, at + seconds) for name, at in stamps.items()})
