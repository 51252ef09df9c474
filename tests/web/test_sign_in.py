"""Signing in to the real service: nobody sees anything before."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engage.access.admin import DAY
from engage.access.maker import Maker
from engage.access.names import welcome_link
from engage.access.records import Credential, User
from engage.access.roles import Role
from engage.access.secret import SHORTEST
from headway.door import accounts
from tests.servers import Weed
from tests.web.axe import findings
from tests.web.conftest import open_page
from tests.web.parts import number
from tests.web.service import Worker
from tests.web.site import Site

AUTH = True
PASSWORD = "a long walk by the sea"


@pytest.fixture
def page(browser: Browser, engage: Site) -> Iterator[Page]:
    with open_page(browser, engage.url) as page:
        yield page


@pytest.fixture
def welcome(engage: Site, weed: Weed, bucket: str) -> str:
    """The link of the first admin."""
    with accounts(weed.settings(bucket=bucket)) as admin:
        secret, _ = admin.invite(Role.ADMIN, None, DAY, Maker("test"))
    return welcome_link(engage.url, secret)


def join(page: Page, link: str, name: str) -> None:
    page.goto(link)
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("minlength", str(SHORTEST))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create my account").click()


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_link_makes_an_account_and_only_who_has_one_sees_numbers(
    page: Page, welcome: str, worker: Worker
) -> None:
    worker.see("cam-1", 3)
    page.goto("/#/device/cam-1")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator(".view, .sum")).to_have_count(0)
    join(page, welcome, "ada")
    expect(number(page, "cam-1")).to_have_text("3")
    page.get_by_role("link", name="ada").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, "ada", "not the password")
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)
    page.goto("/")
    sign_in(page, "ada", PASSWORD)
    expect(number(page, "cam-1")).to_have_text("3")
    worker.see("cam-1", 4)
    expect(number(page, "cam-1")).to_have_text("4")
    page.goto(welcome)
    join(page, welcome, "eve")
    expect(page.get_by_role("alert")).to_contain_text("ask an admin for another")


def test_admin_invites_makes_tokens_and_sees_what_was_changed(
    browser: Browser, page: Page, engage: Site, welcome: str
) -> None:
    join(page, welcome, "ada")
    page.get_by_role("link", name="ada").click()
    page.get_by_text("Make a token").click()
    page.get_by_label("What for").fill("the board in the hall")
    page.get_by_role("button", name="Make token").click()
    expect(page.locator(".secret")).to_contain_text("it is shown this once")
    page.get_by_role("button", name="Revoke the board in the hall").click()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    page.get_by_text("Invite somebody").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".secret code", has_text="/#/welcome/").inner_text()
    with open_page(browser, engage.url) as other:
        join(other, link, "bob")
        expect(other.get_by_role("heading", name="No cameras yet")).to_be_visible()
        other.get_by_role("link", name="bob").click()
        expect(other.get_by_role("heading", name="Password")).to_be_visible()
        expect(other.get_by_role("heading", name="Tokens")).to_have_count(0)
        page.reload()
        page.get_by_role("button", name="Remove bob").click()
        expect(page.get_by_role("button", name="Remove bob")).to_have_count(0)
        expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.locator(".list").last).to_contain_text("revoke token")


def card(page: Page, heading: str) -> Locator:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=heading))


def test_links_that_wait_are_listed_without_their_secret_and_taken_back(
    browser: Browser, page: Page, engage: Site, welcome: str
) -> None:
    join(page, welcome, "ada")
    page.get_by_role("link", name="ada").click()
    links = card(page, "Invitations")
    expect(links).to_contain_text("No link is open")
    links.get_by_text("Invite somebody").click()
    links.get_by_label("Role").select_option("operator")
    links.get_by_label("Sites").fill("north, south")
    links.get_by_role("button", name="Make a link").click()
    link = links.locator(".secret code").inner_text()
    expect(links.locator("li")).to_contain_text("A new account operator, north, south · until")
    expect(links.locator("li")).to_contain_text("by ada")
    page.reload()
    expect(links.locator("li")).to_have_count(1)
    assert link.rpartition("/")[2] not in page.content()
    assert findings(page) == []
    links.get_by_role("button", name="Revoke").click()
    expect(links).to_contain_text("No link is open")
    expect(card(page, "Changes")).to_contain_text("take back invitation")
    with open_page(browser, engage.url) as other:
        join(other, link, "eve")
        expect(other.get_by_role("alert")).to_contain_text("ask an admin for another")


def test_tokens_of_somebody_who_goes_are_asked_about(
    page: Page, welcome: str, weed: Weed, bucket: str
) -> None:
    join(page, welcome, "ada")
    page.get_by_role("link", name="ada").click()
    with accounts(weed.settings(bucket=bucket)) as admin:
        eve = User(name="eve", uid="u1", role=Role.ADMIN, created=1.0, by="test")
        admin.vault.put(eve, "eve")
        admin.vault.put(Credential(name="eve", generation="g", changed=1.0), "u1")
        admin.issue("the board in the hall", Role.OPERATOR, None, None, Maker("eve", "u1"))
    page.reload()
    people, tokens = card(page, "People"), card(page, "Tokens")
    expect(people).to_contain_text("made the token the board in the hall")
    expect(tokens.locator("li")).to_contain_text("by eve")
    people.get_by_label("Role of eve").select_option("viewer")
    expect(tokens.locator("li")).to_contain_text("now only viewer, every site: eve may no more")
    people.get_by_role("button", name="Close", exact=True).click()
    expect(tokens.locator("li")).to_contain_text("stopped: the account of eve is closed or gone")
    people.get_by_role("button", name="Remove eve").click()
    expect(page.get_by_role("heading", name="Remove eve?")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Remove, keep it as mine").click()
    expect(people.locator("li")).to_have_count(1)
    expect(tokens.locator("li")).to_contain_text("by ada")
    expect(tokens.locator(".lapsed")).to_have_text("")


def test_axe_finds_nothing_serious(page: Page, welcome: str) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert findings(page) == []
    page.goto(welcome)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert findings(page) == []
    join(page, welcome, "ada")
    page.get_by_role("link", name="ada").click()
    expect(page.get_by_role("heading", name="Changes")).to_be_visible()
    assert findings(page) == []
