"""Where downloaded and converted files are kept between runs."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """`$HEADWAY_CACHE`, else `$XDG_CACHE_HOME/headway`, else `~/.cache/headway`; made if missing."""
    chosen = os.environ.get("HEADWAY_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(chosen) if chosen else home / "headway"
    path.mkdir(parents=True, exist_ok=True)
    return path
