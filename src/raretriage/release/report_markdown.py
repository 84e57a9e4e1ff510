"""A document as Markdown; whatever a name holds, it is shown and not obeyed."""

import re

from raretriage.release.document import Block, Bullets, Document, Notice, Picture, Table, Text

_SPECIAL = re.compile(r"([\\`*\[\]|])")


def markdown(document: Document) -> str:
    parts = [f"# {escape(document.title)}", f"**{escape(document.lead)}**"]
    for section in document.sections:
        parts.append(f"## {escape(section.title)}")
        parts += [part for block in section.blocks for part in _parts(document, block)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """On one line, with nothing that Markdown or HTML would act on.

    >>> escape("<b>|x|*")
    '&lt;b&gt;\\\\|x\\\\|\\\\*'
    """
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", " ".join(plain.split()))


def _parts(document: Document, block: Block) -> list[str]:
    match block:
        case Text(text):
            return [escape(text)]
        case Notice(text):
            return [f"**{escape(text)}**"]
        case Bullets(items):
            return ["\n".join(f"- {escape(item)}" for item in items)] if items else []
        case Table():
            return [
                f"*{escape(document.caption(block))}*",
                _table(block),
                *([escape(block.note)] if block.note else []),
            ]
        case Picture():
            return [f"![{escape(block.alt)}]({block.name})", f"*{escape(document.caption(block))}*"]


def _table(table: Table) -> str:
    rule = ["--:" if is_number else "---" for is_number in table.numeric]
    lines = [[escape(column) for column in table.columns], rule]
    lines += [[escape(cell.replace("\n", "; ")) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
