"""Settings of the web service."""

from typing import Annotated

from pydantic import Field, StringConstraints

from common.settings import CommonSettings, Port, Section
from common.wire.names import Flow

Origin = Annotated[str, StringConstraints(pattern=r"^(https?://[^/\s*]+)$")]
_DAY = 86_400.0


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


class EngageSettings(CommonSettings):
    """The web service: shows the latest value of every camera to people and to other systems."""

    engage: EngageSection = EngageSection()
