"""Settings that more than one service reads. Unknown keys are refused; every field says what it is for."""

import re
import ssl
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOST = r"[^\s:/@\[\]]+"
_ENDPOINT = re.compile(rf"({_HOST}|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{{1,5}}))?")
_MAX_PORT = 65_535


def _host(host: str) -> str:
    try:
        known = host.encode("idna")
    except UnicodeError:
        known = b""
    if not known or not re.fullmatch(rf"{_HOST}|[0-9A-Fa-f:.%]+", host):
        raise ValueError("not a host name or address; a port has its own setting")
    return host


def _endpoint(endpoint: str) -> str:
    match = _ENDPOINT.fullmatch(endpoint)
    if not match or int(match["port"] or 0) > _MAX_PORT:
        raise ValueError("not host:port; HTTPS is store.secure = true")
    _host(match[1].strip("[]"))
    return endpoint


def _text_file(file: Path) -> Path:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not text") from error
    if not text.strip():
        raise ValueError(f"{file} is empty")
    return file


def _authorities(file: Path) -> Path:
    try:
        ssl.create_default_context(cafile=_text_file(file))
    except ssl.SSLError as error:
        raise ValueError(f"{file} holds no certificate in PEM") from error
    return file


Host = Annotated[str, AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=_MAX_PORT)]
TextFile = Annotated[Path, AfterValidator(_text_file)]
"""A file that can be read and is not empty; for secrets, see `secret_from`."""
AuthorityFile = Annotated[Path, AfterValidator(_authorities)]


class Section(BaseModel):
    """A table of the TOML file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def secret_from(value: SecretStr | None, file: Path | None) -> str | None:
    """The secret itself, or the content of its file without the line's end."""
    if value is not None:
        return value.get_secret_value()
    return file.read_text(encoding="utf-8").rstrip("\r\n") if file else None


class BusSettings(Section):
    """The MQTT broker."""

    host: Host = Field("127.0.0.1", description="MQTT broker's host name or address")
    port: Port = Field(1883, description="MQTT broker's port; 8883 is usual with TLS")
    username: str | None = Field(None, description="MQTT user name")
    password: SecretStr | None = Field(None, description="MQTT password; prefer password_file")
    password_file: TextFile | None = Field(None, description="file that holds the MQTT password")
    tls: bool = Field(False, description="speak TLS and check the broker's certificate")
    ca_file: AuthorityFile | None = Field(
        None, description="certificate authority to trust, PEM; default: the system's"
    )
    cert_file: Path | None = Field(None, description="own certificate for mutual TLS, PEM")
    key_file: Path | None = Field(None, description="own key for mutual TLS, PEM")
    prefix: str = Field(
        "headway/v1", pattern=r"^[^+#/\s][^+#\s]{0,99}$", description="first part of every topic"
    )
    keepalive: int = Field(
        15, ge=2, le=600, description="seconds after which a silent connection counts as dead; more if slow"
    )
    queue: int = Field(
        1000, ge=1, le=100_000, description="messages kept while the broker is away; oldest go first"
    )

    def secret(self) -> str | None:
        return secret_from(self.password, self.password_file)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("bus.key_file needs bus.cert_file")
        if self.cert_file:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self.cert_file, self.key_file, "")
            except OSError as error:
                raise ValueError("bus.cert_file and bus.key_file are no certificate and its key") from error
        return self


class StoreSettings(Section):
    """The S3 store."""

    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "127.0.0.1:9000", description="S3 endpoint as host:port"
    )
    bucket: str = Field(
        "people-counter-images",
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="bucket of all pictures",
    )
    access_key: str | None = Field(None, description="S3 access key; without one, anonymous")
    secret_key: SecretStr | None = Field(None, description="S3 secret key; prefer secret_key_file")
    secret_key_file: TextFile | None = Field(None, description="file that holds the S3 secret key")
    secure: bool = Field(False, description="speak HTTPS and check the certificate")
    ca_file: AuthorityFile | None = Field(
        None, description="certificate authority to trust, PEM; default: the system's"
    )
    region: str = Field("us-east-1", description="S3 region")
    timeout: float = Field(10.0, gt=0, le=300, description="seconds before a call to the store is given up")

    def secret(self) -> str | None:
        return secret_from(self.secret_key, self.secret_key_file)

    @model_validator(mode="after")
    def _both_keys(self) -> Self:
        if bool(self.access_key) != bool(self.secret_key or self.secret_key_file):
            raise ValueError("store.access_key and store.secret_key (or secret_key_file) belong together")
        return self


class CompatSettings(Section):
    """Living beside the original people-counter."""

    people_counter: bool = Field(False, description="also take part on the original topic image/latest")
    image_prefix: str = Field(
        "image-",
        pattern=r"^[A-Za-z0-9._=+@:,-]{1,100}$",
        description="with what the names of its agents' pictures begin; image_filename_prefix there",
    )
    unheard: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="seconds until such a picture is deleted that no worker heard announced",
    )


class TelemetrySettings(Section):
    """Logs and metrics."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )
    log_format: Literal["auto", "pretty", "json"] = Field(
        "auto", description="auto: pretty on a terminal, else JSON"
    )
    metrics_host: Host = Field("127.0.0.1", description="address that serves /metrics")
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="port that serves /metrics; 0 takes a free one, see log"
    )


class CommonSettings(BaseSettings):
    """The sections every service knows; each service adds its own. Read them with `common.config.load`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bus: BusSettings = BusSettings()
    store: StoreSettings = StoreSettings()
    compat: CompatSettings = CompatSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
