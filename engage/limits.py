"""Rate limits of REST, in the headers of draft-ietf-httpapi-ratelimit-headers."""

from dataclasses import dataclass
from math import ceil

from flask import Flask, Response, g, request

from common.ports.clock import Clock
from engage.access.client import network
from engage.access.roles import Principal, current
from engage.allowance import Allowance, Allowances, Costs, Verdict
from engage.contract import Contract
from engage.problems import problem
from engage.settings import EngageSection

PICTURES = "api GET /api/v1/devices/<name>/snapshot"
_FREE = frozenset({"api GET /healthz", "api GET /readyz"})


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests at once, and no more than that in `window` seconds from then on."""

    name: str
    quota: int
    window: int = 60

    def costs(self, who: Principal, address: str) -> Costs:
        nobody = who.kind in ("nobody", "local")
        key = ("address", network(address)) if nobody else (who.kind, who.id)
        return (((self.name, *key), Allowance(self.quota, self.window / self.quota)),)

    def header(self) -> str:
        return f'"{self.name}";q={self.quota};w={self.window}'

    def state(self, verdict: Verdict) -> str:
        return f'"{self.name}";r={verdict.remaining};t={ceil(verdict.reset)}'


class Limits:
    """Each user, token or, without one, client address has an allowance for pictures and one for the rest."""

    def __init__(self, settings: EngageSection, clock: Clock) -> None:
        self._clock = clock
        self._allowances = Allowances()
        self._requests = _policy("requests", settings.rate_limit)
        self._pictures = _policy("pictures", settings.picture_rate_limit)

    def of(self, endpoint: str) -> Policy | None:
        """None where there is no limit."""
        if endpoint in _FREE:
            return None
        return self._pictures if endpoint == PICTURES else self._requests

    def take(self, policy: Policy) -> Verdict:
        costs = policy.costs(current(), request.remote_addr or "")
        return self._allowances.take(costs, self._clock.monotonic())


def add_limits(app: Flask, api: Contract, limits: Limits) -> None:
    """After the gate, which knows who asks; what it refuses is counted too, by address."""

    def policy() -> Policy | None:
        endpoint = request.endpoint
        return limits.of(endpoint) if endpoint in api.operations else None

    @app.before_request
    def check() -> Response | None:
        if (own := policy()) is None:
            return None
        g.verdict = verdict = limits.take(own)
        return _refused(verdict) if verdict.wait else None

    @app.after_request
    def tell(response: Response) -> Response:
        if (own := policy()) is None:
            return response
        verdict: Verdict | None = g.get("verdict")
        if verdict is None:
            verdict = limits.take(own)
            response = _refused(verdict) if verdict.wait else response
        response.headers["RateLimit-Policy"] = own.header()
        response.headers["RateLimit"] = own.state(verdict)
        return response


def _refused(verdict: Verdict) -> Response:
    wait = max(1, ceil(verdict.wait))
    detail = f"Ask again in {wait} s. /api/v1/devices has everything in one answer, and `since` what changed."
    return problem(429, "Too many requests", detail, {"Retry-After": str(wait)})


def _policy(name: str, quota: int) -> Policy | None:
    return Policy(name, quota) if quota else None
