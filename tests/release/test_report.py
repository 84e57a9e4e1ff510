import base64
import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.domain import Basis
from raretriage.release import Table
from raretriage.release.card import CARD_SECTIONS
from raretriage.release.figure_names import cell
from raretriage.release.report_markdown import escape
from raretriage.release.report_sections import report_document
from tests.release.pdf_text import pages_of
from tests.release.reported import GATE, HOSTILE, manifest, metrics, png, report

VOID = {"meta", "br", "img"}


class Reader(HTMLParser):
    """Is every element closed, what is loaded, and how deep do headings go?"""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.alts: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_attributes = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "xlink:href"}]
        self.ids += [given_attributes["id"] or ""] if "id" in given_attributes else []
        self.alts += [given_attributes.get("alt")] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def page() -> str:
    return report().html()


@pytest.fixture(scope="module")
def pdf_pages() -> list[str]:
    return pages_of(report().pdf())


def test_every_figure_stands_once_in_a_table_with_its_interval_and_n() -> None:
    cells = [cell_text for table in report_document(report().facts).tables() for row in table.rows for cell_text in row]
    rows = [row for table in report_document(report().facts).tables() for row in table.rows]
    for metric in metrics():
        n = f"{metric.n:,}"
        in_one_cell = [text for text in cells if re.search(rf"\bn\s{n}$", text)]
        in_a_row = [row for row in rows if row[-1] == n]
        assert len(in_one_cell) + len(in_a_row) == 1, metric
        shown = plain(" ".join(in_one_cell or [c for row in in_a_row for c in row]))
        assert all(part in shown for part in plain(cell(metric)).split("; n")[0].split(" ", maxsplit=1)), metric


def test_page_and_pdf_hold_the_same_figures(page: str, pdf_pages: list[str]) -> None:
    for text in (plain(" ".join(read(page).texts)), plain(" ".join(pdf_pages))):
        for metric in metrics():
            mark = r"(?<![\d,])" if metric.split == "bridge" else "; n "
            assert len(re.findall(rf"{mark}{metric.n:,}(?![\d,])", text)) == 1, metric


def test_the_findings_to_ask_for_stand_in_report_and_card_with_how_many_they_rest_on(pdf_pages: list[str]) -> None:
    made = report()
    for text in (" ".join(read(made.html()).texts), " ".join(pdf_pages), made.card()):
        assert re.search(r"everybody.{0,9}Muscle weakness.{0,9}HP:0001324.{0,9}0\.0123.*?43,210", plain(text)), text[
            :200
        ]
    without = report(of=manifest().model_copy(update={"helpful_findings": {}}))
    assert "Findings to ask for" not in without.html() + without.card()


def test_letters_beyond_latin_1_reach_the_pdf(pdf_pages: list[str]) -> None:
    text = plain(" ".join(pdf_pages))
    assert "≥ 0.85" in text
    assert "ENFERMEDAD CRÓNICA" in text


def test_every_page_of_the_pdf_has_its_number_and_says_simulated(pdf_pages: list[str]) -> None:
    assert len(pdf_pages) > 3
    for number, text in enumerate(pdf_pages, start=1):
        assert f"page {number} of {len(pdf_pages)}" in plain(text)
        assert "SIMULATED patients" in text


def test_a_table_over_two_pages_repeats_its_head() -> None:
    long = Table("Long", ("the head", "n"), tuple((f"row {n}", str(n)) for n in range(120)))
    pages = [text for text in pages_of(report(tables={"new": long}).pdf()) if "row" in text]
    assert len([text for text in pages if re.search(r"^row \d", text, flags=re.MULTILINE)]) >= 3
    assert all("the head" in text for text in pages if re.search(r"^row \d", text, flags=re.MULTILINE))


def test_simulated_is_said_wherever_figures_stand(page: str) -> None:
    captions = re.findall(r"<(?:caption|figcaption)>(.*?)</(?:caption|figcaption)>", page)
    unsaid = [caption for caption in captions if "SIMULATED" not in caption]
    assert len(captions) > 10
    assert unsaid == ["What can go wrong for a patient"]
    assert "SIMULATED" in report().card().split("\n## ")[0]


def test_nothing_of_local_patients_says_simulated() -> None:
    local = report(of=manifest(basis=Basis.LOCAL))
    for text in (local.html(), local.card(), " ".join(pages_of(local.pdf()))):
        assert "simulated" not in text.lower()
        assert "made-up" not in text


