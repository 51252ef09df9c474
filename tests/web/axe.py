"""What axe-core finds wrong for people who do not see, or not well."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core on the page as it stands."""
    page.evaluate(AXE.read_text())
    report: dict[str, Any] = page.evaluate("axe.run()")
    grave = [found for found in report["violations"] if found["impact"] in {"serious", "critical"}]
    return [f"{found['id']}: {node['html']}" for found in grave for node in found["nodes"]]
