import pytest

from tests.eventually import PATIENCE


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is slow because the machine is."""
    for name in ("cameras._CHECK_SECONDS", "device._PATIENCE", "line._ANSWER", "local_http._SECONDS"):
        monkeypatch.setattr(f"headway.{name}", PATIENCE)
