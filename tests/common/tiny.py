"""A service with nothing in it: what `common.service` adds is all there is to see."""

import sys

import structlog

from common import service
from common.loop import Loop
from common.ports.clock import SystemClock
from common.settings import CommonSettings


class Settings(CommonSettings):
    """A service that only waits; `bus.username = fail` makes it fail at once."""


class Nothing:
    """Fails when told so."""

    def handle(self, event: str, _now: float) -> tuple[str, ...]:
        raise RuntimeError(event)

    def deadline(self) -> None:
        return None


def main() -> int:
    settings = service.start(Settings, "tiny")
    log = structlog.get_logger("tiny")
    loop = Loop[str, str](Nothing(), lambda _effect: None, "tick", SystemClock())

    def broken() -> None:
        raise OSError("a step that fails")

    if settings.bus.username == "fail":
        loop.post("failed as told")
    closing = [lambda: log.info("first step"), lambda: log.info("second step")]
    if settings.bus.username == "fail to close":
        closing.insert(1, broken)
    log.info("ready", endpoint=settings.store.endpoint)
    return service.run(loop, closing)


if __name__ == "__main__":
    sys.exit(main())
