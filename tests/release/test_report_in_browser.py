"""The report in a real browser: nothing is fetched, everybody can read it, a phone shows it whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.release.reported import report
from tests.servers import missing_server

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, list[str]]]:
    """The report, opened from a file, and every address that was asked for."""
    if not CHROMIUM.exists():
        missing_server("chromium", "sudo apt-get install -y chromium")
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report().html(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        opened, asked = browser.new_page(viewport={"width": 360, "height": 740}), []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(file.as_uri())
        yield opened, asked
        browser.close()


def test_nothing_is_fetched(page: tuple[Page, list[str]]) -> None:
    outside = [address for address in page[1] if not address.startswith("data:")]
    assert [address.rsplit("/", 1)[1] for address in outside] == ["report.html"]


def test_it_has_no_barrier(page: tuple[Page, list[str]]) -> None:
    found = Axe().run(page[0])
    assert found.violations_count == 0, found.generate_report()


def test_a_phone_does_not_scroll_sideways(page: tuple[Page, list[str]]) -> None:
    assert page[0].evaluate("document.documentElement.scrollWidth") <= 360
