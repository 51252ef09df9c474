"""Which devices somebody sees: what was asked for, narrowed by what the asker may."""

from dataclasses import dataclass

from engage.board import Entry


@dataclass(frozen=True, slots=True)
class Scope:
    """None is no limit. A flow admits the devices that have a value in it, and that value is shown."""

    sites: frozenset[str] | None = None
    flow: str | None = None
    devices: frozenset[str] | None = None
    group: str | None = None

    def admits(self, entry: Entry) -> bool:
        """A device without a site is admitted only where sites do not matter."""
        return (
            (self.sites is None or entry.site in self.sites)
            and (self.flow is None or self.flow in entry.values)
            and (self.devices is None or entry.device_id in self.devices)
            and (self.group is None or entry.group == self.group)
        )


EVERYTHING = Scope()
