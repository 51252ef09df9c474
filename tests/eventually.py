"""Wait for a condition with a deadline; the one place in the tests where time really passes."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which what has not come never will, on however slow a machine. Says nothing about speed."""

_never = threading.Event()


def eventually(
    condition: Callable[[], T | None],
    within: float = PATIENCE,
    every: float = 0.02,
    failure: Callable[[], object] | None = None,
) -> T:
    """The first truthy value of `condition`, polled every `every` seconds.

    AssertionError after `within` seconds; `failure` is asked for its text.
    """
    deadline = monotonic() + within
    while not (value := condition()):
        assert monotonic() < deadline, failure() if failure else f"not within {within} s: {condition}"
        _never.wait(every)
    return value
