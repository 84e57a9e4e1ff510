"""A document as PDF on A4: real text, headings as bookmarks, table heads repeated. Equal documents give equal bytes."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from raretriage.release.document import Block, Bullets, Document, Notice, Picture, Section, Table, Text

_FONT = "DejaVu"
_INK, _SOFT, _RED, _LINE = (23, 34, 43), (68, 83, 95), (122, 20, 16), (207, 216, 223)
_MARGIN, _WIDTH = 16.0, 178.0
"""In millimetres; A4 is 210 wide."""
_BODY, _SMALL, _CELL = 9.0, 7.5, 7.2
_LONGEST_WORD_SHARE = 0.45


class _Pages(FPDF):  # type: ignore[misc]  # fpdf2 is not followed
    """The stamp above and the number below every page."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self.document = document

    def header(self) -> None:
        if self.document.stamp:
            self.set_fill_color(*_RED)
            self.set_text_color(255, 255, 255)
            self.set_font(_FONT, "B", _SMALL)
            self.set_xy(0, 0)
            self.cell(
                self.w,
                7,
                f"{self.document.stamp}: figures are about patients made up by a program",
                align="C",
                fill=True,
            )
        self.set_text_color(*_INK)
        self.set_y(_MARGIN)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(_FONT, "", _SMALL)
        self.set_text_color(*_SOFT)
        self.cell(_WIDTH, 5, self.document.title)
        self.set_x(_MARGIN)
        self.cell(_WIDTH, 5, f"page {self.page_no()} of {{nb}}", align="R")
        self.set_text_color(*_INK)


def pdf(document: Document) -> bytes:
    with _hushed("fontTools"):
        pages = _Pages(document)
        pages.set_creation_date(document.created)
        pages.set_title(f"{document.stamp}: {document.title}" if document.stamp else document.title)
        pages.set_lang("en")
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            pages.add_font(_FONT, style, str(_fonts() / name))
        pages.set_margins(_MARGIN, _MARGIN)
        pages.set_auto_page_break(auto=True, margin=16)
        pages.add_page()
        _front(pages, document)
        for section in document.sections:
            _section(pages, document, section)
        return bytes(pages.output())


