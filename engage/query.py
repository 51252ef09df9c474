"""What can be asked of the devices: which of them, what of each, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from common.wire.names import DeviceID, Flow
from engage.board import Entry
from engage.contract import Asked, Listed
from engage.cursor import PATTERN
from engage.models import Device, State
from engage.scope import Scope

LONGEST_WAIT = 30
FIELDS = tuple(field.alias or name for name, field in Device.model_fields.items())


def _field(name: str) -> str:
    if name not in FIELDS:
        raise ValueError(f"a device has no such field; it has {', '.join(FIELDS)}")
    return name


DeviceField = Annotated[str, AfterValidator(_field), WithJsonSchema({"type": "string", "enum": list(FIELDS)})]
Place = Annotated[str, Field(min_length=1, max_length=500)]


class DeviceQuery(Asked):
    flow: Flow | None = Field(None, description="the value of this flow")


class DevicesQuery(Asked):
    site: Place | None = Field(None, description="only devices of this site")
    group: Place | None = Field(None, description="only devices of this group")
    flow: Flow | None = Field(None, description="the values of this flow, of the devices that have one")
    state: Listed[State] | None = Field(None, description="only devices in one of these states")
    ids: Listed[DeviceID] | None = Field(None, description="only these devices")
    fields: Listed[DeviceField] | None = Field(
        None, description="only these fields of each device; `deviceID` is always there"
    )
    since: Annotated[str, Field(pattern=PATTERN)] | None = Field(
        None,
        description="`cursor` of an earlier answer to the same question, from any replica: only what changed "
        "since. One that is not understood any more gets a full answer",
    )
    wait: float = Field(
        0, ge=0, le=LONGEST_WAIT, description="with `since`: seconds to wait for a change if there is none"
    )
    format: Literal["json", "csv"] | None = Field(
        None, description="by default what Accept prefers; CSV does not say which devices are gone"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The devices that somebody wants, of those they may see: `sites` None is all."""

    scope: Scope
    states: frozenset[State] | None
    sites: frozenset[str] | None

    @classmethod
    def of(cls, query: DevicesQuery, sites: frozenset[str] | None) -> "Wanted":
        chosen = sites if query.site is None else frozenset({query.site})
        if sites is not None and chosen is not None:
            chosen &= sites
        ids = frozenset(query.ids) if query.ids is not None else None
        states = frozenset(query.state) if query.state is not None else None
        return cls(Scope(chosen, query.flow, ids, query.group), states, sites)

    @property
    def everything(self) -> bool:
        return self.scope == Scope() and self.states is None

    def admits(self, entry: Entry) -> bool:
        return self.scope.admits(entry) and (self.states is None or self._state(entry) in self.states)

    def may_see(self, site: str | None) -> bool:
        return self.sites is None or site in self.sites

    def digest(self) -> str:
        """Of the question and the asker; the same on every replica."""
        scope = self.scope
        parts: Sequence[object] = (
            *(sorted(part) if part is not None else None for part in (scope.sites, scope.devices)),
            scope.flow,
            scope.group,
            *(sorted(part) if part is not None else None for part in (self.states, self.sites)),
        )
        return blake2b(repr(parts).encode(), digest_size=8).hexdigest()

    def _state(self, entry: Entry) -> State:
        flow = self.scope.flow
        return entry.state if flow is None else entry.values[flow].state
