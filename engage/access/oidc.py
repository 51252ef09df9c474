"""The authorisation code flow of OpenID Connect, with state, nonce and PKCE. The one home of Authlib."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from common.ports.clock import Clock
from common.telemetry import SeldomLog
from engage.access.failures import RefusedError
from engage.access.names import role
from engage.access.outsider import Outsider
from engage.access.roles import Role
from engage.settings import OidcSection

log = structlog.get_logger(__name__)

_TIMEOUT = 5
_HOUR = 3600.0
_LEEWAY = 60
_SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_SCOPE = "openid profile email"
_ENDPOINTS = {"authorization_endpoint", "token_endpoint", "jwks_uri"}


class ProviderError(RefusedError):
    """The provider does not answer, or not as it should."""

    status = 502
    title = "The OpenID provider cannot be used"


class OutsiderError(RefusedError):
    status = 403
    title = "Not allowed"


@dataclass(frozen=True, slots=True)
class Errand:
    """What the browser keeps while it is at the provider."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Self:
        return cls(*(secrets.token_urlsafe(36) for _ in range(3)))

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        parts = (text or "").split(".")
        return cls(*parts) if len(parts) == len(cls.__slots__) and all(parts) else None

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"


class Provider:
    def __init__(self, settings: OidcSection, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._log = SeldomLog(log, clock)
        self._metadata: tuple[float, dict[str, Any]] | None = None

    @property
    def default_role(self) -> Role | None:
        word = self._settings.default_role
        return role(word) if word else None

    def start(self, back: str, errand: Errand) -> str:
        """Where to send the browser; it returns to `back`."""
        with self._session(back) as session:
            url, _ = session.create_authorization_url(
                self._known()["authorization_endpoint"],
                state=errand.state,
                nonce=errand.nonce,
                code_verifier=errand.verifier,
            )
        return str(url)

    def finish(self, back: str, errand: Errand, arguments: Mapping[str, str]) -> Outsider:
        """Whom the provider has sent back with these; RefusedError."""
        if not secrets.compare_digest(arguments.get("state", "").encode(), errand.state.encode()):
            raise OutsiderError("This sign-in did not begin in this browser; begin again.")
        if "code" not in arguments:
            raise OutsiderError("The OpenID provider did not let you in; ask its admin.")
        try:
            with self._session(back) as session:
                answer = session.fetch_token(
                    self._known()["token_endpoint"],
                    grant_type="authorization_code",
                    code=arguments["code"],
                    code_verifier=errand.verifier,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
            return self._outsider(self._claims(str(answer["id_token"]), errand.nonce))
        except (OAuthError, JoseError, requests.RequestException, KeyError, ValueError) as error:
            kind = type(error).__name__
            self._log.warning("the OpenID provider's answer is refused", kind, reason=kind)
            raise ProviderError("Its answer is not good; the log of engage says why. Begin again.") from error

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        keys = KeySet.import_key_set(self._fetch(self._known()["jwks_uri"]))  # type: ignore[arg-type]
        claims = jwt.decode(token, keys, algorithms=_SIGNED_BY).claims
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "nonce": {"essential": True, "value": nonce},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        jwt.JWTClaimsRegistry(int(self._clock.wall()), _LEEWAY, **wanted).validate(claims)
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise ValueError("made for somebody else")
        return claims

    def _outsider(self, claims: dict[str, Any]) -> Outsider:
        name = str(claims.get("preferred_username") or claims.get("email") or "")
        return Outsider(str(claims["iss"]), str(claims["sub"]), name, self._role(claims))

    def _role(self, claims: dict[str, Any]) -> Role | None:
        settings = self._settings
        if not settings.role_claim:
            return None
        found = claims.get(settings.role_claim, [])
        values = found if isinstance(found, list) else [found]
        words = [settings.roles[str(value)] for value in values if str(value) in settings.roles]
        roles = [role(word) for word in words] or [r for r in (self.default_role,) if r]
        if not roles:
            raise OutsiderError("Your account at the OpenID provider has no role here; ask its admin.")
        return max(roles)

    def _known(self) -> dict[str, Any]:
        """The provider's own description, read once an hour."""
        now = self._clock.monotonic()
        if self._metadata is None or now - self._metadata[0] > _HOUR:
            found = self._fetch(f"{str(self._settings.issuer).rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self._settings.issuer:
                name = str(found.get("issuer"))[:200]
                raise ProviderError(f"It calls itself {name!r}: correct engage.oidc.issuer.")
            if not found.keys() >= _ENDPOINTS:
                raise ProviderError("Its description lacks an endpoint; ask its admin.")
            self._metadata = now, found
        return self._metadata[1]

    def _fetch(self, url: str) -> dict[str, Any]:
        try:
            answer = requests.get(url, timeout=_TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            self._log.warning("the OpenID provider does not answer", url, url=url, reason=str(error))
            raise ProviderError("It does not answer; try again, or use a password.") from error
        return found if isinstance(found, dict) else {}

    def _session(self, back: str) -> OAuth2Session:
        return OAuth2Session(
            self._settings.client_id,
            self._settings.secret(),
            scope=_SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )
