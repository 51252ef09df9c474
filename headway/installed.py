"""The settings of what runs, for commands that are started beside it."""

import os
from pathlib import Path

from common.config import load
from engage.settings import EngageSettings
from headway.errors import UserError

_STORE = "HEADWAY_STORE__ENDPOINT"


def settings_of(data: Path, config: Path | None) -> EngageSettings:
    """From the file, else as `headway up` wrote them into its folder; the environment wins over both."""
    file = config or data.expanduser() / "headway.toml"
    if not config and not file.exists() and _STORE in os.environ:
        return load(EngageSettings, [])
    if not file.exists():
        raise UserError(
            f"There is no {file}: name the folder of `headway up` with --data, or a --config FILE"
        )
    return load(EngageSettings, ["--config", str(file)])
