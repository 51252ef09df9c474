"""Real servers on 127.0.0.1 and free ports. Each keeps its ports and its data over `kill` and `restart`."""

import base64
import getpass
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import urllib3
from minio import Minio
from minio.error import MinioException

from common.settings import BusSettings, StoreSettings
from headway import leash
from headway.ports import assign
from tests.eventually import PATIENCE, eventually

USER = "headway"
BUCKET = "people-counter-images"
_GRACE = 10.0

_pids: set[int] = set()
_given: set[int] = set()


def server_pids() -> frozenset[int]:
    """The processes of the servers that now run; they outlive a test."""
    return frozenset(_pids)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on and nobody else was given; no outgoing connection takes one."""
    ports = assign(map(str, range(count)), {}, avoid=_given).values()
    _given.update(ports)
    return list(ports)


def binary(name: str, install: str) -> str:
    """The path of a program: beside this Python, on PATH or in sbin; AssertionError says how to get it."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    assert found, f"{name} is missing: {install}"
    return found


class Server(ABC):
    """One process, that dies with ours. `restart` brings it back on the same ports with the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = secrets.token_hex(16)
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def ready(self) -> bool: ...

    def environment(self) -> dict[str, str]:
        return {}

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process, f"{type(self).__name__} was not started"
        return self._process.pid

    def start(self) -> Self:
        """Returns when it does its work; nothing happens where it already runs."""
        if self.running:
            return self
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self.environment(),
            )
        _pids.add(self.pid)
        eventually(self._started)
        return self

    def _started(self) -> bool:
        assert self.running, f"{type(self).__name__} ended at its start:\n{self.log.read_text()[-2000:]}"
        return self.ready()

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        if self._process:
            self._process.kill()
            self._gone()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._gone()

    def _gone(self) -> None:
        self._process and self._process.wait(PATIENCE)
        _pids.discard(self.pid)
        self._process = None

    def restart(self) -> None:
        """Stop cleanly if it runs, then start."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Nobody reads its data any more."""
        self.kill()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
            return True
    except OSError:
        return False


class MqttServer(Server):
    port: int

    def settings(self, **changes: Any) -> BusSettings:
        """What reaches this broker; `changes` replace single settings."""
        usual = {"host": "127.0.0.1", "port": self.port, "username": USER, "password": self.secret}
        return BusSettings.model_validate(usual | changes)

    def ready(self) -> bool:
        return _answers(self.port)


class Mosquitto(MqttServer):
    """`options` are further lines of its configuration, read at each start."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)
        self._options = options

    def command(self) -> list[str]:
        passwords = self.folder / "passwords"
        passwords.touch(mode=0o600)
        passwords.write_text(f"{USER}:{_mosquitto_hash(self.secret)}\n")
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            "allow_anonymous false",
            f"password_file {passwords}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 60",
            "set_tcp_nodelay true",
            "max_queued_messages 100000",
            *self._options,
        ]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        program = binary("mosquitto", "run `apt-get install mosquitto`")
        return [program, "-c", str(self.folder / "mosquitto.conf")]


def _mosquitto_hash(secret: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, 101)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


_NATS = """
server_name: headway
listen: 127.0.0.1:{client}
max_payload: 4MB
jetstream {{ store_dir: "{folder}/jetstream", sync_interval: always }}
mqtt {{ listen: 127.0.0.1:{mqtt} }}
authorization {{ users: [{{ user: "{user}", password: "{secret}" }}] }}
"""


class Nats(MqttServer):
    """nats-server as an MQTT 3.1.1 broker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, self._client_port = free_ports(2)

    def command(self) -> list[str]:
        text = _NATS.format(
            client=self._client_port, mqtt=self.port, folder=self.folder, user=USER, secret=self.secret
        )
        (self.folder / "nats.conf").write_text(text)
        return [binary("nats-server", "run `make setup`"), "-c", str(self.folder / "nats.conf")]


class Weed(Server):
    """SeaweedFS in one process; S3 is the only door that is open without gRPC."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port, *self._ports = free_ports(10)

    def settings(self, **changes: Any) -> StoreSettings:
        """What reaches this store; `changes` replace single settings."""
        usual = {
            "endpoint": f"127.0.0.1:{self.port}",
            "bucket": BUCKET,
            "access_key": USER,
            "secret_key": self.secret,
            "timeout": 2 * PATIENCE,  # an attempt has half of it
        }
        return StoreSettings.model_validate(usual | changes)

    def _gone(self) -> None:
        """It leaves sockets in /tmp; their path cannot be chosen."""
        super()._gone()
        for port in (self.port, *self._ports):
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "GOMEMLIMIT": "350MiB",
            "GOMAXPROCS": "1",
        }

    def command(self) -> list[str]:
        master, volume, filer, s3, admin, *http = self._ports
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        return [
            binary("weed", "run `make setup`"),
            "mini",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-disableHttp",
            "-admin.ui=false",
            "-webdav=false",
            "-master.telemetry=false",
            "-s3.iam.readOnly=false",
            f"-s3.port={self.port}",
            f"-s3.port.grpc={s3}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self.folder}/s3.sock",
            f"-filer.localSocket={self.folder}/filer.sock",
            f"-master.port={http[0]}",
            f"-master.port.grpc={master}",
            "-volume.max=500",  # each bucket takes one; the default follows the size of the disk
            f"-volume.port={http[1]}",
            f"-volume.port.grpc={volume}",
            f"-filer.port={http[2]}",
            f"-filer.port.grpc={filer}",
            f"-admin.port={http[3]}",
            f"-admin.port.grpc={admin}",
        ]

    def ready(self) -> bool:
        """An object can be written; listening alone is long before that."""
        pool = urllib3.PoolManager(retries=False, timeout=PATIENCE)
        client = Minio(
            f"127.0.0.1:{self.port}", USER, self.secret, secure=False, region="us-east-1", http_client=pool
        )
        try:
            if not client.bucket_exists(bucket_name=BUCKET):
                client.make_bucket(bucket_name=BUCKET)
            client.put_object(bucket_name=BUCKET, object_name="ready", data=BytesIO(b"1"), length=1)
            client.remove_object(bucket_name=BUCKET, object_name="ready")
        except (MinioException, urllib3.exceptions.HTTPError, OSError):
            return False
        finally:
            pool.clear()
        return True
