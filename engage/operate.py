"""What people want of a device, over REST: its settings, and that it is forgotten."""

from collections.abc import Callable

from flask import Response

from common.ports.clock import Clock
from common.wire.messages import DeviceConfig, DeviceSettings, Interval, Title
from engage.access.gate import done
from engage.access.roles import Role, current
from engage.board import Entry
from engage.contract import Asked, Body, Contract, json
from engage.events import Event, ForgetDevice, SetDevice
from engage.models import DesiredSettings, Settings
from engage.problems import problem
from engage.rest import Look, no_device, seen
from engage.value import Moment

_RETRY = "5"
Tell = Callable[[Event], bool]


class WantedSettings(Asked):
    """What is null or missing is left to the device's own settings; with nothing set, all of it is."""

    interval: Interval | None = None
    name: Title | None = None
    site: Title | None = None
    group: Title | None = None
    paused: bool | None = None


def add_operation(api: Contract, board: Look, tell: Tell, clock: Clock) -> None:
    _add_settings(api, board, tell, clock)

    @api.delete(
        "/api/v1/devices/<name>",
        "Forget a device and what is kept of it; if it speaks again, it is back",
        {202: Body(media_type="", description="it leaves within a second")},
        role=Role.ADMIN,
    )
    def forget(name: str) -> Response:
        if seen(board(), name) is None:
            return no_device(name)
        if not tell(ForgetDevice(name, current().name, _now(clock))):
            return _busy()
        done("forget device", name)
        return Response(status=202)


def _add_settings(api: Contract, board: Look, tell: Tell, clock: Clock) -> None:
    @api.get(
        "/api/v1/devices/<name>/settings",
        "What somebody wants of a device",
        {200: Body(DesiredSettings)},
        role=Role.OPERATOR,
    )
    def settings(name: str) -> Response:
        if (entry := seen(board(), name)) is None:
            return no_device(name)
        return json(_kept(entry))

    @api.put(
        "/api/v1/devices/<name>/settings",
        "Set what a device shall do; its agent takes it over when it hears of it",
        {202: Body(DesiredSettings, description="on its way; GET says when it is in force")},
        role=Role.OPERATOR,
        body=WantedSettings,
    )
    def set_settings(name: str, body: WantedSettings) -> Response:
        if (entry := seen(board(), name)) is None:
            return no_device(name)
        if refused := _moves_away(entry, body.site):
            return refused
        given = body.model_dump(exclude_none=True)
        wanted = DeviceSettings(**given) if given else None
        if not tell(SetDevice(name, wanted, current().name, _now(clock))):
            return _busy()
        done("set device", name, **{field: str(value) for field, value in given.items()})
        return json(_answer(entry, wanted), 202)


def _moves_away(entry: Entry, site: str | None) -> Response | None:
    """A refusal where the asker may not see the device there.

    Taken back, a site that somebody set gives way to the agent's own, which nobody hears of meanwhile.
    """
    sites = current().sites
    is_set = entry.desired is not None and entry.desired.settings.site is not None
    if sites is None or site in sites or (site is None and not is_set):
        return None
    where = f"the site {site!r}" if site else "its own site, or to none"
    return problem(403, "Not allowed", f"You may not move a device to {where}; name a site that you see.")


def _now(clock: Clock) -> Moment:
    return Moment(clock.wall(), clock.monotonic())


def _kept(entry: Entry) -> DesiredSettings:
    config = entry.desired
    return _answer(entry, config.settings if config else None, config)


def _answer(
    entry: Entry, wanted: DeviceSettings | None, config: DeviceConfig | None = None
) -> DesiredSettings:
    return DesiredSettings(
        device_id=entry.device_id,
        desired=Settings(**wanted.model_dump()) if wanted else None,
        revision=config.revision if config else None,
        applied=entry.agent.applied if entry.agent else None,
        by=config.by if config else None,
        at=config.at if config else None,
    )


def _busy() -> Response:
    detail = f"There is too much to do already; try again in {_RETRY} s."
    return problem(503, "Too busy", detail, {"Retry-After": _RETRY})
