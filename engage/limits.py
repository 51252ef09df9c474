"""Rate limits of REST, in the headers of draft-ietf-httpapi-ratelimit-headers."""

from math import ceil

from flask import Flask, Response, g, request

from common.ports.clock import Clock
from engage.access.client import network
from engage.access.roles import current
from engage.allowance import Allowances, Policy, Verdict
from engage.contract import Contract
from engage.problems import problem
from engage.settings import EngageSection

PICTURES = "api GET /api/v1/devices/<name>/snapshot"
_FREE = frozenset({"api GET /healthz", "api GET /readyz"})


class Limits:
    """Each user, token or, without one, client address has an allowance for pictures and one for the rest."""

    def __init__(self, settings: EngageSection, clock: Clock) -> None:
        self._clock = clock
        self._requests = _allowances("requests", settings.rate_limit)
        self._pictures = _allowances("pictures", settings.picture_rate_limit)

    def of(self, endpoint: str) -> Allowances | None:
        """None where there is no limit."""
        if endpoint in _FREE:
            return None
        return self._pictures if endpoint == PICTURES else self._requests

    def take(self, allowances: Allowances) -> Verdict:
        who = current()
        nobody = who.kind in ("nobody", "local")
        key = f"address {network(request.remote_addr or '')}" if nobody else f"{who.kind} {who.id}"
        return allowances.take(key, self._clock.monotonic())


def add_limits(app: Flask, api: Contract, limits: Limits) -> None:
    """After the gate, which knows who asks; what it refuses is counted too, by address."""

    def allowances() -> Allowances | None:
        endpoint = request.endpoint
        return limits.of(endpoint) if endpoint in api.operations else None

    @app.before_request
    def check() -> Response | None:
        if (own := allowances()) is None:
            return None
        g.verdict = verdict = limits.take(own)
        return _refused(verdict) if verdict.wait else None

    @app.after_request
    def tell(response: Response) -> Response:
        if (own := allowances()) is None:
            return response
        verdict: Verdict | None = g.get("verdict")
        if verdict is None:
            verdict = limits.take(own)
            response = _refused(verdict) if verdict.wait else response
        response.headers["RateLimit-Policy"] = own.policy.header()
        response.headers["RateLimit"] = own.policy.state(verdict)
        return response


def _refused(verdict: Verdict) -> Response:
    wait = max(1, ceil(verdict.wait))
    detail = f"Ask again in {wait} s. /api/v1/devices has everything in one answer, and `since` what changed."
    return problem(429, "Too many requests", detail, {"Retry-After": str(wait)})


def _allowances(name: str, quota: int) -> Allowances | None:
    return Allowances(Policy(name, quota)) if quota else None
