"""Take the README's picture of the page: `make screenshots`, while `make run` serves on http://localhost:8000."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
VISIT = {"#fever": "0", "#pain": "2", "#days": "200", "#age": "8", "#heart_rate": "92", "#spo2": "98"}
FINDINGS = ("HP:0001250", "HP:0001252", "HP:0001263", "HP:0000252")
"""A made-up child: seizure, hypotonia, global developmental delay, microcephaly."""


def main() -> int:
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, width, language in (("page.png", 1280, "es"), ("page-phone.png", 390, "en")):
            page = browser.new_page(viewport={"width": width, "height": 960})
            page.goto(f"{address}/?lang={language}")
            for field, value in VISIT.items():
                page.fill(field, value)
            page.select_option("#sex", "male")
            for number, finding in enumerate(FINDINGS):
                row = page.locator("input[name=finding]").nth(number)
                if not row.count():
                    page.locator("#more").click()
                row.fill(finding)
            page.locator("button.primary").click()
            page.wait_for_load_state()
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=ROOT / "docs" / name, full_page=width < 500)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
