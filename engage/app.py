"""The web application: HTTP only looks; what it shows is kept by the loop."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from common.ports.clock import Clock
from engage.access.application import add_access
from engage.access.gate import Access
from engage.board import Board
from engage.compression import add_compression
from engage.contract import Contract
from engage.events import Event
from engage.health import add_health
from engage.limits import Limits, add_limits
from engage.live import Live
from engage.operate import add_operation
from engage.page import STATIC, add_page
from engage.people_counter import add_people_counter
from engage.problems import add_problems
from engage.rest import add_devices
from engage.security import add_security
from engage.settings import EngageSettings
from engage.snapshots import Pictures, add_snapshots
from engage.summary import add_summary
from engage.waiting import Waiting


def create_app(
    settings: EngageSettings,
    board: Callable[[], Board],
    tell: Callable[[Event], bool],
    live: Live,
    pictures: Pictures,
    waiting: Waiting,
    access: Access,
    clock: Clock,
    *,
    static: Path = STATIC,
) -> Flask:
    """`board` is the latest to be shown, `tell` takes what browsers do."""
    app = Flask("engage", static_folder=None)
    app.logger.disabled = True  # what fails is logged with the problem that is answered
    api = Contract(app)
    add_compression(app)
    add_access(app, api, settings.engage, access)
    add_limits(app, api, Limits(settings.engage, clock))
    add_devices(api, board, waiting, clock)
    add_operation(api, board, tell, clock)
    add_summary(api, board)
    add_snapshots(api, board, pictures)
    add_people_counter(api, board, on=settings.compat.people_counter)
    add_health(api, board)
    add_problems(app)
    add_page(app, static)
    live.attach(app, tell)
    add_security(app, settings.engage)
    return app
