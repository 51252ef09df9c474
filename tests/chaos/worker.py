"""The worker of `python -m inference`, but for its model; with shorter pauses and a wrong clock where a test
sets them.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from common import service
from inference.__main__ import run, timing
from inference.model_process import ModelProcess
from inference.settings import InferenceSettings
from inference.timing import USUAL
from tests.chaos.clock import CLOCK, go_wrong
from tests.chaos.model import Brightness

HEARTBEAT, SLOWNESS = "CHAOS_HEARTBEAT", "CHAOS_SLOWNESS"
"""Environment variables: seconds of a heartbeat, and those that the model takes to see a picture."""

SWEEP = 10.0
"""Seconds; a test waits for it where nobody heard a capture announced."""


def main() -> int:
    if file := os.environ.get(CLOCK):
        go_wrong(Path(file))
    settings = service.start(InferenceSettings, "inference")
    own = settings.inference
    model = partial(Brightness, float(os.environ.get(SLOWNESS, "0")))
    detector = ModelProcess(model, own.model_timeout)
    heartbeat = float(os.environ.get(HEARTBEAT, USUAL.heartbeat))
    usual = timing(settings, detector.batch)
    return run(settings, detector, replace(usual, heartbeat=heartbeat, sweep=SWEEP))


if __name__ == "__main__":
    sys.exit(main())
