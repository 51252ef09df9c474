"""The web service: `python -m engage --config headway.toml`."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is in maintenance; its one home is this file
    import eventlet  # type: ignore[import-untyped]
    import eventlet.wsgi  # type: ignore[import-untyped]

eventlet.monkey_patch()

import socket  # noqa: E402 -- what is imported before the patch would block every browser at once
import sys  # noqa: E402
from uuid import uuid4  # noqa: E402

import structlog  # noqa: E402

from common import service  # noqa: E402
from common.adapters.mqtt import MqttBus  # noqa: E402
from common.adapters.s3 import S3Store  # noqa: E402
from common.ports.clock import SystemClock  # noqa: E402
from engage.app import create_app  # noqa: E402
from engage.live import Live  # noqa: E402
from engage.runner import Runner  # noqa: E402
from engage.settings import EngageSettings  # noqa: E402
from engage.snapshots import Pictures  # noqa: E402

_SILENCE = 30
"""Seconds until a connection that says nothing is closed; browsers on the live channel answer pings."""

_OTHERS = 1000
"""Connections beside those of the live channel, each of which keeps one for itself."""


def main() -> int:
    settings = service.start(EngageSettings, "engage", metrics=False)
    own = settings.engage
    try:
        family = socket.AF_INET6 if ":" in own.host else socket.AF_INET
        listener = eventlet.listen((own.host, own.port), family, reuse_port=False)
    except OSError as error:
        sys.exit(f"engage: cannot listen on {own.host}:{own.port}: {error.strerror}; set engage.port")
    store, clock = S3Store(settings.store), SystemClock()
    live = Live(settings, "eventlet", clock)
    runner = Runner(settings, MqttBus(settings.bus, f"headway-engage-{uuid4().hex[:12]}"), store, live, clock)
    pictures = Pictures(store, own)
    app = create_app(settings, lambda: runner.board, runner.tell, live, pictures, clock)
    options = {"max_size": own.viewers + _OTHERS, "socket_timeout": _SILENCE}
    eventlet.spawn(eventlet.wsgi.server, listener, app, log_output=False, debug=False, **options)
    runner.start()
    structlog.get_logger(__name__).info("listening", url=f"http://{own.host}:{own.port}/")
    return service.run(runner.loop, [runner.close, pictures.close])


if __name__ == "__main__":
    sys.exit(main())
