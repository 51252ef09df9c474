"""The OpenAPI document says what the application does, no more and no less."""

import re
from typing import Any

from pydantic import TypeAdapter

from engage.models import Device, Devices, Health, Problem
from tests.engage.conftest import Build
from tests.engage.site import Site

PAGE = {"/", "/assets/{name}", "/{name}"}


def routes(site: Site) -> set[tuple[str, str]]:
    """Method and path of every rule but those of the page."""
    found = set()
    for rule in site.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        found |= {(method.lower(), path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return {(method, path) for method, path in found if path not in PAGE}


def test_it_names_every_route_and_no_other(site: Site) -> None:
    document = site.get("/api/openapi.json")
    assert document["openapi"] == "3.1.0"
    named = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert named == routes(site)


def test_every_answer_is_one_that_it_names(build: Build) -> None:
    site = build(compat={"people_counter": True}).rebuilt()
    site.result("cam", 1)
    document = site.get("/api/openapi.json")
    for path, methods in document["paths"].items():
        if "get" not in methods:
            continue
        answer = site.web.get(path.replace("{name}", "cam"))
        named = methods["get"]["responses"][str(answer.status_code)]["content"]
        assert answer.mimetype in named, path
        refused = site.web.get(path.replace("{name}", "nobody") + ("" if "{name}" in path else "/x"))
        assert refused.mimetype in methods["get"]["responses"]["default"]["content"]


def test_path_parameters_are_declared(site: Site) -> None:
    for path, methods in site.get("/api/openapi.json")["paths"].items():
        for operation in methods.values():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_operations_stand_under_headings(site: Site) -> None:
    paths = site.get("/api/openapi.json")["paths"]
    tags = {path: tag for path, methods in paths.items() for o in methods.values() for tag in o["tags"]}
    assert tags["/api/v1/devices/{name}/settings"] == "devices"
    assert (tags["/healthz"], tags["/api/docs"]) == ("service", "service")
    assert tags["/api/v1.0/devices"] == "the original people-counter"


def test_references_lead_somewhere_and_operation_ids_are_unique(site: Site) -> None:
    document = site.get("/api/openapi.json")
    names = set(re.findall(r'"\$ref": ?"#/components/schemas/(\w+)"', site.web.get("/api/openapi.json").text))
    assert names
    assert names <= set(document["components"]["schemas"])
    ids = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(ids) == len(set(ids))


def test_the_schemas_are_those_of_the_answers(site: Site) -> None:
    site.result("cam", 1)
    schemas: dict[str, Any] = site.get("/api/openapi.json")["components"]["schemas"]
    answers = {
        "Devices": site.get("/api/v1/devices"),
        "Device": site.get("/api/v1/devices/cam"),
        "Health": site.get("/readyz"),
        "Problem": site.web.get("/api/v1/devices/nobody").json,
    }
    for name, answer in answers.items():
        assert set(schemas[name]["required"]) == set(answer) == set(schemas[name]["properties"])
    for model in (Devices, Device, Health, Problem):
        TypeAdapter(model).validate_python(answers[model.__name__])
