"""What does an OBO file say? Terms with their names, synonyms, parents and replacements.

A parser for the parts of the OBO 1.2/1.4 flat file that hp.obo uses, so that neither building the knowledge nor
serving needs an ontology library (importing one takes half a minute).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from raretriage.knowledge.errors import MalformedSource

_SYNONYM = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?P<scope>EXACT|BROAD|NARROW|RELATED)?\s*(?P<kind>[^\[\s]+)?')
_TRAILING_MODIFIER = re.compile(r"\s*\{[^{}]*\}\s*$")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "W": " ", "t": "\t"}
_SNOMED_PREFIX = "SNOMEDCT_US:"

_Pairs = list[tuple[str, str]]
"""Tag and value of each line of a stanza, in the file's order."""


class Synonym(NamedTuple):
    """Another name of a term. `scope` is OBO's (EXACT, BROAD, NARROW, RELATED), `kind` such as layperson, or ''."""

    text: str
    scope: str
    kind: str


@dataclass(frozen=True, slots=True)
class Term:
    """One [Term] stanza, ids as written in the file."""

    id: str
    name: str
    synonyms: tuple[Synonym, ...] = ()
    parents: tuple[str, ...] = ()
    alt_ids: tuple[str, ...] = ()
    is_obsolete: bool = False
    replaced_by: tuple[str, ...] = ()
    consider: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OboDocument:
    """A whole file. `release` is its data-version without the path, `licence` its terms:license ('' if none)."""

    release: str
    licence: str
    terms: tuple[Term, ...]


def parse_obo(content: bytes) -> OboDocument:
    """Read an OBO file.

    Args:
        content: the file, UTF-8.

    Raises:
        MalformedSource: not UTF-8, no data-version, a term without id or name, an id given twice, a broken line.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedSource(f"OBO file: byte {error.start} is not UTF-8") from error
    release = licence = ""
    terms: dict[str, Term] = {}
    for kind, start, stanza in _stanzas(text):
        if kind == "":
            release = _first(stanza, "data-version").rsplit("/", 1)[-1]
            licence = _licence(stanza)
        elif kind == "Term":
            term = _term(start, stanza)
            if term.id in terms:
                raise MalformedSource(f"OBO file, line {start}: {term.id} is defined twice")
            terms[term.id] = term
    if not release:
        raise MalformedSource("OBO file: the header has no data-version, so the release would be unknown")
    return OboDocument(release=release, licence=licence, terms=tuple(terms.values()))


def _stanzas(text: str) -> Iterator[tuple[str, int, _Pairs]]:
    """(stanza kind, its first line, its tag-value pairs); the header's kind is ''."""
    kind, start, pairs = "", 1, list[tuple[str, str]]()
    # not splitlines(): it would also cut at U+2028 and form feeds inside a definition
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("!"):
            continue
        if line.startswith("[") and line.endswith("]"):
            yield kind, start, pairs
            kind, start, pairs = line[1:-1], number, []
            continue
        tag, colon, value = line.partition(":")
        if not colon:
            raise MalformedSource(f"OBO file, line {number}: expected 'tag: value'")
        pairs.append((tag, value.strip()))
    yield kind, start, pairs


def _term(start: int, pairs: _Pairs) -> Term:
    term_id, name = _first(pairs, "id"), _unescape(_first(pairs, "name"))
    if not term_id or not name:
        raise MalformedSource(f"OBO file, line {start}: a [Term] needs an id and a name")
    return Term(
        id=_identifier(term_id),
        name=name,
        synonyms=tuple(_synonym(start, value) for tag, value in pairs if tag == "synonym"),
        parents=_identifiers(pairs, "is_a"),
        alt_ids=_identifiers(pairs, "alt_id"),
        is_obsolete=_first(pairs, "is_obsolete") == "true",
        replaced_by=_identifiers(pairs, "replaced_by"),
        consider=_identifiers(pairs, "consider"),
        snomed=tuple(
            x.removeprefix(_SNOMED_PREFIX) for x in _identifiers(pairs, "xref") if x.startswith(_SNOMED_PREFIX)
        ),
    )


def _first(pairs: _Pairs, tag: str) -> str:
    return next((value for name, value in pairs if name == tag), "")


def _licence(header: _Pairs) -> str:
    for tag, value in header:
        if tag == "property_value" and value.startswith("terms:license "):
            return value.split()[1]
    return ""


def _identifiers(pairs: _Pairs, tag: str) -> tuple[str, ...]:
    return tuple(_identifier(value) for name, value in pairs if name == tag)


def _identifier(value: str) -> str:
    """The id before a trailing `{modifier}` or `! comment`."""
    return _TRAILING_MODIFIER.sub("", value.split(" ! ", 1)[0]).split(" ", 1)[0]


def _synonym(start: int, value: str) -> Synonym:
    found = _SYNONYM.match(value)
    if found is None:
        raise MalformedSource(f"OBO file, term at line {start}: a synonym must be a quoted text")
    return Synonym(_unescape(found["text"]), found["scope"] or "RELATED", found["kind"] or "")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), text)
