"""What `up` shows: one table that renews itself on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from headway.supervisor import State, Watched

_COLOURS = {State.READY: "green", State.BACKOFF: "red", State.STARTING: "yellow", State.STOPPING: "yellow"}
_DEVICE_COLOURS = {"live": "green", "stale": "yellow", "offline": "red"}


class Screen(Protocol):
    def say(self, text: str) -> None:
        """One line that stays."""

    def show(self, watched: Mapping[str, Watched], devices: Sequence[Mapping[str, Any]], now: float) -> None:
        """The state of things now."""

    def close(self) -> None: ...


def open_screen() -> Screen:
    console = Console(highlight=False)
    return LiveScreen(console) if console.is_terminal else PlainScreen()


class PlainScreen:
    """Every line once, at once; nothing for what renews itself."""

    def say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def show(self, watched: Mapping[str, Watched], devices: Sequence[Mapping[str, Any]], now: float) -> None:
        """Shown by the lines alone."""

    def close(self) -> None:
        sys.stdout.flush()


class LiveScreen:
    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def say(self, text: str) -> None:
        self._live.console.print(Text(text))

    def show(self, watched: Mapping[str, Watched], devices: Sequence[Mapping[str, Any]], now: float) -> None:
        tables = [children_table(watched, now)]
        if devices:
            tables.append(devices_table(devices))
        self._live.update(Group(*tables), refresh=True)

    def close(self) -> None:
        self._live.stop()


def children_table(watched: Mapping[str, Watched], now: float) -> Table:
    table = Table("part", "state", "for", "restarts", box=None, header_style="dim")
    for name, child in watched.items():
        state = Text(child.state.value, style=_COLOURS.get(child.state, "dim"))
        spent = duration(now - child.since) if child.since else ""
        table.add_row(name, state, spent, str(max(child.run - 1, 0)))
    return table


def devices_table(devices: Sequence[Mapping[str, Any]]) -> Table:
    """Rows as `GET /api/v1/devices` has them; a value that is not live is shown as such."""
    table = Table("device", "state", "people", "age", box=None, header_style="dim")
    for device in devices:
        state, count, age = str(device.get("state", "unknown")), device.get("count"), device.get("age")
        table.add_row(
            Text(str(device.get("deviceID", ""))),
            Text(state, style=_DEVICE_COLOURS.get(state, "dim")),
            "-" if count is None else str(count),
            "-" if age is None else duration(float(age)),
        )
    return table


def duration(seconds: float) -> str:
    """`7 s`, `12 min`, `3 h`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
