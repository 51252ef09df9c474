"""A small hub with the contract of the page: `python -m tests.web.feed PORT`. POST /feed changes its devices.

Nobody has to sign in: what needs users is tested on the real service.
"""

import random
import sys
import threading
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import cv2
import numpy as np
from flask import Flask, Response, jsonify, request
from flask_socketio import SocketIO, emit
from pydantic import BaseModel

from engage.access.answers import SessionState, Who
from engage.models import Changes, DesiredSettings, Settings, Snapshot, Workers

PAGE = Path(__file__).parents[2] / "engage" / "static"
POLICY = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:"

Device = dict[str, Any]


def picture(text: str) -> bytes:
    """A JPEG of 640 x 480 whose colour and text tell versions apart."""
    colour = [crc32(text.encode()) >> shift & 127 for shift in (0, 8, 16)]
    frame = np.full((480, 640, 3), colour, np.uint8)
    cv2.putText(frame, text, (40, 250), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
    return bytes(cv2.imencode(".jpg", frame)[1])


def _checked(model: type[BaseModel], message: dict[str, Any]) -> dict[str, Any]:
    """As engage would send it; a message that engage could not send is an error."""
    return model.model_validate(message).model_dump(by_alias=True)


def _fresh_look() -> Device:
    """Another count, and one of a few pictures."""
    count = random.randrange(40)
    return {"count": count, "snapshot": f"/api/v1/devices/any/snapshot?v={count % 8}"}


def _answer(model: BaseModel) -> Response:
    return Response(model.model_dump_json(by_alias=True), mimetype="application/json")


class Feed:
    """The devices and their revision; every change is told to all pages at once."""

    def __init__(self) -> None:
        self.app = Flask(__name__, static_folder=str(PAGE), static_url_path="")
        options: dict[str, Any] = {"async_mode": "threading", "transports": ["websocket"]}
        self.io = SocketIO(**options)
        self._devices: dict[str, Device] = {}
        self._revision = 0
        self._broker = "connected"
        self._lock = threading.Lock()
        self._settings: dict[str, Settings] = {}
        self._workers: list[Device] = []
        self._storms = threading.Event()
        self._routes()
        self._rest()
        for event in ("connect", "resync"):
            self.io.on_event(event, self._greet, namespace="/live")
        self.io.init_app(self.app)

    def _greet(self, *_anything: object) -> None:
        with self._lock:
            snapshot = {
                "revision": self._revision,
                "now": time.time(),
                "broker": self._broker,
                "devices": list(self._devices.values()),
            }
        emit("snapshot", _checked(Snapshot, snapshot))

    def change(
        self, devices: list[Device], gone: list[str], *, skip: int, broker: str, checked: bool = True
    ) -> None:
        """Tell a change; `skip` revisions are left untold before it."""
        with self._lock:
            self._broker = broker
            self._devices |= {device["deviceID"]: device for device in devices}
            for device_id in gone:
                self._devices.pop(device_id, None)
            since = self._revision + skip
            self._revision = since + 1
            message = {
                "since": since,
                "revision": self._revision,
                "now": time.time(),
                "broker": broker,
                "devices": devices,
                "gone": gone,
            }
        self.io.emit("changes", _checked(Changes, message) if checked else message, namespace="/live")

    def storm(self, at_once: int, every: float) -> None:
        """So many devices at a time have new counts, every so many seconds; until the next `storm`."""
        self._storms.set()
        self._storms = threading.Event()
        arguments = (at_once, every, self._storms)
        threading.Thread(target=self._blow, args=arguments, daemon=True).start()

    def _blow(self, at_once: int, every: float, over: threading.Event) -> None:
        due = time.monotonic()
        while at_once and not over.wait(max(0.0, due - time.monotonic())):
            due += every
            now = time.time()
            with self._lock:
                chosen = random.sample(list(self._devices.values()), at_once)
            fresh = {"receivedAt": now, "age": 0.0, "staleAfter": now + 30, "state": "live"}
            devices = [one | fresh | _fresh_look() for one in chosen]
            self.change(devices, [], skip=0, broker="connected", checked=False)

    def _rest(self) -> None:
        @self.app.get("/api/v1/session")
        def session() -> Response:
            local = Who(name="local", role="admin", sites=None, kind="local")
            return _answer(SessionState(auth=False, principal=local, oidc=None, version="test"))

        @self.app.get("/api/v1/workers")
        def workers() -> Response:
            return _answer(Workers.model_validate({"workers": self._workers}))

        @self.app.route("/api/v1/devices/<device_id>/settings", methods=["GET", "PUT"])
        def settings(device_id: str) -> Response:
            if request.method == "PUT":
                self._settings[device_id] = Settings.model_validate(request.get_json())
            desired = self._settings.get(device_id)
            told = {"revision": 2, "by": "local", "at": time.time()} if desired else {}
            nothing = {"revision": None, "by": None, "at": None, "applied": None}
            return _answer(DesiredSettings(device_id=device_id, desired=desired, **nothing | told))

        @self.app.delete("/api/v1/devices/<device_id>")
        def forget(device_id: str) -> Response:
            self.change([], [device_id], skip=0, broker="connected")
            return Response(status=202)

    def _routes(self) -> None:
        @self.app.get("/")
        def index() -> Response:
            return self.app.send_static_file("index.html")

        @self.app.get("/api/v1/devices/<device_id>/snapshot")
        def snapshot(device_id: str) -> Response:
            response = Response(picture(f"{device_id} v{request.args.get('v')}"), mimetype="image/jpeg")
            response.headers["Cache-Control"] = "private, max-age=86400, immutable"
            return response

        @self.app.post("/feed")
        def change() -> Response:
            asked = request.get_json()
            devices, gone = asked.get("devices", []), asked.get("gone", [])
            self.change(devices, gone, skip=asked.get("skip", 0), broker=asked.get("broker", "connected"))
            self._workers = asked.get("workers", self._workers)
            return jsonify(ok=True)

        @self.app.post("/storm")
        def storm() -> Response:
            self.storm(**request.get_json())
            return jsonify(ok=True)

        @self.app.after_request
        def guard(response: Response) -> Response:
            response.headers["Content-Security-Policy"] = POLICY
            return response


if __name__ == "__main__":
    feed = Feed()
    feed.io.run(feed.app, host="127.0.0.1", port=int(sys.argv[1]), allow_unsafe_werkzeug=True)