def test_a_simulated_promise_on_local_patients_is_said() -> None:
    both = manifest()
    both = both.model_copy(update={"data": both.data.model_copy(update={"simulated": False})})
    assert "SIMULATED" in report(of=both).html()


def test_the_page_loads_nothing(page: str) -> None:
    reader = read(page)
    assert reader.open == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(reader.tags)
    assert {address.split(",")[0] for address in reader.addresses if not address.startswith("#")} == {
        "data:image/png;base64"
    }
    assert not re.search(r"@import|url\(|https?:", page)


def test_the_page_can_be_read_without_seeing_it(page: str) -> None:
    reader = read(page)
    assert '<html lang="en">' in page
    assert reader.tags.count("h1") == 1
    assert set(reader.tags) & {"h3", "h4"} == set()
    assert len(reader.alts) == 3
    assert all(reader.alts)
    assert len(reader.ids) == len(set(reader.ids))
    assert {a.removeprefix("#") for a in reader.addresses if a.startswith("#")} == set(reader.ids)


def test_a_hostile_name_is_shown_and_not_obeyed(page: str) -> None:
    hostile = Table(HOSTILE, (HOSTILE, "n"), ((HOSTILE, "1"),), HOSTILE)
    both = report(tables={"of tomorrow": hostile}, rarity_rule=HOSTILE)
    for text in (page, both.html(), both.card()):
        assert "<script" not in text
        assert "alert(" in text
    rows = [line for line in both.card().splitlines() if "alert(" in line and line.startswith("|")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 8
        assert "![" not in row


@given(st.text())
def test_nothing_in_a_name_makes_markup_or_another_cell(name: str) -> None:
    shown = escape(name)
    assert not re.search(r"[<>]", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[|*`\[\]]", shown)
    assert len(shown.splitlines()) <= 1


@pytest.mark.slow
def test_equal_runs_give_equal_bytes_in_another_process() -> None:
    """Another process has another hash seed and another clock."""
    code = (
        "import hashlib; from tests.release.reported import report;"
        "print(*(hashlib.sha256(data).hexdigest() for data in report().files().values()))"
    )
    root = Path(__file__).resolve().parents[2]
    made = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True).stdout
    assert made.split() == [hashlib.sha256(data).hexdigest() for data in report().files().values()]


def test_the_gate_comes_first_and_says_what_failed(page: str) -> None:
    first = report_document(report().facts).sections[0]
    assert first.id == "gate"
    assert "dev: passed, 1 checks" in page
    assert "prod: NOT passed, 1 of 2 checks failed: specificity" in page
    assert len(re.findall(r'class="\w+ failed"', page)) == len([line for line in GATE if not line.passed])


def test_what_was_not_measured_is_said_to_be_missing() -> None:
    bare = report(of=manifest(figures=()), plots={}, gate=(), candidates=())
    page, card = bare.html(), bare.card()
    for text in ("gate was not run", "No subgroup was measured", "bridge set was not measured"):
        assert text in page
        assert text in card
    assert "The temporal test was not measured" in page
    assert bare.pdf().startswith(b"%PDF")


def test_a_run_s_own_table_stands_in_its_section() -> None:
    table = Table("A study", ("method", "n"), (("none", "3"),))
    sections = {s.id: s for s in report_document(report(tables={"imbalance": table, "new": table}).facts).sections}
    assert table in sections["imbalance"].blocks
    assert table in sections["further"].blocks
    assert "A study" in report(tables={"imbalance": table}).card()


def test_a_picture_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"roc_rare\.png is not a PNG"):
        report(plots={"roc_rare.png": b"<svg/>"}).html()


def test_the_card_has_every_heading_of_tripod_ai_in_order() -> None:
    headings = re.findall(r"^## (.+)$", report().card(), flags=re.MULTILINE)
    assert headings == [title for title, _ in CARD_SECTIONS]
    items = [int(n) for title in headings for n in re.findall(r"\d+", title.split("(", maxsplit=1)[1])[:1]]
    assert items == sorted(items)
    covered = {int(n) for title in headings for n in re.findall(r"\b(\d+)", title.split("(", maxsplit=1)[1])}
    assert covered == set(range(1, 28))


def test_the_card_s_figures_have_split_tier_interval_and_n() -> None:
    card = report().card()
    auc = metrics()[0]
    assert (
        f"| ROC-AUC, rare against the rest | temporal | findings | {auc.value:.3f} "
        f"| {plain(cell(auc).split(chr(10))[1].split(';')[0])} | {auc.n:,} |" in card
    )


def test_pictures_of_the_page_are_the_run_s(page: str) -> None:
    assert base64.b64encode(png()).decode() in page
