"""Draw the icons of the installed page from `web/public/favicon.svg`: `python -m tests.web.icons`."""

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.chromium import launched

PUBLIC = Path(__file__).parents[2] / "web" / "public"
GROUND = "#0f2a23"
SAFE = 0.8
"""What of a maskable icon is sure to be seen."""


def draw(page: Page, name: str, side: int, *, share: float = 1.0, ground: str = "transparent") -> None:
    """`share` of the side is the drawing, the rest is `ground` around it."""
    page.set_viewport_size({"width": side, "height": side})
    svg = (PUBLIC / "favicon.svg").read_text(encoding="utf-8")
    drawing = f"svg {{ width: {side * share}px; height: {side * share}px }}"
    middle = (
        f"body {{ margin: 0; height: {side}px; display: grid; place-items: center; background: {ground} }}"
    )
    page.set_content(f"<style>{drawing} {middle}</style>{svg}")
    page.screenshot(path=PUBLIC / name, omit_background=True)


def main() -> None:
    with sync_playwright() as playwright, launched(playwright) as chromium:
        page = chromium.new_page()
        draw(page, "icon-192.png", 192)
        draw(page, "icon-512.png", 512)
        draw(page, "icon-maskable.png", 512, share=SAFE, ground=GROUND)
        page.close()


if __name__ == "__main__":
    main()
