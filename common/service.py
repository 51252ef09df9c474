"""What every service does around its loop: logs, metrics, signals, and stopping in order."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib import metadata
from types import FrameType
from typing import Any, TypeVar

import structlog

from common.config import ConfigError, load
from common.loop import Loop
from common.settings import CommonSettings
from common.telemetry import configure_logs, serve_metrics

S = TypeVar("S", bound=CommonSettings)

log = structlog.get_logger(__name__)


def start(model: type[S], service: str, *, metrics: bool = True) -> S:
    """Settings read, logs and metrics up; SystemExit with one sentence where the settings are wrong."""
    try:
        settings = load(model, sys.argv[1:], os.environ, prog=f"python -m {service}")
    except ConfigError as error:
        sys.exit(f"{service}: {error}")
    configure_logs(settings.telemetry, service)
    if metrics:
        try:
            port = serve_metrics(settings.telemetry)
        except OSError as error:
            telemetry = settings.telemetry
            at = f"{telemetry.metrics_host}:{telemetry.metrics_port}"
            sys.exit(f"{service}: cannot serve metrics on {at}: {error.strerror}; set telemetry.metrics_port")
        log.info("metrics", url=f"http://{settings.telemetry.metrics_host}:{port}/metrics")
    return settings


def run(loop: Loop[Any, Any], close: Sequence[Callable[[], None]]) -> int:
    """The loop until SIGTERM or SIGINT, then `close` in order. The exit status: 0, or 1 after an error."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        with ExitStack() as closing:  # every step is taken, also after one that fails
            for step in reversed(close):
                closing.callback(step)
            loop.run()
    except Exception:  # the one boundary: whatever it was, it is logged and a supervisor starts us afresh
        log.exception("stopped by an error")
        return 1
    return 0


def version() -> str:
    """The installed version of Headway."""
    try:
        return metadata.version("headway")
    except metadata.PackageNotFoundError:
        return "unknown"
