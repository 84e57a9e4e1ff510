"""What a command shows: bars on long work, tables, and the same figures as JSON."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

WIDE = 160
"""Columns of a file or a pipe, which has no width of its own: with a terminal's usual 80 a table breaks its words."""

out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
err = Console(stderr=True, highlight=False)

Tick = Callable[[int], object]


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Tick]:
    """A bar on standard error, with what has been done so far; yields the function that advances it."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=False,
    )
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda n: bar.advance(task, n)
        done = bar.tasks[0].completed
        bar.update(task, total=done or 1, completed=done or 1)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are right-aligned by their text."""
    grid = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(str(cell) for cell in row))
    out.print(grid)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place in one step, its folder made first; whoever stops this leaves the old file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def write_json(path: Path | None, figures: Mapping[str, object]) -> None:
    """The figures of a command as JSON: to a file, to standard output for `-`, nowhere for None."""
    if path is None:
        return
    text = json.dumps(figures, ensure_ascii=False, indent=2, default=str) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