@cache
def _fonts() -> Path:
    """A font with every letter of ours comes with matplotlib: no font of the system is needed."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def _front(pages: _Pages, document: Document) -> None:
    _paragraph(pages, document.title, size=15, bold=True, gap=2)
    _paragraph(pages, document.lead, color=_SOFT)
    _heading_text(pages, "Contents")
    for number, section in enumerate(document.sections, start=1):
        link = pages.add_link(name=section.id)
        pages.set_font(_FONT, "", _BODY)
        pages.cell(_WIDTH, 5, f"{number}. {section.title}", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pages.ln(4)


def _section(pages: _Pages, document: Document, section: Section) -> None:
    if pages.will_page_break(_least_room(section)):
        pages.add_page()
    pages.set_link(name=section.id)
    pages.ln(3)
    pages.start_section(section.title)
    _heading_text(pages, section.title)
    narrow: list[Picture] = []
    for block in section.blocks:
        if isinstance(block, Picture) and not block.is_broad:
            narrow.append(block)
            continue
        _block(pages, document, block)
    for start in range(0, len(narrow), 2):
        _pictures(pages, document, narrow[start : start + 2])


def _least_room(section: Section) -> float:
    """So that a heading does not stand alone at the foot of a page, in millimetres."""
    kinds = {type(block) for block in section.blocks}
    return 100 if Picture in kinds and Table not in kinds else 46


def _block(pages: _Pages, document: Document, block: Block) -> None:
    match block:
        case Text(text):
            _paragraph(pages, text)
        case Notice(text):
            _paragraph(pages, text, bold=True, color=_RED)
        case Bullets(items):
            for item in items:
                pages.set_x(_MARGIN)
                pages.set_font(_FONT, "", _BODY)
                pages.cell(4, 4.6, "•")
                pages.multi_cell(_WIDTH - 4, 4.6, item, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            pages.ln(1.5)
        case Table():
            _table(pages, document, block)
        case Picture():
            _pictures(pages, document, [block])


def _heading_text(pages: _Pages, title: str) -> None:
    _paragraph(pages, title, size=12, bold=True, gap=1)


def _paragraph(
    pages: _Pages,
    text: str,
    *,
    size: float = _BODY,
    bold: bool = False,
    color: tuple[int, int, int] = _INK,
    gap: float = 1.5,
) -> None:
    pages.set_x(_MARGIN)
    pages.set_font(_FONT, "B" if bold else "", size)
    pages.set_text_color(*color)
    pages.multi_cell(_WIDTH, size * 0.51, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pages.set_text_color(*_INK)
    pages.ln(gap)


def _table(pages: _Pages, document: Document, table: Table) -> None:
    if pages.will_page_break(34):
        pages.add_page()
    _paragraph(pages, document.caption(table), bold=True, size=8.2, gap=0.5)
    widths = _column_widths(pages, table)
    pages.set_font(_FONT, "", _CELL)
    pages.set_draw_color(*_LINE)
    with pages.table(
        col_widths=widths,
        width=_WIDTH,
        line_height=3.7,
        padding=(0.6, 1.2),
        text_align=tuple("RIGHT" if is_number else "LEFT" for is_number in table.numeric),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=_SOFT),
        v_align="TOP",
        wrapmode="WORD",
    ) as drawn:
        for line in (table.columns, *table.rows):
            row = drawn.row()
            for cell in line:
                row.cell(cell, style=_CELL_STYLES.get(cell))
    pages.ln(1)
    if table.note:
        _paragraph(pages, table.note, size=_SMALL, color=_SOFT)
    pages.ln(1.5)


_CELL_STYLES = {
    "passed": FontFace(emphasis="BOLD", color=(29, 107, 58)),
    "FAILED": FontFace(emphasis="BOLD", color=(155, 28, 18)),
}


def _column_widths(pages: _Pages, table: Table) -> tuple[float, ...]:
    """By what a column holds: never narrower than its longest word, never one for all."""
    columns = [[table.columns[number], *(row[number] for row in table.rows)] for number in range(len(table.columns))]
    padding = 3.0
    pages.set_font(_FONT, "B", _CELL)
    least = [
        min(max((pages.get_string_width(word) for cell in cells for word in cell.split()), default=0), 70) + padding
        for cells in columns
    ]
    wanted = [
        min(
            max(pages.get_string_width(line) for cell in cells for line in cell.split("\n")),
            _LONGEST_WORD_SHARE * _WIDTH,
        )
        + padding
        for cells in columns
    ]
    return _fitted(least, wanted, _WIDTH)


def _fitted(least: Sequence[float], wanted: Sequence[float], width: float) -> tuple[float, ...]:
    """Widths that add up to `width`: what is wanted above the least is shared out, and so is what is left over.

    >>> _fitted([10, 10], [20, 40], 40)
    (15.0, 25.0)
    """
    if sum(least) >= width:
        return tuple(width * one / sum(least) for one in least)
    if sum(wanted) <= width:
        return tuple(width * one / sum(wanted) for one in wanted)
    share = (width - sum(least)) / (sum(wanted) - sum(least))
    return tuple(low + share * (high - low) for low, high in zip(least, wanted, strict=True))


def _pictures(pages: _Pages, document: Document, row: Sequence[Picture]) -> None:
    """One across the page, or two beside each other, with their captions under them."""
    width = _WIDTH if row[0].is_broad else (_WIDTH - 6) / 2
    heights = [width * picture.size[1] / picture.size[0] for picture in row]
    if pages.will_page_break(max(heights) + 18):
        pages.add_page()
    top, bottoms = pages.get_y(), []
    for number, picture in enumerate(row):
        left = _MARGIN + number * (width + 6)
        pages.image(io.BytesIO(picture.png), x=left, y=top, w=width, alt_text=picture.alt)
        pages.set_xy(left, top + max(heights) + 1)
        pages.set_font(_FONT, "", _SMALL)
        pages.set_text_color(*_SOFT)
        pages.multi_cell(width, 3.7, document.caption(picture), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pages.set_text_color(*_INK)
        bottoms.append(pages.get_y())
    pages.set_xy(_MARGIN, max(bottoms) + 3)


@contextmanager
def _hushed(name: str) -> Iterator[None]:
    """The font library tells of every table that it drops."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
