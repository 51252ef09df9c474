"""One measured figure beside what it is to be compared with."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`reference` is the physical limit or the target, measured in the same run where it can be."""

    name: str
    value: float
    unit: str
    reference: float | None = None

    def json(self) -> dict[str, Any]:
        ratio = round(self.value / self.reference, 3) if self.reference else None
        return asdict(self) | {"ratio": ratio}
