"""The embedded MQTT broker: Mosquitto where it is installed, else nats-server from its wheel."""

import base64
import getpass
import hashlib
import json
import os
import secrets
import shutil
import sysconfig
from pathlib import Path

from headway.errors import UserError
from headway.ports import LOOPBACK
from headway.process import Command

USERNAME = "headway"
MAX_PACKET = 1_048_576
_ITERATIONS = 101  # mosquitto_passwd's own number; the password has 192 random bits

_MOSQUITTO = """\
# Written by `headway up` at every start.
user {user}
listener {port} {host}
allow_anonymous false
password_file {folder}/passwords
persistence true
persistence_location {folder}/
autosave_interval 60
set_tcp_nodelay true
max_queued_messages 20000
max_inflight_messages 1000
max_packet_size {packet}
connection_messages false
log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
"""

_NATS = """\
# Written by `headway up` at every start.
server_name: headway
listen: "{host}:{client_port}"
jetstream {{ store_dir: {store}, sync_interval: always }}
authorization {{ users: [ {{ user: {user}, password: {password} }} ] }}
max_payload: {packet}
mqtt {{ listen: "{host}:{port}", ack_wait: "10s", max_ack_pending: 1000 }}
"""


def mosquitto() -> str | None:
    """Debian installs it in /usr/sbin, which is not on everybody's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def wheel_binary(name: str) -> str:
    """A program that a pip package brought; UserError when it is missing."""
    scripts = Path(sysconfig.get_path("scripts")) / name
    found = str(scripts) if scripts.is_file() else shutil.which(name)
    if found is None:
        raise UserError(f"{name} is missing from this installation: run `make setup`")
    return found


def password_entry(username: str, password: str) -> str:
    """A line of Mosquitto's password file: PBKDF2 with SHA-512, as mosquitto_passwd writes it."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 64)
    salted, hashed = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{username}:$7${_ITERATIONS}${salted}${hashed}\n"


def mosquitto_command(program: str, folder: Path, port: int, password: str) -> Command:
    """Its files are written here; it keeps the privileges it was started with, or it could not read them."""
    user = getpass.getuser()
    config = _MOSQUITTO.format(user=user, port=port, host=LOOPBACK, folder=folder, packet=MAX_PACKET)
    _write(folder / "passwords", password_entry(USERNAME, password))
    _write(folder / "mosquitto.conf", config)
    return Command((program, "-c", str(folder / "mosquitto.conf")), folder, _environ())


def nats_command(folder: Path, port: int, client_port: int, password: str) -> Command:
    config = _NATS.format(
        host=LOOPBACK,
        port=port,
        client_port=client_port,
        store=json.dumps(str(folder)),
        user=json.dumps(USERNAME),
        password=json.dumps(password),
        packet=MAX_PACKET,
    )
    _write(folder / "nats.conf", config)
    return Command((wheel_binary("nats-server"), "-c", str(folder / "nats.conf")), folder, _environ())


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
