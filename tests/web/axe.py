"""What axe-core finds wrong for people who do not see, or not well."""

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, expect

Scheme = Literal["dark", "light"]
SCHEMES: tuple[Scheme, ...] = ("dark", "light")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core on the page as it stands, in the dark and in the light."""
    page.evaluate(AXE.read_text())
    return [found for scheme in SCHEMES for found in _findings(page, scheme)]


def _findings(page: Page, scheme: Scheme) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    report: dict[str, Any] = page.evaluate("axe.run()")
    grave = [found for found in report["violations"] if found["impact"] in {"serious", "critical"}]
    return [f"{scheme}, {found['id']}: {node['html']}" for found in grave for node in found["nodes"]]
