"""The page in a real browser, on a phone and on a desk, in both languages."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from raretriage.storage import open_bucket
from tests.servers import free_port, missing_server
from tests.serving.tiny_model import Publisher, tiny_explanation

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service with the tiny model, as a process on a free port."""
    folder = tmp_path_factory.mktemp("service")
    Publisher(open_bucket(f"file://{folder}/bucket")).publish(explanation=tiny_explanation())
    port = free_port()
    settings = {
        "MODEL_URI": f"file://{folder}/bucket",
        "LOG_DIR": str(folder / "log"),
        "PYTHONPATH": f"{ROOT}/src:{ROOT}",
    }
    command = [sys.executable, "-m", "uvicorn", "app.app:app", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings}, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((folder / "output").read_text()[-2000:], pytrace=False)
                time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
            pass
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing_server("chromium", "sudo apt-get install -y chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield running
        running.close()


def has_no_violation(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def fits(page: Page) -> bool:
    """Nothing makes the page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


TEXTS = {
    "es": (
        "Evaluar",
        "Añadir otro hallazgo",
        "Escoliosis",
        "Tos",
        "ENFERMEDAD HUÉRFANA",
        "URGENTE",
        "Pesa a favor",
        "Pesa en contra",
    ),
    "en": (
        "Assess",
        "Add another finding",
        "Scoliosis",
        "Cough",
        "RARE DISEASE",
        "URGENT",
        "Weighs for",
        "Weighs against",
    ),
}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["es", "en"])
def test_a_visit_from_the_empty_form_to_the_answer(
    browser: Browser, address: str, language: str, size: dict[str, int], tmp_path: Path
) -> None:
    submit, more, scoliosis, cough, rare, urgent, in_favour, against = TEXTS[language]
    context = browser.new_context(viewport=size, locale="es-CO" if language == "es" else "en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == language
    has_no_violation(page)
    assert fits(page)

    page.fill("#fever", "9")
    page.fill("#pain", "4")
    page.fill("#days", "3")
    page.fill("#age", "34")
    page.select_option("#sex", "female")
    page.fill("#spo2", "90")
    page.fill("#heart_rate", "140")
    page.fill("#complaint", "Dolor torácico. Slurred speech.")
    page.fill("#finding-1", scoliosis)
    page.fill("#finding-2", "HP:0001250")
    page.fill("#finding-3", "Fever")
    page.get_by_role("button", name=more).click()
    expect(page.locator("#finding-4")).to_be_focused()
    assert page.locator("label[for=finding-4]").inner_text().endswith("4")
    page.fill("#finding-4", cough)
    page.select_option("#finding-4-status", "excluded")
    page.get_by_role("button", name=submit).click()

    expect(page.locator("#result")).to_contain_text(rare)
    expect(page.locator(".urgent")).to_contain_text(urgent)
    expect(page.locator(".urgent li")).to_have_count(4)
    expect(page.locator(".side.for")).to_contain_text(in_favour)
    expect(page.locator(".side.for")).to_contain_text(scoliosis)
    expect(page.locator(".side.against")).to_contain_text(against)
    expect(page.locator(".side.against")).to_contain_text(cough)
    assert page.locator("#fever").input_value() == "9"
    assert page.locator("#finding-4").input_value() == cough
    has_no_violation(page)
    assert fits(page)
    assert faults == []
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_finding_is_found_by_a_lay_word_and_taken_from_the_keyboard(
    browser: Browser, address: str, size: dict[str, int]
) -> None:
    page = browser.new_page(viewport=size, locale="es")
    page.goto(f"{address}/?lang=es")
    field = page.locator("#finding-1")
    field.press_sequentially("calentura")
    options = page.locator(".suggestions [role=option]:visible")
    expect(options.first).to_have_text("Fiebre · calentura")
    has_no_violation(page)
    assert fits(page)
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "finding-1-list-0")
    field.press("Enter")
    expect(field).to_have_value("Fiebre (HP:0001945)")
    expect(options).to_have_count(0)
    field.press_sequentially("x")
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    page.locator("#more").click()
    page.locator("#finding-4").press_sequentially("escolio")
    options.filter(has_text="Escoliosis").first.click()
    expect(page.locator("#finding-4")).to_have_value("Escoliosis (HP:0002650)")
    page.close()


def test_a_note_proposes_findings_to_confirm(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=PHONE, locale="en")
    page.goto(f"{address}/?lang=en")
    page.fill("#complaint", "Boy with seizures and no fever for 3 days")
    page.get_by_role("button", name="Propose findings from the text").click()
    expect(page.get_by_role("status")).to_contain_text("2 findings are proposed")
    expect(page.locator("#finding-1")).to_have_value("Seizure (HP:0001250)")
    expect(page.locator("#finding-2-status")).to_have_value("excluded")
    expect(page.locator("#days")).to_have_value("3")
    has_no_violation(page)
    assert fits(page)
    page.close()


def test_an_answer_is_judged_on_its_page(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=PHONE, locale="es")
    page.goto(f"{address}/?lang=es")
    for field, value in {"fever": "2", "pain": "3", "days": "3"}.items():
        page.fill(f"#{field}", value)
    page.get_by_role("button", name="Evaluar").click()
    page.get_by_label("Sigo otro camino; indico por qué").check()
    page.get_by_role("button", name="Enviar opinión").click()
    expect(page.get_by_role("alert")).to_contain_text("Indique el motivo de seguir otro camino.")
    expect(page.get_by_label("Sigo otro camino; indico por qué")).to_be_checked()
    has_no_violation(page)
    page.get_by_label("No; indico lo correcto").check()
    page.select_option("#feedback-state", "chronic")
    has_no_violation(page)
    page.get_by_role("button", name="Enviar opinión").click()
    expect(page.get_by_role("status")).to_contain_text("queda en el registro")
    has_no_violation(page)
    assert fits(page)
    page.close()


@pytest.mark.parametrize(
    ("lang", "size", "submit", "add", "finding", "rare"),
    [
        ("es", PHONE, "Evaluar", "Añadir los marcados", "Escoliosis", "No evaluada"),
        ("en", DESK, "Assess", "Add what is marked", "Scoliosis", "Not assessed"),
    ],
)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_findings_that_would_help_are_marked_where_they_are_asked_for(
    browser: Browser,
    address: str,
    script: bool,
    lang: str,
    size: dict[str, int],
    submit: str,
    add: str,
    finding: str,
    rare: str,
) -> None:
    context = browser.new_context(viewport=size, locale=lang, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{address}/?lang={lang}")
    for field, value in {"fever": "2", "pain": "3", "days": "3", "age": "40"}.items():
        page.fill(f"#{field}", value)
    page.get_by_role("button", name=submit).click()
    expect(page.locator(".card.rare-not_assessed")).to_contain_text(rare)
    expect(page.locator(".asked li")).to_have_count(2)
    if script:
        has_no_violation(page)
        assert fits(page)
        page.emulate_media(media="print")
        expect(page.locator(".asked")).to_contain_text(finding)
        expect(page.get_by_role("button", name=add)).to_be_hidden()
        page.emulate_media(media="screen")
    page.locator(".asked").get_by_label(finding).check()
    page.get_by_role("button", name=add).click()
    expect(page.locator("#result")).to_have_count(0)
    expect(page.locator("#finding-1")).to_have_value(f"{finding} (HP:0002650)")
    expect(page.locator("#finding-1-status")).to_have_value("observed")
    expect(page.locator("#finding-2")).to_have_value("")
    page.get_by_role("button", name=submit).click()
    expect(page.locator(".card.rare-not_assessed")).to_contain_text(rare)  # one alone rules nothing out
    page.locator(".asked").get_by_role("checkbox").check()
    page.get_by_role("button", name=add).click()
    page.get_by_role("button", name=submit).click()
    expect(page.locator("#result")).not_to_contain_text(rare)
    expect(page.locator("#fever")).to_have_value("2")
    context.close()


def test_the_report_prints_on_a4_with_what_was_told_and_without_the_form(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    page = browser.new_page(viewport=DESK, locale="es")
    page.goto(f"{address}/?lang=es")
    for field, value in {"fever": "2", "pain": "3", "days": "30", "spo2": "97", "finding-1": "Escoliosis"}.items():
        page.fill(f"#{field}", value)
    page.fill("#finding-1-days", "12")
    page.get_by_role("button", name="Evaluar").click()
    expect(page.get_by_role("button", name="Imprimir el informe")).to_be_visible()
    expect(page.locator(".given")).to_be_hidden()
    page.emulate_media(media="print")
    given = page.locator(".given")
    expect(given).to_contain_text("SpO₂")
    expect(given).to_contain_text("97 %")
    expect(given).to_contain_text("Escoliosis")
    expect(given).to_contain_text("presente, desde hace 12 días")
    for hidden in ("#form", ".feedback", "#print"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#result")).to_contain_text("no diagnostica")
    report = tmp_path / "report.pdf"
    page.pdf(path=report, prefer_css_page_size=True)
    sizes = {
        tuple(map(float, size)) for size in re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", report.read_bytes())
    }
    assert [(round(w), round(h)) for w, h in sizes] == [(595, 842)]  # A4 in points
    page.close()


def test_mistakes_are_announced_and_lead_to_their_field(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=PHONE, locale="es")
    page.goto(f"{address}/?lang=es")
    page.fill("#fever", "99")
    page.get_by_role("button", name="Evaluar").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Fiebre")
    alert.get_by_role("link", name="Fiebre").click()
    expect(page.locator("#fever")).to_be_focused()
    has_no_violation(page)
    assert fits(page)
    page.close()


def test_the_whole_visit_works_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=DESK, locale="es", java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    for field, value in {"fever": "9", "pain": "4", "days": "3", "finding-1": "Escoliosis"}.items():
        page.fill(f"#{field}", value)
    page.click("#more")
    assert page.locator("[name=finding]").count() == 4
    page.get_by_role("button", name="Evaluar").click()
    expect(page.locator("#result")).to_contain_text("ENFERMEDAD AGUDA")
    context.close()


def test_the_form_can_be_filled_from_the_keyboard_alone(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport=DESK, locale="en")
    page.goto(f"{address}/?lang=en")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.locator("#fever").focus()
    for value in ("2", "3", "4"):
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_visible()
    page.close()
