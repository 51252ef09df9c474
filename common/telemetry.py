"""Structured logs and Prometheus metrics."""

import logging
import sys

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from common.settings import TelemetrySettings

BUS_MESSAGES = Counter("headway_bus_messages_total", "Messages received, by kind", ["kind"])
BUS_BAD_MESSAGES = Counter(
    "headway_bus_bad_messages_total", "Messages that could not be used and were dropped"
)
BUS_CONNECTED = Gauge("headway_bus_connected", "1 while the MQTT session is up")
STORE_SECONDS = Histogram("headway_store_seconds", "Time of a call to the S3 store", ["call"])
STORE_ERRORS = Counter("headway_store_errors_total", "Calls to the S3 store that failed", ["call"])


def configure_logs(settings: TelemetrySettings, service: str) -> None:
    """To standard error: pretty on a terminal, else one JSON object a line."""
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if pretty else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)


def serve_metrics(settings: TelemetrySettings) -> int:
    """The port on which /metrics is served, on threads of its own. OSError when it is taken."""
    server, _ = start_http_server(settings.metrics_port, settings.metrics_host)
    return server.server_port
