"""Pictures of a running Headway for the documentation: `python -m tests.web.screenshots URL`."""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.chromium import launched
from tests.eventually import eventually

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ALL_SHOWN = """
  document.querySelector('.tile') !== null &&
  [...document.querySelectorAll('.tile .blank')].every(one => one.getBoundingClientRect().top > innerHeight)
"""
SIZES = {"wall": (1440, 900), "phone": (390, 844)}


def take(chromium: Browser, url: str, name: str, scheme: Literal["light", "dark"]) -> None:
    """One picture, as soon as every camera in view shows its own."""
    width, height = SIZES[name]
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(url)
    eventually(lambda: page.evaluate(ALL_SHOWN))
    page.screenshot(path=IMAGES / f"{name}-{scheme}.jpg", type="jpeg", quality=80)
    page.close()


def main(url: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, launched(playwright) as chromium:
        for name in SIZES:
            for scheme in SCHEMES:
                take(chromium, url, name, scheme)


if __name__ == "__main__":
    main(sys.argv[1])
