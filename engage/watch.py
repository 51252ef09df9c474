"""What a viewer asks to see, checked, and narrowed by what it may. Pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from common.wire.names import DeviceID, Flow
from engage.scope import Scope

_DEVICES = 1000
_Name = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Watch(BaseModel):
    """Whatever else comes with it (a token, say) is not for here."""

    model_config = ConfigDict(frozen=True, strict=True)

    site: _Name | None = None
    group: _Name | None = None
    flow: Flow | None = None
    devices: list[DeviceID] | None = Field(None, max_length=_DEVICES)


def asked(body: object, flows: tuple[str, ...]) -> Scope:
    """ValueError, whose text is for the person who wrote the client, where it is not well formed."""
    try:
        watch = Watch.model_validate({} if body is None else body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise ValueError(f"what you ask to watch is not well formed: {where}: {first['msg']}") from None
    if watch.flow is not None and watch.flow not in flows:
        raise ValueError(f"there is no flow {watch.flow!r} here; there are {', '.join(flows)}")
    return Scope(
        sites=None if watch.site is None else frozenset({watch.site}),
        flow=watch.flow,
        devices=None if watch.devices is None else frozenset(watch.devices),
        group=watch.group,
    )


def narrowed(scope: Scope, sites: frozenset[str] | None) -> Scope:
    """To the sites that somebody may see; None: all of them."""
    if sites is None:
        return scope
    both = sites if scope.sites is None else scope.sites & sites
    return Scope(both, scope.flow, scope.devices, scope.group)
