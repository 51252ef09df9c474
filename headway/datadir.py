"""The folder that holds all of one installation: lock, secrets, ports, logs, and what the servers store.

headway.lock     held while `up` runs
headway.json     secrets, ports and the worker's name, stable from one start to the next (0600)
headway.toml     settings for the services, written at every start (0600)
endpoints.json   where everything is, for other programs; there while `up` runs (0600)
broker/ store/   what the servers keep
logs/            one file a child, bounded
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, ValidationError

from common.wire.names import WorkerID
from engage.access.secret import TokenSecret
from headway.errors import UserError

WANTED_BYTES = 300_000_000
ENDPOINTS = "endpoints.json"


def _web_token() -> TokenSecret:
    return TokenSecret.new(f"up-{secrets.token_hex(3)}")


class Memory(BaseModel):
    """`headway.json`."""

    mqtt_password: str = Field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    s3_access_key: str = Field(default_factory=lambda: f"headway{secrets.token_hex(6)}")
    s3_secret_key: str = Field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    web_token: str = Field(default_factory=lambda: _web_token().text, repr=False)
    """With it `up`, and whoever may read this folder, asks the web service."""
    ports: dict[str, int] = Field(default_factory=dict)
    worker: WorkerID = Field(default_factory=lambda: f"worker-{secrets.token_hex(3)}")
    """Kept, or every start would leave one more worker's status behind in the broker."""


class DataDir:
    """Locked from `open` to `close`; UserError where it cannot be used."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        path = path.expanduser().absolute()
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = os.open(path / "headway.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise UserError(f"{path} is not a folder: choose another with --data DIR") from error
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UserError(f"Cannot write to {path} ({why}): choose another --data DIR") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise UserError(
                f"Another `headway up` runs on {path}: stop it first, or give this one its own --data DIR"
            ) from error
        folder = cls(path, lock)
        try:
            folder.check_space()
        except BaseException:
            folder.close()
            raise
        return folder

    def close(self) -> None:
        os.close(self._lock)

    def check_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < WANTED_BYTES:
            raise UserError(
                f"The disk of {self.path} is full: {free / 1e6:.0f} MB free of "
                f"{WANTED_BYTES / 1e6:.0f} MB wanted; free some space or choose another --data DIR"
            )

    def folder(self, name: str) -> Path:
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def remember(self) -> Memory:
        """What the last start wrote, or new secrets."""
        file = self.path / "headway.json"
        if not file.exists():
            return Memory()
        try:
            return Memory.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise UserError(
                f"{file} is damaged: restore it, or delete {self.path} to start afresh with new secrets"
            ) from error

    def keep(self, memory: Memory) -> None:
        self.write("headway.json", memory.model_dump_json(indent=2))

    def write(self, name: str, text: str) -> Path:
        """Atomically, readable by the owner only."""
        target = self.path / name
        part = target.with_name(f"{target.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        return target

    def publish(self, endpoints: Mapping[str, object]) -> None:
        self.write(ENDPOINTS, json.dumps(endpoints, indent=2) + "\n")

    def retract(self) -> None:
        (self.path / ENDPOINTS).unlink(missing_ok=True)
