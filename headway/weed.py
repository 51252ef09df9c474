"""The embedded S3 store: SeaweedFS in one process, `weed mini` from its wheel."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from common.adapters.s3 import S3Store
from common.ports.store import StoreError
from common.settings import StoreSettings
from common.wire.keys import QUARANTINE
from headway.broker import wheel_binary
from headway.ports import LOOPBACK, is_free, lasting
from headway.process import Command

PORTS = (
    "s3",
    "s3.grpc",
    "master",
    "master.grpc",
    "volume",
    "volume.grpc",
    "filer",
    "filer.grpc",
    "admin",
)
_FLAGS = (
    "-dir=.",
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    "-master.telemetry=false",
    "-disableHttp",  # without it the filer reads, writes and deletes for anybody
    "-admin.ui=false",
    "-webdav=false",
    "-s3.iam.readOnly=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.localSocket=s3.sock",
    "-filer.localSocket=filer.sock",
    "-volume.preStopSeconds=0",
)
_MEMORY = "350MiB"
_PROCESSORS = max(1, (os.cpu_count() or 1) // 2)
"""Go's threads hand each request on to one another: with two of two cores a request costs a third more."""
QUARANTINE_DAYS = 30
"""Raw pictures lie there, which nobody else deletes."""
ADMIN_TO_GRPC = 10_000
"""weed's own worker, which runs the bucket lifecycle, takes this distance for granted."""


def command(folder: Path, ports: Mapping[str, int], access_key: str, secret_key: str) -> Command:
    (folder / "mini.options").unlink(missing_ok=True)  # it would bring back the flags of an older start
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "GOMEMLIMIT": _MEMORY,
        "GOMAXPROCS": str(_PROCESSORS),
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }
    flags = (_flag(name, port) for name, port in listening(ports).items())
    return Command((wheel_binary("weed"), "mini", *_FLAGS, *flags), folder, env)


def listening(ports: Mapping[str, int]) -> dict[str, int]:
    """All ports, by the names that weed's flags and sockets have."""
    return {**{name: ports[name] for name in PORTS}, "admin.grpc": ports["admin"] + ADMIN_TO_GRPC}


def fits(name: str, port: int) -> bool:
    """Whether weed can use this free port for that."""
    grpc = port + ADMIN_TO_GRPC
    return name != "admin" or (grpc in lasting() and is_free(grpc))


def empty_quarantine(settings: StoreSettings) -> str | None:
    """Have pictures that were set aside deleted after a month; why not, where that is not possible."""
    store = S3Store(settings)
    try:
        store.expire(QUARANTINE, QUARANTINE_DAYS)
    except StoreError as error:
        return str(error)
    finally:
        store.close()
    return None


def sweep(ports: Mapping[str, int]) -> None:
    """Remove the sockets that weed leaves in /tmp when it is killed; their path cannot be chosen."""
    for name, port in listening(ports).items():
        path = Path("/tmp") / f"seaweedfs-{name.replace('.', '-')}-{port}.sock"  # noqa: S108
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _flag(name: str, port: int) -> str:
    server, _, grpc = name.partition(".")
    return f"-{server}.port{'.grpc' if grpc else ''}={port}"
