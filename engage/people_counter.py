"""REST as the original people-counter's page asks for it. Its live channel is in `engage.live`.

That page asks here once, and then hears on the live channel of one device at a time.
"""

from flask import Response

from engage.access.roles import Role
from engage.board import originals
from engage.contract import Body, Contract
from engage.models import OriginalResult
from engage.problems import problem
from engage.rest import Look, seen


def add_people_counter(api: Contract, board: Look, *, on: bool) -> None:
    @api.get(
        "/api/v1.0/devices",
        "Results by device in the form of the original people-counter; with compat.people_counter only",
        {200: Body(OriginalResult, by_name=True)},
        role=Role.VIEWER,
    )
    def original_devices() -> dict[str, object] | Response:
        if not on:
            detail = "Set compat.people_counter = true to have it, or use /api/v1/devices."
            return problem(404, "The original people-counter's interface is off", detail)
        now = board()
        return {
            name: result.model_dump(by_alias=True)
            for name, result in originals(now).items()
            if seen(now, name)
        }
