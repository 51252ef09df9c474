"""Parts of the page."""

from playwright.sync_api import Locator, Page


def tile(page: Page, device_id: str) -> Locator:
    return page.locator(f'[data-device="{device_id}"]')


def number(page: Page, device_id: str) -> Locator:
    return tile(page, device_id).locator(".count .number")
