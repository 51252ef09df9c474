"""A broker and a store that know some devices, for tests of `headway device`."""

from collections.abc import Mapping
from pathlib import Path

from common.adapters.s3 import S3Store
from common.wire.codec import encode
from common.wire.keys import result_key, shown_key, snapshot_key, trouble_key
from common.wire.messages import DeviceConfig, DeviceStatus
from common.wire.topics import Topics
from headway import toml
from headway.__main__ import cli, run
from headway.line import Line
from headway.registry import filters, registered
from tests.common.messages import EVERY, SMALL_RESULT
from tests.servers import Mosquitto, Weed

ONLINE = DeviceStatus(
    device_id="cam-1",
    state="online",
    session="s",
    interval=1,
    agent_version="0.1.0",
    name="\x1b[1m[bold]Gate",
)


class Ground:
    """A broker and a store that know some devices, and the command line that finds them by their settings."""

    def __init__(
        self, mosquitto: Mosquitto, weed: Weed, topics: Topics, store: S3Store, folder: Path
    ) -> None:
        self.topics = topics
        self.store = store
        self._bus = mosquitto.settings(prefix=topics.prefix)
        keep = {"endpoint", "bucket", "access_key"}
        tables = {
            "bus": self._bus.model_dump(include={"host", "port", "username", "prefix"})
            | {"password": self._bus.secret()},
            "store": weed.settings(bucket=store.bucket).model_dump(include=keep)
            | {"secret_key": weed.secret},
        }
        self.data = folder
        (folder / "headway.toml").write_text(toml.dump(tables))

    def device(self, *words: str) -> int:
        line = ["device", "--data", str(self.data), *words]
        return run(lambda **options: cli.main(line, prog_name="headway", **options))

    def retain(self, payloads: Mapping[str, bytes]) -> None:
        with Line(self._bus) as line:
            line.retain(payloads)

    def retain_status(self, *statuses: DeviceStatus) -> None:
        self.retain({self.topics.device_status(status.device_id): encode(status) for status in statuses})

    def knows(self) -> dict[str, list[str]]:
        with Line(self._bus, *filters(self.topics)) as line:
            found = registered(self.topics, line.retained())
        return {device: sorted(entry.topics.values()) for device, entry in found.items()}

    def config(self, device: str) -> DeviceConfig | None:
        with Line(self._bus, *filters(self.topics, device)) as line:
            entry = registered(self.topics, line.retained()).get(device)
        return entry.config if entry else None


def everything_of_cam_1(ground: Ground) -> None:
    """In flows that engage shows and in others; and what is of a device whose name begins alike."""
    topics, other = ground.topics, SMALL_RESULT.model_copy(update={"device_id": "cam-1-2"})
    trouble = next(sent.message for sent in EVERY if sent.name == "trouble")
    config = next(sent.message for sent in EVERY if sent.name == "device config")
    ground.retain(
        {
            topics.device_status("cam-1"): encode(ONLINE.model_copy(update={"state": "offline"})),
            topics.device_config("cam-1"): encode(config),
            topics.result("production", "cam-1"): encode(SMALL_RESULT),
            topics.result("trial", "cam-1"): b"cannot be read",
            topics.trouble("trial", "cam-1"): encode(trouble),
            topics.result("production", "cam-1-2"): encode(other),
        }
    )
    for key in keys_of("cam-1") + keys_of("cam-1-2"):
        ground.store.put(key, b"x")


def keys_of(device: str) -> list[str]:
    kept = [
        key(flow, device)
        for flow in ("production", "trial", "stored")
        for key in (result_key, trouble_key, snapshot_key)
    ]
    return [*kept, shown_key(device, 1e9), shown_key(device, 2e9)]


def stored(store: S3Store) -> set[str]:
    return {
        info.key
        for prefix in ("results/", "troubles/", "snapshots/", "shown-")
        for info in store.list(prefix)
    }
