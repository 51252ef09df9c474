"""Footage, photographs and models that only tests use."""

from pathlib import Path

from common.cache import cache_dir

_SHARED = Path(__file__).parents[2] / "shared" / "assets"


def asset(name: str) -> Path:
    """The file from `../shared/assets` or from the cache; AssertionError names what is missing."""
    for folder in (_SHARED, cache_dir() / "footage"):
        if (folder / name).is_file():
            return folder / name
    raise AssertionError(f"{name} is neither in {_SHARED} nor in {cache_dir() / 'footage'}: run `make setup`")
