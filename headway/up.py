"""`headway up`: everything on this machine, with one command."""

from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from common.settings import TelemetrySettings
from common.telemetry import configure_logs
from headway import broker, cameras
from headway.datadir import DataDir
from headway.devices import Watcher
from headway.door import open_door
from headway.errors import UserError
from headway.footage import ensure_footage
from headway.installation import Installation, Options, check_port, endpoints, prepare
from headway.model import ensure_model
from headway.options import DATA
from headway.ports import LOOPBACK
from headway.probes import bus_trouble, store_trouble
from headway.programs import Program, broker_program, service_programs, store_program
from headway.runner import Runner
from headway.screen import Screen, open_screen
from headway.weed import empty_quarantine

_OUTSIDE_SECONDS = 5.0

_EXAMPLES = """\
Examples:

\b
  headway up                                          the sample footage
  headway up --camera door.mp4 --camera 0             a video, over and over, and the first USB camera
  headway up --camera yard=rtsp://user:pw@10.0.0.7/1  an IP camera, its device called yard
  headway up --camera http://10.0.0.8/snapshot.jpg --interval 5
  headway up --port 8090 --data /srv/headway
  headway up --mqtt mqtts://user:pw@broker:8883 --store https://key:secret@s3.example.org/pictures
  headway up --set compat.people_counter=true         beside the original people-counter

Everything listens on this machine only. What is kept, and the logs, are in the data folder; its
endpoints.json tells other programs where the broker and the store are. Ctrl-C stops everything.
"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--camera",
    "camera_texts",
    multiple=True,
    metavar="[NAME=]SOURCE",
    help="A video file, a folder of pictures, the number of a USB camera, rtsp://..., http://... (of a "
    "snapshot) or picamera. May be repeated. Default: the sample footage.",
)
@click.option(
    "--interval",
    type=click.FloatRange(0.05, 3600),
    metavar="SECONDS",
    help="Time between two pictures of a camera.  [default: 1]",
)
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8080, show_default=True, help="Port of the web page."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DATA,
    show_default=True,
    metavar="DIR",
    help="The folder that holds all state; made if missing.",
)
@click.option("--mqtt", metavar="URL", help="Use this MQTT broker: mqtt[s]://[user:password@]host[:port].")
@click.option(
    "--store", metavar="URL", help="Use this S3 store: http[s]://[key:secret@]host[:port][/bucket]."
)
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="TOML file with settings for all."
)
@click.option(
    "--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="One setting. May be repeated."
)
@click.option(
    "--no-auth",
    is_flag=True,
    help="Whoever uses this machine sees and changes everything, without a sign-in.",
)
def up(
    camera_texts: tuple[str, ...],
    interval: float | None,
    port: int,
    data: Path,
    mqtt: str | None,
    store: str | None,
    config: Path | None,
    assignments: tuple[str, ...],
    *,
    no_auth: bool,
) -> None:
    """Run a broker, a store, a worker, the web page and an agent for each camera."""
    configure_logs(TelemetrySettings(log_level="error"), "up")
    with ExitStack() as stack:
        folder = DataDir.open(data)
        stack.callback(folder.close)
        check_port(port)
        chosen = tuple(cameras.parse(camera_texts or [str(ensure_footage(Console(stderr=True)))]))
        ensure_model(Console(stderr=True))
        options = Options(port, chosen, interval, mqtt, store, config, assignments, auth=not no_auth)
        installation = prepare(options, folder)
        check_outside(installation)
        run(options, folder, installation)


def check_outside(installation: Installation) -> None:
    """UserError unless the servers of others answer."""
    settings = installation.settings
    if not installation.embedded_bus and (trouble := bus_trouble(settings.bus, _OUTSIDE_SECONDS)):
        raise UserError(f"The MQTT broker {settings.bus.host}:{settings.bus.port} cannot be used: {trouble}")
    if not installation.embedded_store and (trouble := store_trouble(settings.store)):
        raise UserError(f"The S3 store cannot be used: {trouble}")


def run(options: Options, folder: DataDir, installation: Installation) -> None:
    """Until Ctrl-C or SIGTERM."""
    web = f"http://{LOOPBACK}:{options.port}"
    with ExitStack() as stack:
        screen = open_screen()
        stack.callback(screen.close)
        watcher = Watcher(web, installation.web_token)
        stack.callback(watcher.stop)
        stack.callback(folder.retract)
        introduce(screen, options, folder, installation)

        def started() -> None:
            link = open_door(installation, web)
            kept = empty_quarantine(installation.settings.store) if installation.embedded_store else None
            folder.publish(endpoints(installation, options.port))
            screen.say(f"Headway is ready: open {web}")
            if kept:
                screen.say(f"Pictures that are set aside will be kept for ever: {kept}")
            if link:
                screen.say(f"Nobody has an account yet. Make the first one, an admin's, with {link}")
            watcher.start()

        programs = list_programs(options, folder, installation)
        Runner(programs, folder.folder("logs"), screen, started).run(watcher.latest)
        screen.say("stopped")


def introduce(screen: Screen, options: Options, folder: DataDir, installation: Installation) -> None:
    kind = "an outside MQTT broker"
    if installation.embedded_bus:
        lacking = (
            "nats-server (good for a first look; install mosquitto for more: sudo apt install mosquitto)"
        )
        kind = "Mosquitto" if broker.mosquitto() else lacking
    store = "the store" if installation.embedded_store else "an outside store"
    names = ", ".join(camera.device for camera in options.cameras)
    screen.say(f"Starting {kind}, {store}, a worker, the page and {names}; all state is in {folder.path}")


def list_programs(options: Options, folder: DataDir, installation: Installation) -> list[Program]:
    memory, settings = installation.memory, installation.settings
    programs = service_programs(installation.file, installation.env, options.port, list(options.cameras))
    if installation.embedded_store:
        programs.insert(0, store_program(folder, memory, settings))
    if installation.embedded_bus:
        programs.insert(0, broker_program(folder, memory, settings))
    return programs
