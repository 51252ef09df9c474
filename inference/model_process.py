"""The model in a process of its own: a picture that crashes or hangs it costs that process, not the worker.

Pictures go over in shared memory, boxes come back through a pipe and are checked. `ModelProcess` is the
worker's side and looks like any Detector; the other side, `python -m inference.model_host`, ends when the
worker does.
"""

import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

import numpy as np

from inference import answers
from inference.answers import Hello, Shape
from inference.detector import Detection, Detector, Picture
from inference.model.error import ModelError

CAPACITY = 512 * 2**20
"""Bytes of address space; memory is used only as far as pictures reach."""

_LONGEST = 64 * 2**20
"""Bytes of an answer."""

_LOADING = 180.0
_DYING = 5.0
_GOODBYE = 0.1
_HARMLESS = np.full((288, 384, 3), 128, np.uint8)


class Batched(Detector, Protocol):
    """`batch`: how many pictures at once suit it; `why_not_cuda`: one sentence, or None where it is used."""

    @property
    def batch(self) -> int: ...

    @property
    def why_not_cuda(self) -> str | None: ...


class ModelCrashed(Exception):  # noqa: N818 -- the model did, on these pictures
    """The model ended, hung, failed or said nonsense on what it was given; the next call starts it afresh."""


class ModelProcess:
    """A Detector whose model runs in a process. `load` makes the model there and must be picklable.

    `timeout` is in seconds for each picture. Used by one thread at a time, but for `stop`.
    """

    def __init__(self, load: Callable[[], Batched], timeout: float) -> None:
        self._load = load
        self._timeout = timeout
        self._memory = _shared_file()
        self._pixels = mmap.mmap(self._memory, CAPACITY)
        self._stopped = False
        self._newest: _Child | None = None
        self._child: _Child | None = self._load_one()
        hello = self._child.hello
        self.name, self.digest, self.profile = hello.name, hello.digest, hello.profile
        self.provider, self.labels = hello.provider, hello.labels
        self.batch, self.why_not_cuda = hello.batch, hello.why_not_cuda

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """ModelCrashed when these pictures were too much for it; ModelError when any picture is.

        After a crash it is first shown a harmless picture: what ends that too lies in the machine, and the
        pictures of others must not be blamed for it.
        """
        return [found for chunk in _chunks(pictures) for found in self._detect(chunk)]

    def stop(self) -> None:
        """From any thread: what it is at fails at once, and so does all that it is asked."""
        self._stopped = True
        if self._newest:
            self._newest.kill()

    def close(self) -> None:
        if self._child:
            self._child.end()
            self._child = None
        self._pixels.close()
        os.close(self._memory)

    def _detect(self, pictures: list[Picture]) -> list[list[Detection]]:
        child = self._child or self._start()
        shapes = list(_put(self._pixels, pictures))
        try:
            return child.ask(shapes, self._timeout * len(pictures))
        except ModelCrashed:
            child.end()
            self._child = None
            raise

    def _start(self) -> "_Child":
        """Again. ModelError where another model comes up: results would bear the first one's name."""
        child = self._load_one()
        try:
            self._check(child)
        except ModelError:
            child.end()
            raise
        self._child = child
        return child

    def _load_one(self) -> "_Child":
        child = self._newest = _Child(self._memory)
        if self._stopped:  # before `stop` could see it
            child.kill()
        child.greet(self._load)
        return child

    def _check(self, child: "_Child") -> None:
        if (child.hello.digest, child.hello.provider) != (self.digest, self.provider):
            raise ModelError(f"after a crash the model runs on {child.hello.provider}, not {self.provider}")
        try:
            child.ask(list(_put(self._pixels, [_HARMLESS])), self._timeout)
        except ModelCrashed as error:
            raise ModelError(
                f"after a crash the model cannot bear a harmless picture either: {error}; look for a lack of "
                f"memory or a broken {self.provider} on this machine, or raise inference.model_timeout"
            ) from error


class _Child:
    """The process, and the pipe to it."""

    hello = Hello()

    def __init__(self, memory: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (theirs.fileno(), memory)
            command = [sys.executable, "-m", "inference.model_host", *map(str, fds)]
            self._process = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.DEVNULL)  # noqa: S603
        self._pipe = Connection(ours.detach())

    def greet(self, load: Callable[[], Batched]) -> None:
        """Let it load the model. ModelError, and it is ended, where that fails."""
        try:
            self._pipe.send_bytes(pickle.dumps(load))
            self.hello = answers.hello(self._answer(_LOADING))
        except (ModelCrashed, OSError, ValueError) as error:
            self.end()
            raise ModelError(f"the model's process did not start: {error}") from error
        if self.hello.error:
            self.end()
            raise ModelError(self.hello.error)

    def ask(self, shapes: list[Shape], timeout: float) -> list[list[Detection]]:
        try:
            self._pipe.send(shapes)
        except OSError as error:
            raise ModelCrashed(self._ending()) from error
        answer = self._answer(timeout)
        try:
            return answers.detections(answer, shapes, self.hello.labels)
        except ValueError as error:
            raise ModelCrashed(str(error)) from error

    def _answer(self, timeout: float) -> bytes:
        try:
            if not self._pipe.poll(timeout):
                raise ModelCrashed(f"no answer in {timeout:g} s")
            return self._pipe.recv_bytes(_LONGEST)
        except (EOFError, OSError) as error:
            raise ModelCrashed(self._ending()) from error

    def _ending(self) -> str:
        try:
            status = self._process.wait(_DYING)
        except subprocess.TimeoutExpired:
            return "the model closed its pipe"
        return f"the model ended with {signal.Signals(-status).name if status < 0 else f'status {status}'}"

    def kill(self) -> None:
        """From any thread."""
        self._process.kill()

    def end(self) -> None:
        self._pipe.close()
        try:
            self._process.wait(_GOODBYE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _shared_file() -> int:
    """A file without a name, in memory where the system offers that.

    Not in /dev/shm: containers have 64 MB there, and who writes more than fits is killed.
    """
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("pictures")
    else:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
    os.ftruncate(number, CAPACITY)
    return number


def _chunks(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    """As many together as fit; ModelCrashed for one that alone is too large."""
    chunk: list[Picture] = []
    for picture in pictures:
        if picture.nbytes > CAPACITY:
            raise ModelCrashed(f"a picture of {picture.shape} is too large")
        if sum(other.nbytes for other in chunk) + picture.nbytes > CAPACITY:
            yield chunk
            chunk = []
        chunk.append(picture)
    if chunk:
        yield chunk


def _put(pixels: mmap.mmap, pictures: Sequence[Picture]) -> Iterator[Shape]:
    """Copy the pictures into the memory; height, width and offset of each."""
    offset = 0
    for picture in pictures:
        height, width, _ = picture.shape
        picture_at(pixels, (height, width, offset))[:] = picture
        yield height, width, offset
        offset += picture.nbytes


def picture_at(pixels: mmap.mmap, shape: Shape) -> Picture:
    """The picture of this height and width at this offset, without copying it."""
    height, width, offset = shape
    return np.ndarray((height, width, 3), np.uint8, pixels, offset)
