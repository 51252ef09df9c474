"""Structured logs and Prometheus metrics."""

import logging
import sys
import threading

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from structlog.typing import EventDict, FilteringBoundLogger

from common.ports.clock import Clock, SystemClock
from common.seldom import Seldom
from common.settings import TelemetrySettings

BUS_MESSAGES = Counter("headway_bus_messages_total", "Messages received, by kind", ["kind"])
BUS_BAD_MESSAGES = Counter(
    "headway_bus_bad_messages_total", "Messages that could not be used and were dropped"
)
BUS_CONNECTED = Gauge("headway_bus_connected", "1 while the MQTT session is up")
STORE_SECONDS = Histogram("headway_store_seconds", "Time of a call to the S3 store", ["call"])
STORE_ERRORS = Counter("headway_store_errors_total", "Calls to the S3 store that failed", ["call"])

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_JSON = structlog.processors.JSONRenderer()
_PRETTY = structlog.dev.ConsoleRenderer(
    exception_formatter=structlog.dev.plain_traceback,  # the usual one prints local variables: secrets too
    repr_native_str=True,  # what came over the network may hold control characters of terminals
)


def configure_logs(settings: TelemetrySettings, service: str) -> None:
    """To standard error: pretty on a terminal, else one JSON object a line; so do the libraries in Python.

    Those in C write plain lines of their own there, which `common.stray` makes lines of the log.
    """
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())

    def name(_logger: object, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([_PRETTY] if pretty else [structlog.processors.format_exc_info, _JSON]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(
        handlers=[_Forward()], level=max(logging.WARNING, _LEVELS[settings.log_level]), force=True
    )
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of each attempt, we of the last
    threading.excepthook = _thread_died


class SeldomLog:
    """Warnings of what may go wrong with every picture: once a minute about each, with their `count`."""

    def __init__(self, log: FilteringBoundLogger, clock: Clock | None = None) -> None:
        self._log = log
        self._clock = clock or SystemClock()
        self._seldom = Seldom()
        self._lock = threading.Lock()

    def warning(self, event: str, about: str = "", **fields: object) -> None:
        """From any thread; `about`: what tells one trouble from another, beside the event."""
        with self._lock:
            count = self._seldom.count(f"{event}: {about}", self._clock.monotonic())
        if count:
            self._log.warning(event, count=count, **fields)


class _Forward(logging.Handler):
    """What libraries log the other way."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)


def _thread_died(args: threading.ExceptHookArgs) -> None:
    thread = args.thread.name if args.thread else "unknown"
    error = args.exc_value or args.exc_type()
    structlog.get_logger(__name__).error("a thread ended by an error", thread=thread, exc_info=error)


def serve_metrics(settings: TelemetrySettings) -> int:
    """The port on which /metrics is served, on threads of its own. OSError when it is taken."""
    server, _ = start_http_server(settings.metrics_port, settings.metrics_host)
    return server.server_port
