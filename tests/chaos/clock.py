"""A wall clock that is wrong, and jumps: what a process reads of it, and signs requests to the store with."""

import time
from datetime import timedelta
from pathlib import Path

from minio import time as minio_time

CLOCK = "CHAOS_CLOCK"
"""Environment variable: a file that holds the seconds by which the clock is wrong, and may change."""


def go_wrong(file: Path) -> None:
    wall, signed = time.time, minio_time.utcnow

    def off() -> float:
        return float(file.read_text())

    time.time = lambda: wall() + off()
    minio_time.utcnow = lambda: signed() + timedelta(seconds=off())
