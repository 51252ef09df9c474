"""The JSON of a device, encoded once for everybody; only its age is written anew each time.

The rest is the same on every replica but for `agent.seen`, so a hash of it tells whether two of them show
the same.
"""

from hashlib import blake2b

import orjson

from engage.board import Entry, Shown, address
from engage.fleet import Agent
from engage.trouble import Trouble


def fragment(entry: Entry, flow: str | None = None) -> bytes:
    """The Device without `age`; `flow` asks for the value of that flow instead of the primary one."""
    made = entry.fragments.get(flow)
    if made is None:
        made = entry.fragments[flow] = _seen(_same_everywhere(entry, flow), entry)
    return made


def device_json(entry: Entry, now: float, flow: str | None = None) -> bytes:
    """The Device at the monotonic moment `now`."""
    shown = _shown(entry, flow)
    if shown is None or shown.since is None:
        return fragment(entry, flow)[:-1] + b',"age":null}'
    age = max(0.0, now - shown.since)
    return b'%b,"age":%.3f}' % (fragment(entry, flow)[:-1], age)


def tag(entry: Entry) -> int:
    """64 bits, the same on every replica that shows the same."""
    body = _same_everywhere(entry, None)
    entry.fragments[None] = _seen(body, entry)
    return int.from_bytes(blake2b(body, digest_size=8).digest())


def _shown(entry: Entry, flow: str | None) -> Shown | None:
    return entry.primary if flow is None else entry.values.get(flow)


def _same_everywhere(entry: Entry, flow: str | None) -> bytes:
    shown = _shown(entry, flow)
    head = {
        "deviceID": entry.device_id,
        "name": entry.name,
        "site": entry.site,
        "group": entry.group,
        "state": entry.state if flow is None else shown.state if shown else "unknown",
        "problem": entry.problem,
        "trouble": _trouble(entry.trouble),
        "flows": {name: _summary(value) for name, value in entry.values.items()},
    }
    value = _value(entry, shown, flow) if shown else _NOTHING
    return orjson.dumps(head | value | {"agent": _agent(entry.agent)})


def _value(entry: Entry, shown: Shown, flow: str | None) -> dict[str, object]:
    value = shown.value
    return {
        "count": value.count,
        "counts": value.counts,
        "capturedAt": value.created,
        "receivedAt": value.received,
        "staleAfter": value.stale_after,
        "flow": value.flow,
        "model": value.model,
        "snapshot": address(entry, flow),
        "sequence": value.sequence,
        "skew": value.skew,
        "worker": value.worker,
        "queueMs": value.queue_ms,
        "inferenceMs": value.inference_ms,
        "width": value.width,
        "height": value.height,
    }


_NOTHING: dict[str, object] = {
    "count": None,
    "counts": {},
    "capturedAt": None,
    "receivedAt": None,
    "staleAfter": None,
    "flow": None,
    "model": None,
    "snapshot": None,
    "sequence": None,
    "skew": None,
    "worker": None,
    "queueMs": None,
    "inferenceMs": None,
    "width": None,
    "height": None,
}


def _summary(shown: Shown) -> dict[str, object]:
    return {"count": shown.value.count, "state": shown.state, "receivedAt": shown.value.received}


def _trouble(trouble: Trouble | None) -> dict[str, object] | None:
    if trouble is None:
        return None
    return {"reason": trouble.reason, "at": trouble.at, "captureID": trouble.capture}


def _agent(agent: Agent | None) -> dict[str, object] | None:
    if agent is None:
        return None
    return {
        "state": agent.state,
        "version": agent.version,
        "camera": agent.camera,
        "pending": agent.pending,
        "captured": agent.captured,
        "dropped": agent.dropped,
        "error": agent.error,
        "interval": agent.interval,
        "paused": agent.paused,
        "applied": agent.applied,
    }


def _seen(body: bytes, entry: Entry) -> bytes:
    """`agent` is the last field of `body`; when it was seen belongs to this replica alone."""
    if entry.agent is None:
        return body
    seen = b"null" if entry.seen is None else b"%.3f" % entry.seen
    return b'%b,"seen":%b}}' % (body[:-2], seen)
