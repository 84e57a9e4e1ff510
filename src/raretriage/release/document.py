"""A document as values, before it is a page, a PDF or Markdown: each of them shows the same words and figures."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One paragraph that must not be overlooked."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are plain text; a line break in one is kept.

    >>> Table("T", ("who", "how many"), (("a", "−1.5"), ("b", "1,000"))).numeric
    (False, True)
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    holds_figures: bool = True
    """Whether it stands under the word SIMULATED where the patients are."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.title!r}: a row has {len(row)} cells for {len(self.columns)} columns")

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers and nothing else, so are set to the right."""
        return tuple(
            bool(self.rows) and number > 0 and all(_starts_as_number(row[number]) for row in self.rows)
            for number in range(len(self.columns))
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with a caption, and with what it shows for those who do not see it."""

    name: str
    png: bytes
    caption: str
    alt: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, from the file's own header (PNG specification, 11.2.2 IHDR)."""
        if not self.png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise ValueError(f"{self.name} is not a PNG; give the report pictures as PNG")
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height

    @property
    def is_broad(self) -> bool:
        """Takes the page's whole width."""
        width, height = self.size
        return width > BROAD * height or width > BROAD_PIXELS


BROAD = 2.0
BROAD_PIXELS = 1300

Block = Text | Notice | Bullets | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """`id` is its address on the page."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    lead: str
    stamp: str
    """What stands wherever figures do, such as "SIMULATED patients"; '' where nothing needs to be said."""
    created: datetime
    sections: tuple[Section, ...]

    def caption(self, block: Table | Picture) -> str:
        """A table's title or a picture's caption, with the stamp where it holds figures."""
        words = block.caption if isinstance(block, Picture) else block.title
        is_stamped = self.stamp and (isinstance(block, Picture) or block.holds_figures)
        return f"{words} ({self.stamp})" if is_stamped else words

    def tables(self) -> Iterator[Table]:
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Table))


def _starts_as_number(cell: str) -> bool:
    """With its unit or its n in a second line; a sentence that begins with a number is none."""
    first = cell.split("\n", maxsplit=1)[0]
    return first in {"", "–"} or (first.lstrip("−").strip()[:1].isdigit() and "(" not in first)
