"""Settings of the web service."""

from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from common.settings import CommonSettings, Port, Section, TextFile, secret_from
from common.wire.names import Flow

Origin = Annotated[str, StringConstraints(pattern=r"^(https?://[^/\s*]+)$")]
RoleWord = Literal["viewer", "operator", "admin"]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LARGEST_BODY = 192 * 1024
"""Bytes of a request; a hundred sites with the longest of names fit."""

_DAY = 86_400.0


class OidcSection(Section):
    """Signing in with an OpenID provider; needs `pip install headway[oidc]`."""

    issuer: str | None = Field(
        None,
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?)$",
        description="the provider, as https://host/path; without one, off",
    )
    client_id: str = Field("", description="by which the provider knows us")
    client_secret: SecretStr | None = Field(None, description="prefer client_secret_file")
    client_secret_file: TextFile | None = Field(None, description="file that holds the secret")
    label: str = Field("Single sign-on", max_length=60, description="what the page calls it")
    role_claim: str = Field(
        "", description="claim of the ID token that gives the role; without one, admins do"
    )
    roles: dict[str, RoleWord] = Field({}, description="role for each value of the claim; the highest counts")
    default_role: RoleWord | None = Field(
        None, description="role of whoever has none by the claim; without one, they are refused"
    )

    def secret(self) -> str | None:
        return secret_from(self.client_secret, self.client_secret_file)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.issuer and not (self.client_id and self.secret()):
            raise ValueError("it needs client_id and client_secret (or client_secret_file) too")
        if self.issuer and not find_spec("authlib"):
            raise ValueError("it needs more packages: pip install 'headway[oidc]'")
        return self


class EngageSection(Section):
    """The web page, REST and the live channel."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(8080, description="port to listen on")
    flows: tuple[Flow, ...] = Field(
        ("production",),
        min_length=1,
        max_length=16,
        description="flows to show; of a device's values, the one of the first flow listed here",
    )
    updates_per_second: float = Field(
        4.0, gt=0, le=50, description="most updates that a browser gets in a second"
    )
    viewers: int = Field(
        2000, ge=1, le=100_000, description="most browsers on the live channel; more are refused"
    )
    rate_limit: int = Field(
        3000, ge=0, le=10**9, description="REST requests a minute of one user, token or address; 0: no limit"
    )
    picture_rate_limit: int = Field(
        60_000, ge=0, le=10**9, description="pictures a minute of one user, token or address; 0: no limit"
    )
    waiting: int = Field(
        200, ge=0, le=10_000, description="most requests that wait for a change; more are refused"
    )
    devices: int = Field(
        20_000, ge=1, le=1_000_000, description="most devices that are kept; more are refused"
    )
    forget_after: float = Field(
        7 * _DAY, ge=60, le=3650 * _DAY, description="seconds after which a silent device is forgotten"
    )
    rebuild_timeout: float = Field(
        10.0,
        gt=0,
        le=600,
        description="seconds to wait for retained messages and stored results before ready",
    )
    ping: float = Field(
        2.0,
        ge=0.5,
        le=60,
        description="seconds of silence after which the MQTT broker is asked for a sign of life; "
        "it has as long to answer",
    )
    snapshot_bytes: int = Field(
        4 * 2**20, ge=1024, le=64 * 2**20, description="largest picture that is served"
    )
    snapshot_cache_bytes: int = Field(
        64 * 2**20, ge=0, le=16 * 2**30, description="memory for pictures that were asked for"
    )
    allowed_origins: tuple[Origin, ...] = Field(
        (), description="other sites whose pages may use the live channel and REST, as https://host"
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="names this service is reached by; on loopback only its own are allowed by default"
    )
    auth: bool = Field(True, description="people sign in, other systems send a token; off only on loopback")
    session_idle: float = Field(
        _DAY, ge=300, le=30 * _DAY, description="seconds after which a session that is not used ends"
    )
    public_url: Origin | None = Field(
        None, description="address that people reach the page by, as https://host; for links"
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as 10.0.0.0/8"
    )

    oidc: OidcSection = OidcSection()

    @property
    def on_loopback(self) -> bool:
        return self.host in LOOPBACK or _is_loopback(self.host)

    @model_validator(mode="after")
    def _sign_in_on_the_network(self) -> Self:
        if not self.auth and not self.on_loopback:
            raise ValueError(
                "without a sign-in it listens on this machine alone: remove engage.auth = false, "
                f"or set engage.host = 127.0.0.1 instead of {self.host}"
            )
        return self


def _is_loopback(host: str) -> bool:
    """Of an address; a name such as 127.example may lead anywhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class EngageSettings(CommonSettings):
    """The web service: shows the latest value of every camera to people and to other systems."""

    engage: EngageSection = EngageSection()
