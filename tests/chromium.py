"""The real Chromium of the machine, headless and without its calls home."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # none in reserve, that would end whenever it likes
)


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """AssertionError says how to get it where it is missing."""
    assert CHROMIUM.is_file(), "no Chromium: run `apt-get install chromium`"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    try:
        yield browser
    finally:
        browser.close()
