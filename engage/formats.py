"""Devices as JSON and as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

import orjson

from engage.board import Board, Entry
from engage.fragments import device_json
from engage.news import News
from engage.query import FIELDS

_NESTED = frozenset({"counts", "trouble", "flows", "agent"})
_COLUMNS = tuple(name for name in FIELDS if name not in _NESTED)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula."""


def as_json(
    board: Board, found: News, cursor: str, now: float, flow: str | None, fields: Sequence[str] | None
) -> bytes:
    """`Devices`, or `SelectedDevices` where there are fields."""
    devices = [device_json(entry, now, flow) for entry in found.devices]
    if fields is not None:
        devices = [orjson.dumps(_chosen(device, fields)) for device in devices]
    return b'{"revision":%d,"cursor":%b,"full":%b,"devices":[%b],"gone":%b}' % (
        board.revision,
        orjson.dumps(cursor),
        b"true" if found.full else b"false",
        b",".join(devices),
        orjson.dumps(found.gone),
    )


def as_csv(devices: Sequence[Entry], now: float, flow: str | None, fields: Sequence[str] | None) -> bytes:
    """RFC 4180 with a header; what is nested only where it is asked for, as JSON."""
    columns = tuple(dict.fromkeys(("deviceID", *fields))) if fields is not None else _COLUMNS
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(columns)
    for entry in devices:
        device = orjson.loads(device_json(entry, now, flow))
        rows.writerow([_cell(device[name]) for name in columns])
    return text.getvalue().encode()


def _chosen(device: bytes, fields: Sequence[str]) -> Mapping[str, object]:
    whole = orjson.loads(device)
    return {name: whole[name] for name in dict.fromkeys(("deviceID", *fields))}


def _cell(value: object) -> object:
    """Text that a spreadsheet would run is marked as text."""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
