"""Sums over devices, and the workers behind them, over REST."""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from flask import Response

from engage.access.roles import Role, current
from engage.board import Board, Entry
from engage.contract import Body, Contract, json
from engage.models import Group, Site, Sites, State, Totals, Worker, Workers
from engage.query import DeviceQuery, DevicesQuery, Wanted
from engage.rest import Look


def add_summary(api: Contract, board: Look) -> None:
    @api.get(
        "/api/v1/sites",
        "Sites and their groups, with the sums over their devices",
        {200: Body(Sites)},
        role=Role.VIEWER,
        query=DeviceQuery,
    )
    def list_sites(query: DeviceQuery) -> Response:
        return json(sites(board(), Wanted.of(DevicesQuery(flow=query.flow), current().sites)))

    @api.get("/api/v1/workers", "The workers that analyse pictures", {200: Body(Workers)}, role=Role.VIEWER)
    def list_workers() -> Response:
        """They belong to no site, so who sees some sites only sees none of them."""
        found = [] if current().sites is not None else sorted(board().workers.items())
        return json(
            Workers(workers=[Worker.model_validate(entry, from_attributes=True) for _, entry in found])
        )


def sites(board: Board, wanted: Wanted) -> Sites:
    found: dict[str | None, dict[str | None, list[Entry]]] = {}
    for entry in filter(wanted.admits, board.entries.values()):
        found.setdefault(entry.site, {}).setdefault(entry.group, []).append(entry)
    flow = wanted.scope.flow
    return Sites(
        sites=[_site(name, found[name], flow) for name in sorted(found, key=_by_name)],
        total=Totals(**_totals((e for groups in found.values() for g in groups.values() for e in g), flow)),
    )


def _site(name: str | None, groups: dict[str | None, list[Entry]], flow: str | None) -> Site:
    everything = (entry for group in groups.values() for entry in group)
    return Site(
        site=name,
        groups=[Group(group=group, **_totals(groups[group], flow)) for group in sorted(groups, key=_by_name)],
        **_totals(everything, flow),
    )


def _totals(entries: Iterable[Entry], flow: str | None) -> dict[str, object]:
    states: Counter[State] = Counter()
    count = 0
    for entry in entries:
        shown = entry.values[flow] if flow else entry.primary
        state = shown.state if flow and shown else entry.state
        states[state] += 1
        count += shown.value.count if shown and state == "live" else 0
    devices = states.total()
    return {
        "devices": devices,
        "count": count,
        "left_out": devices - states["live"],
        "states": {state: states[state] for state in get_args(State)},
    }


def _by_name(name: str | None) -> tuple[bool, str]:
    """Those without a name last."""
    return name is None, name or ""
