"""By keyboard, on a phone, in the dark, with a screen reader."""

import re

import pytest
from playwright.sync_api import Page, expect

from engage.access.answers import SessionState, Who
from tests.eventually import eventually
from tests.web.axe import findings
from tests.web.hub import Device, Hub, agent, device, never_seen, set_aside, worker
from tests.web.parts import tile

SHOWN = ".empty, .tile.live, .view .plot canvas, .fleet tbody tr"
"""What each view has once it is drawn."""


def wall() -> list[Device]:
    """A device in each state, one of them with the longest name there can be."""
    return [
        device("cam-1", 3, problem="no answer from 10.0.0.7 in 10 s", trouble=set_aside("cam-1", ago=70)),
        device("gate", 3, name="The gate", site="North", group="Gates", agent=agent()),
        device("cam-2", 5, state="stale", skew=90.0, problem="x" * 500, trouble=set_aside("cam-2", ago=70)),
        device("cam-3", 5, state="offline"),
        never_seen("a-device-with-a-very-long-name-" + "x" * 97),
    ]


def test_keyboard_walks_the_wall_and_opens_a_device(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3), device("cam-2", 4))
    page.goto("/")
    page.get_by_role("link", name="cam-1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="cam-2")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("link", name="cam-1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="cam-1")).to_be_focused()
    expect(page.locator(".view")).to_contain_text("ssdlite-mobilenet-v2-coco@4c93ff1d")
    hub.tell(device("cam-1", 9))
    expect(page.locator(".view .count .number")).to_have_text("9")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="cam-2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page).to_have_url(f"{hub.url}/#/")


def test_arrow_keys_reach_tiles_that_were_not_drawn(page: Page, hub: Hub) -> None:
    hub.tell(*(device(f"cam-{n}", 1) for n in range(300)))
    page.goto("/")
    page.get_by_role("link", name="cam-0", exact=True).focus()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name="cam-299")).to_be_focused()
    expect(page.get_by_role("link", name="cam-299")).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(page.get_by_role("link", name="cam-0", exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="cam-0", exact=True)).to_be_in_viewport()


def test_slash_leads_to_the_filter_and_escape_empties_it(page: Page, hub: Hub) -> None:
    hub.tell(device("gate", 3), device("hall", 4))
    page.goto("/")
    expect(page.locator(".tile")).to_have_count(2)
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Filter cameras")).to_be_focused()
    page.keyboard.type("hall")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=hall"))
    page.keyboard.press("Escape")
    expect(page.locator(".tile")).to_have_count(2)


@pytest.mark.parametrize(
    ("path", "drawn", "key", "then"),
    [
        ("/", ".filter", "/", "document.activeElement.className === 'filter'"),
        ("/#/device/gate", ".steps", "ArrowRight", "location.hash === '#/device/hall'"),
        ("/#/device/gate", ".device", "Escape", "location.hash === '#/'"),
        ("/#/device/gate", ".device", "Tab", "document.activeElement.localName === 'h1'"),
    ],
)
def test_key_works_from_the_moment_its_view_is_there(
    page: Page, hub: Hub, path: str, drawn: str, key: str, then: str
) -> None:
    hub.tell(device("gate", 3), device("hall", 4))
    page.add_init_script(f"""
      new MutationObserver((_, observer) => {{
        if (document.querySelector("{drawn}") === null) return;
        observer.disconnect();
        document.body.dispatchEvent(new KeyboardEvent("keydown", {{ key: "{key}", bubbles: true }}));
        window.answered = {then};
      }}).observe(document, {{ childList: true, subtree: true }});
    """)
    page.goto(path)
    eventually(lambda: page.evaluate("window.answered !== undefined"))
    assert page.evaluate("window.answered")


def test_address_opens_a_device_and_back_leads_to_the_wall_as_it_was(page: Page, hub: Hub) -> None:
    hub.tell(*(device(f"cam-{n}", n) for n in range(200)))
    page.goto("/#/?q=cam-1&sort=count")
    expect(page.locator(".tile h2").first).to_have_text("cam-199")
    page.evaluate("scrollTo(0, 1500)")
    expect(tile(page, "cam-199")).to_have_count(0)
    page.get_by_role("link", name="cam-160").click()
    expect(page.get_by_role("heading", name="cam-160")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.get_by_role("link", name="Back to the wall").click()
    expect(page.get_by_role("link", name="cam-160")).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_have_value("cam-1")


def test_skip_link_is_the_first_stop(page: Page, hub: Hub) -> None:
    hub.tell(device("cam-1", 3))
    page.goto("/")
    expect(page.locator(".tile")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox", name="Filter cameras")).to_be_focused()


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
    expect(page.locator(".remark")).to_have_count(0)
    hub.tell(device("cam-1", 3, problem="no answer from 10.0.0.7", trouble=set_aside("cam-1", ago=70)))
    in_short = "Problem: no answer from 10.0.0.7 · Picture set aside: the model ended with SIGSEGV"
    expect(tile(page, "cam-1").locator(".remark")).to_have_text(in_short)
    expect(page.locator(".tile.live .count .number")).to_have_text("3")
    said = "cam-1 is live with a problem and a picture set aside"
    expect(page.get_by_role("status").filter(has_text=said)).to_have_count(1)
    page.get_by_role("link", name="cam-1").click()
    told: list[str | re.Pattern[str]] = [
        "Problem: no answer from 10.0.0.7",
        re.compile(r"^Picture set aside 1 min \d\d s ago: the model ended"),
    ]
    expect(page.locator(".view .ailment")).to_have_text(told)
    expect(page.locator(".view")).to_contain_text("captures/cam-1/20260102T")
    hub.tell(device("cam-1", 4))
    expect(page.locator(".ailment")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/#/?pictures=off", "/#/device/cam-2", "/#/fleet", "/?kiosk"])
def test_phone_has_no_sideways_scroll(page: Page, hub: Hub, path: str) -> None:
    hub.tell(*wall())
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)
    expect(page.locator(SHOWN)).not_to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_bar_of_a_phone_has_two_rows_whoever_is_signed_in(page: Page, hub: Hub) -> None:
    who = Who(name="ada.lovelace.of.the.long.name", role="admin", sites=None, kind="user")
    session = SessionState(auth=True, principal=who, oidc=None, version="test").model_dump(by_alias=True)
    page.route("**/api/v1/session", lambda route: route.fulfill(json=session))
    hub.tell(device("cam-1", 3))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    expect(page.get_by_role("link", name=who.name)).to_be_visible()
    expect(page.locator(".tile.live")).to_be_visible()
    parts = [page.locator(f".bar {part}").bounding_box() for part in (".brand", ".link", ".sum", ".theme")]
    brand, link, total, theme = (box["y"] + box["height"] / 2 for box in parts if box)
    assert abs(brand - link) < 8 > abs(total - theme)


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


@pytest.mark.parametrize("path", ["/", "/#/?pictures=off", "/#/device/cam-2", "/#/fleet", "/?kiosk", "empty"])
def test_axe_finds_nothing_serious(page: Page, hub: Hub, path: str) -> None:
    if path != "empty":
        hub.tell(*wall(), workers=[worker("worker-1")])
    page.goto("/" if path == "empty" else path)
    expect(page.locator(SHOWN)).not_to_have_count(0)
    assert findings(page) == []
