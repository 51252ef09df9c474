"""By keyboard, on a phone, in the dark, with a screen reader."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.hub import Device, Hub, device, never_seen, set_aside

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def wall() -> list[Device]:
    """A device in each state, one of them with the longest name there can be."""
    return [
        device("cam-1", 3, problem="no answer from 10.0.0.7 in 10 s", trouble=set_aside("cam-1", ago=70)),
        device("cam-2", 5, state="stale", skew=90.0, problem="x" * 500, trouble=set_aside("cam-2", ago=70)),
        device("cam-3", 5, state="offline"),
        never_seen("a-device-with-a-very-long-name-" + "x" * 97),
    ]


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core on the page as it stands."""
    page.evaluate(AXE.read_text())
    report: dict[str, Any] = page.evaluate("axe.run()")
    grave = [found for found in report["violations"] if found["impact"] in {"serious", "critical"}]
    return [f"{found['id']}: {node['html']}" for found in grave for node in found["nodes"]]


def test_keyboard_opens_and_closes_the_dialog(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3), device("cam-2", 4))
    page.goto("/")
    page.get_by_role("button", name="cam-1").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="cam-1")).to_be_visible()
    expect(dialog).to_contain_text("ssdlite-mobilenet-v2-coco@4c93ff1d")
    hub.tell(device("cam-1", 9))
    expect(dialog.locator(".count .number")).to_have_text("9")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name="cam-2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="cam-1")).to_be_focused()
    expect(page).to_have_url(f"{hub.url}/")


def test_back_closes_the_dialog_and_its_address_opens_it(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    page.locator(".tile").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    address = page.url
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("dialog").get_by_role("heading", name="cam-1")).to_be_visible()


def test_skip_link_is_the_first_stop(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    expect(page.locator(".tile")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the cameras")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="cam-1")).to_be_focused()


def test_change_of_state_is_announced(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    expect(page.locator(".tile.live")).to_be_visible()
    hub.tell(device("cam-1", 3, state="offline"))
    expect(page.get_by_role("status").filter(has_text="cam-1 is offline")).to_have_count(1)


def test_a_problem_and_a_trouble_are_told_in_words_beside_the_number(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    expect(page.locator(".tile.live")).to_be_visible()
    expect(page.locator(".ailment")).to_have_count(0)
    hub.tell(device("cam-1", 3, problem="no answer from 10.0.0.7", trouble=set_aside("cam-1", ago=70)))
    told: list[str | re.Pattern[str]] = [
        "Problem: no answer from 10.0.0.7",
        re.compile(r"^Picture set aside 1 min \d\d s ago: the model ended"),
    ]
    expect(page.locator(".tile.live .ailment")).to_have_text(told)
    expect(page.locator(".tile.live .count .number")).to_have_text("3")
    said = "cam-1 is live with a problem and a picture set aside"
    expect(page.get_by_role("status").filter(has_text=said)).to_have_count(1)
    page.get_by_role("button", name="cam-1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".ailment")).to_have_text(told)
    expect(dialog).to_contain_text("captures/cam-1/20260102T")
    hub.tell(device("cam-1", 4))
    expect(page.locator(".ailment")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/#/device/cam-2"])
def test_phone_has_no_sideways_scroll(page: Page, hub: Hub, path: str) -> None:
    hub.tell(*wall())
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)
    expect(page.locator(".tile")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(
        "[...document.querySelectorAll('dialog')].every(d => d.scrollWidth <= d.clientWidth)"
    )


def test_theme_follows_the_system_and_the_choice_is_remembered(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(12, 19, 17)"
    toggle = page.get_by_role("button", name="Dark colours", pressed=True)
    toggle.click()
    page.reload()
    expect(page.get_by_role("button", name="Dark colours", pressed=False)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(238, 241, 239)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/#/device/cam-2", "empty"])
def test_axe_finds_nothing_serious(browser: Browser, hub: Hub, scheme: Any, path: str) -> None:
    if path != "empty":
        hub.tell(*wall())
    with browser.new_context(color_scheme=scheme, base_url=hub.url) as context:
        page = context.new_page()
        page.goto("/" if path == "empty" else path)
        expect(page.locator(".empty, .tile.live")).to_be_visible()
        assert findings(page) == []
