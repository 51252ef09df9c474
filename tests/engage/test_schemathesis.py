"""Every route keeps what the OpenAPI document says of it, whatever is asked of it."""

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from engage.access.maker import Maker
from engage.access.roles import Role
from tests.engage.conftest import Build
from tests.engage.samples import WALL, device_status, trouble, worker_status
from tests.engage.site import Site

KNOWN = "cam"
"""A device that is there; of what else is asked for by name, there is none."""

EXAMPLES = int(os.environ.get("HEADWAY_EXAMPLES", "20"))
LISTS = ("fields", "ids", "state")
"""Parameters; without values, and with one that is empty, they look the same: only the first is allowed."""

LINK = "/api/v1/invitations/accept"
"""Takes a secret, which nothing that is made up is."""


def populate(site: Site) -> None:
    site.publish(site.topics.worker_status("w1"), worker_status("w1"), retain=True)
    for device in (KNOWN, "other"):
        status = device_status(device).model_copy(update={"site": "hall", "group": "north"})
        site.publish(site.topics.device_status(device), status, retain=True)
        site.result(device, 1)
    site.publish(site.topics.trouble("production", KNOWN), trouble(KNOWN, 1, WALL))


def test_every_operation(build: Build) -> None:
    site = build(engage={"auth": True, "rate_limit": 0}, compat={"people_counter": True}).rebuilt()
    populate(site)
    secret, _ = site.access.admin.issue("schemathesis", Role.ADMIN, None, None, Maker("tests"))
    headers = {"Authorization": f"Bearer {secret.text}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", site.app, headers=headers)
    found = list(schema.get_all_operations())
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(operations) == len(found)
    assert len(operations) > 15
    for operation in operations:
        _hold(operation, site, headers)


def _hold(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], site: Site, headers: dict[str, str]
) -> None:
    """Valid questions and others, of what is there and of what is not.

    `ignored_auth` takes two ways to sign in for two that are both needed; other tests check them.
    `negative_data_rejection` knows no 413.
    """
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)
    excluded = [ignored_auth, *([positive_data_acceptance] if operation.path == LINK else [])]
    asks = operation.query or operation.body or operation.path_parameters

    @settings(
        max_examples=EXAMPLES,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],
    )
    @given(valid | invalid if asks else valid)
    def ask(case: schemathesis.Case[Any]) -> None:
        unclear = [negative_data_rejection] if "" in map((case.query or {}).get, LISTS) else []
        case.call_and_validate(headers=headers, excluded_checks=[*excluded, *unclear])
        if case.path_parameters and case.path.startswith("/api/v1/devices/{name}"):
            case.path_parameters["name"] = KNOWN
            case.call_and_validate(headers=headers, excluded_checks=excluded)
            site.pump()
            site.wait(0.3)
            if KNOWN not in site.runner.board.entries:
                populate(site)

    ask()
