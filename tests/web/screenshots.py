"""Pictures of a running Headway for the documentation: `python -m tests.web.screenshots URL`.

Its cameras must run, and nobody has to sign in (`headway up --no-auth`).
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import launched
from tests.eventually import eventually

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST = 150_000
"""Bytes of one picture."""

DRAWN = """
  document.querySelector('.tile, .view .plot canvas, .grid tbody tr') !== null &&
  [...document.querySelectorAll('.blank')].every(one => one.getBoundingClientRect().top > innerHeight)
"""
Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class View:
    name: str
    path: str
    scheme: Scheme
    width: int = 1440
    height: int = 900
    seconds: float = 1
    """How long it is looked at: a chart needs something to show."""


def views(device: str) -> tuple[View, ...]:
    return (
        View("wall-light", "/", "light"),
        View("wall-dark", "/", "dark"),
        View("phone-light", "/", "light", 390, 844),
        View("phone-dark", f"/#/device/{device}", "dark", 390, 844),
        View("device", f"/#/device/{device}", "light", seconds=45),
        View("fleet", "/#/fleet", "light"),
        View("kiosk", "/?kiosk", "dark", 1920, 1080),
    )


def take(chromium: Browser, url: str, view: View) -> None:
    page = chromium.new_page(
        viewport={"width": view.width, "height": view.height}, color_scheme=view.scheme, base_url=url
    )
    page.goto(view.path)
    eventually(lambda: page.evaluate(DRAWN), within=20)
    page.wait_for_timeout(view.seconds * 1000)
    _save(page, IMAGES / f"{view.name}.jpg")
    page.close()


def _save(page: Page, path: Path) -> None:
    """As good as fits."""
    for quality in range(85, 30, -5):
        picture = page.screenshot(type="jpeg", quality=quality)
        if len(picture) < MOST:
            path.write_bytes(picture)
            return
    raise AssertionError(f"{path.name} is larger than {MOST} bytes however coarse it is")


def first_device(chromium: Browser, url: str) -> str:
    page = chromium.new_page()
    answer = page.request.get(f"{url}/api/v1/devices").json()
    page.close()
    return str(answer["devices"][0]["deviceID"])


def main(url: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, launched(playwright) as chromium:
        for view in views(first_device(chromium, url)):
            take(chromium, url, view)


if __name__ == "__main__":
    main(sys.argv[1])
