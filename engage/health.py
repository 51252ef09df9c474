"""For supervisors, load balancers and Prometheus."""

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from engage.access.roles import Role, current
from engage.contract import Body, Contract, json
from engage.document import document
from engage.models import Alive, Health
from engage.problems import problem
from engage.rest import Look


def add_health(api: Contract, board: Look) -> None:
    @api.get("/healthz", "Whether the process answers", {200: Body(Alive)}, role=Role.ANYBODY)
    def healthz() -> Response:
        return json(Alive())

    @api.get(
        "/readyz",
        "Whether the state is rebuilt; once it is, the page is served whatever else is away",
        {200: Body(Health), 503: Body(Health, description="not yet, and why")},
        role=Role.ANYBODY,
    )
    def readyz() -> Response:
        now = board()
        return json(Health(ready=now.ready, reasons=list(now.reasons)), 200 if now.ready else 503)

    @api.get("/metrics", "For Prometheus", {200: Body(media_type="text/plain")}, role=Role.VIEWER)
    def metrics() -> Response:
        if current().sites is not None:
            detail = (
                "The metrics are of all sites together; ask with an account or a token that sees them all."
            )
            return problem(403, "Not allowed", detail)
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    @api.get(
        "/api/docs",
        "This document for people",
        {302: Body(media_type="text/html", description="where the page is")},
        role=Role.VIEWER,
    )
    def docs() -> Response:
        return Response(status=302, headers={"Location": "../docs.html"}, mimetype="text/html")

    @api.get("/api/openapi.json", "This document", {200: Body()}, role=Role.VIEWER)
    def openapi() -> dict[str, object]:
        return document(api.operations.values())
