"""A browser, and a visit to the support desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from examples.support_desk import assistant
from tests.e2e.page import MILLISECONDS, Album, Robin, Visit, desk_on, new_page, visiting
from tests.groups import chromium_path

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=MILLISECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """One for many visits, one after the other: a new one takes a second."""
    async with new_page(browser) as page:
        yield page


@pytest.fixture
def robin(monkeypatch: pytest.MonkeyPatch) -> Robin:
    monkeypatch.setattr(assistant, "WAREHOUSE_SECONDS", 0)
    return Robin()


@pytest.fixture
def album(request: pytest.FixtureRequest, tmp_path: Path) -> Album:
    return Album(request.node.name, tmp_path)


@pytest_asyncio.fixture(loop_scope="package")
async def visit(page: Page, robin: Robin, album: Album) -> AsyncIterator[Visit]:
    """A page that is open. In the end there is a picture of it, and nothing has gone wrong."""
    async with desk_on(robin) as (port, desk), visiting(page, port, desk) as visit:
        yield visit
        await album.keep(visit)
        assert visit.errors == []
