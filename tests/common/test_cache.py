"""Where downloads are kept."""

from pathlib import Path

import pytest

from common.cache import cache_dir


@pytest.mark.parametrize(
    ("chosen", "xdg", "place"),
    [
        ("own", "xdg", "own"),
        (None, "xdg", "xdg/headway"),
        (None, None, "home/.cache/headway"),
        ("", "", None),
    ],
)
def test_the_first_place_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str | None, xdg: str | None, place: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in (("HEADWAY_CACHE", chosen), ("XDG_CACHE_HOME", xdg)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, str(tmp_path / value) if value else "")
    found = cache_dir()
    assert found == tmp_path / (place or "home/.cache/headway")
    assert found.is_dir()
    assert cache_dir() == found
