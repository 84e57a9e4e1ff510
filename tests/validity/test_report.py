import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from raretriage.knowledge import Clause, RarityReport
from raretriage.knowledge.rarity_report import VerdictChange
from raretriage.validity.cheats import Check
from raretriage.validity.report import render_report
from tests.servers import missing_server
from tests.validity.drawn import audit_report, catalogue, summary

SECTIONS = (
    *("classes", "ages", "findings", "missing", "durations", "sites", "patients", "sources"),
    *("rarity", "checks", "ablation", "bridge", "review", "limits"),
)
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """What a browser would load or link, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "xlink:href"}]
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', page, flags=re.DOTALL)
    assert found, f"no section {name}"
    return found.group(1)


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(summary(), audit_report())


def test_the_page_needs_nothing_else(page: str) -> None:
    reader = read(page)
    assert reader.open == []
    assert not reader.tags & {"script", "link", "iframe", "object", "embed", "img"}
    outside = [a for a in reader.addresses if not a.startswith("#")]
    allowed = ("https://www.orpha.net/en/disease/detail/", "https://omim.org/entry/")
    assert outside
    assert [a for a in outside if not a.startswith(allowed)] == []
    assert not re.search(r"@import|url\((?!#)", page)


def test_every_place_that_is_linked_on_the_page_exists_once(page: str) -> None:
    reader = read(page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {a[1:] for a in reader.addresses if a.startswith("#")} <= set(reader.ids)
    assert set(SECTIONS) <= set(reader.ids)


def test_simulated_is_said_first_and_in_the_title(page: str) -> None:
    assert re.search(r"<title>SIMULATED", page)
    body = page[page.index("<body>") :]
    assert body.index("SIMULATED") < body.index("<h1>")
    assert page.rstrip().endswith("</html>")


def test_figures_come_with_their_number_of_visits(page: str) -> None:
    assert f"n = {summary().visits:,} simulated visits" in section(page, "classes")
    for count in summary().visits_by_kind.values():
        assert f"<td>{count:,}</td>" in section(page, "missing")
    chronic = next(row for row in summary().classes if row.state.value == "chronic" and not row.is_rare)
    assert f"<td>{chronic.dated:,}</td>" in section(page, "durations")


def test_checks_show_value_interval_limit_and_verdict_beside_the_naive_mix(page: str) -> None:
    rows = re.findall(r"<tr>(.*?)</tr>", section(page, "checks"), flags=re.DOTALL)
    cells = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in rows[1:]]
    assert cells == [
        "rare from missingness 0.510 0.470 to 0.550 0.60 6,000 passed 0.930 (0.910 to 0.950)",
        "rare AUC moved by permuting 23 source-specific of 400 terms 0.030 −0.010 to 0.070 0.02 6,000 FAILED "
        "0.210 (0.170 to 0.250)",
        "rare from duration alone 0.610 0.550 to 0.660 – 6,000 reported –",
    ]
    assert "<dd>1 of 2</dd>" in page, "what is only reported is no test passed"
    assert "581 different findings" in section(page, "checks")
    assert "495 occur in rare ones alone" in section(page, "checks")


def test_a_check_on_too_few_visits_is_not_shown_as_passed() -> None:
    few = render_report(summary(), audit_report(Check("rare from missingness", 0.5, 0.48, 0.52, 0.6, 4_999)))
    assert "FAILED" in section(few, "checks")
    assert "0 of 1" in few


def test_ablation_and_bridge_are_tables_with_intervals(page: str) -> None:
    assert re.search(r"naive mix</th><td>0.991</td><td>0.980 to 0.995</td><td>6,000</td><td>0.179", page)
    assert re.search(r"missed rare written as common</th><td>0.234</td><td>0.180 to 0.290</td><td>1,234", page)
    assert re.search(r'Myasthenia gravis</th><td class="text">rare</td><td>75 %</td><td>20</td>', page)


def test_without_an_audit_the_page_says_so_and_stands() -> None:
    page = render_report(summary())
    assert read(page).open == []
    for name in ("checks", "ablation", "bridge"):
        assert "Not run for this page" in section(page, name)
    assert "not run</dd>" in page


def test_ten_patients_are_shown_and_their_disease_is_folded_away(page: str) -> None:
    told = section(page, "patients")
    assert told.count("<h3>Paciente") == 10
    assert told.count("(simulado)") == 10
    in_view = re.sub(r"<details>.*?</details>", "", told, flags=re.DOTALL)
    rare = [v.truth.disease.text for s in summary().stories for v in s.visits if v.truth.is_rare]
    assert rare
    assert all(name in told for name in rare)
    assert not any(name in in_view for name in rare)
    assert "<details open" not in told


def test_review_names_rarity_clauses_and_shares_of_estimates_are_there(page: str) -> None:
    assert all(row.name.replace("'", "&#39;") in section(page, "review") for row in summary().review)
    for row in summary().clauses:
        assert f"<td>{row.diseases:,}</td><td>{row.profiles:,}</td>" in section(page, "rarity")
    assert summary().rarity_rule in section(page, "rarity")
    for row in summary().sources:
        assert f"{row.table}</th><td>{row.rows:,}</td><td>{100 * row.estimates:.0f} %</td>" in section(page, "sources")


def test_names_cannot_write_markup() -> None:
    evil = "<script>alert(1)</script>"
    story = summary().stories[0]
    visit = replace(story.visits[0], heading=evil)
    changed = replace(
        summary(),
        review=(replace(summary().review[0], name=evil), *summary().review[1:]),
        sites=(replace(summary().sites[0], name=evil), *summary().sites[1:]),
        stories=(replace(story, visits=(visit,)), *summary().stories[1:]),
        rarity_rule=evil,
    )
    page = render_report(changed, audit_report(Check(evil, 0.5, 0.4, 0.6, 0.6, 6_000)))
    assert "script" not in read(page).tags
    assert page.count("&lt;script&gt;") >= 6  # the check's name stands in the picture and in the table


def test_the_page_shows_the_catalogue_that_it_was_made_of(page: str) -> None:
    rare = int(catalogue().rare.sum())
    assert f"<dd>{len(catalogue().profiles) - rare:,} / {rare:,}</dd>" in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_accessible_and_fits_phone_and_desk(page: str, width: int, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        missing_server("chromium", "sudo apt-get install -y chromium")
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((tmp_path / "report.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        found = Axe().run(tab)
        browser.close()
    assert found.violations_count == 0, found.generate_report()
    assert [url for url in asked if not url.startswith("file://")] == []


def test_the_two_rarity_rules_stand_side_by_side() -> None:
    both = RarityReport(
        rule_without_tables="annotated entries",
        without_tables={Clause.ORPHA_ENTRY: 3},
        rule_with_tables="prevalence",
        with_tables={Clause.RARE_POINT_PREVALENCE: 2, Clause.COMMON_POINT_PREVALENCE: 1},
        only_in_tables={Clause.NO_FIGURE: 7},
        changes=(VerdictChange("ORPHA:1", "Made-up", Clause.ORPHA_ENTRY, Clause.COMMON_POINT_PREVALENCE),),
    )
    shown = section(render_report(summary(), None, both), "rarity")
    assert "orpha entry → common point prevalence 1." in shown
    assert re.search(r"no figure</th><td>0</td><td>0</td><td>7</td>", shown)
    alone = section(render_report(summary(), None, replace(both, rule_with_tables=None)), "rarity")
    assert ("side by side" in alone, "--orphanet" in alone) == (False, True)
