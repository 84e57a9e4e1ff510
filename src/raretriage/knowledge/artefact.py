"""The knowledge as one file: what the bucket holds and the service loads.

zlib-compressed JSON of arrays. The same knowledge gives the same bytes, and the version carries a hash of the
content, so two machines that print the same version know the same.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypedDict

import orjson

from raretriage.knowledge.annotations import Annotation
from raretriage.knowledge.collector import collector_paused
from raretriage.knowledge.errors import DamagedKnowledge
from raretriage.knowledge.knowledge import Columns, Disease, Knowledge
from raretriage.knowledge.obo import Synonym, Term
from raretriage.knowledge.ontology import Ontology
from raretriage.knowledge.prevalence import Kind, Prevalence
from raretriage.knowledge.rarity import Clause
from raretriage.knowledge.sources import Source

_FORMAT = 4
_MAGIC_OF_ANY = b"raretriage-knowledge-"
_MAGIC = b"%s%d\n" % (_MAGIC_OF_ANY, _FORMAT)
_MAX_BYTES = 256 * 1024 * 1024  # a damaged or hostile file must not fill the memory


class _Terms(TypedDict):
    """One text a term: a list in a list would triple the loading time (the garbage collector walks each one)."""

    id: list[str]
    name: list[str]
    synonyms: list[str]
    """Lines of text, scope and kind, tab-separated."""
    parents: list[str]
    alt_ids: list[str]
    obsolete: list[int]
    replaced_by: list[str]
    consider: list[str]
    snomed: list[str]


class _Payload(TypedDict):
    format: int
    release: str
    sources: list[list[str]]
    rarity_rule: str
    terms: _Terms
    diseases: dict[str, list[str]]
    columns: dict[str, list[int]]
    texts: list[str]
    spanish: list[str]
    """Official labels in the order of the terms, '' for none; empty where no translation was given."""


def assemble(
    release: str,
    sources: Sequence[Source],
    rarity_rule: str,
    ontology: Ontology,
    diseases: Sequence[Disease],
    annotations: Mapping[str, Sequence[Annotation]],
    spanish: Mapping[str, str] = MappingProxyType({}),
) -> Knowledge:
    """Knowledge from its parts, with the version that its content gives it.

    Args:
        release: HPO release, such as `2025-01-16`.
        sources: where it comes from.
        rarity_rule: which rule gave the diseases their clauses.
        ontology: all terms.
        diseases: in any order; kept sorted by id.
        annotations: disease id -> its rows, with current HPO ids.
        spanish: current HPO id -> official Spanish label.
    """
    ordered = sorted(diseases, key=lambda disease: disease.id)
    payload: _Payload = {
        "format": _FORMAT,
        "release": release,
        "sources": _source_rows(sources),
        "rarity_rule": rarity_rule,
        "terms": _term_columns(ontology.terms),
        "diseases": _disease_columns(ordered),
        **_annotation_columns([annotations.get(d.id, ()) for d in ordered]),
        "spanish": _in_order(spanish, ontology),
    }
    return _knowledge(payload, _version(payload))


def dump(knowledge: Knowledge) -> bytes:
    """The artefact's bytes. The same knowledge gives the same bytes (with the same zlib)."""
    return _MAGIC + zlib.compress(orjson.dumps(_payload(knowledge)), level=9)


def load_knowledge(content: bytes) -> Knowledge:
    """Read an artefact that `dump` wrote. Takes well under a second.

    Raises:
        DamagedKnowledge: not such a file, truncated, too large, or of another format.
    """
    _check_magic(content)
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(content[len(_MAGIC) :], _MAX_BYTES)
    except zlib.error as error:
        raise DamagedKnowledge(f"the knowledge artefact cannot be unpacked: {error}") from error
    if not stream.eof:
        raise DamagedKnowledge("the knowledge artefact is truncated or too large; fetch it again")
    with collector_paused():
        try:
            payload: _Payload = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise DamagedKnowledge(f"the knowledge artefact holds no JSON: {error}") from error
        return _knowledge(payload, _version_of(payload["release"], text))


def _check_magic(content: bytes) -> None:
    if content.startswith(_MAGIC):
        return
    if not content.startswith(_MAGIC_OF_ANY):
        raise DamagedKnowledge(f"not a knowledge artefact: it does not start with {_MAGIC!r}")
    found = content[len(_MAGIC_OF_ANY) :].split(b"\n", 1)[0][:8].decode("ascii", "replace")
    raise DamagedKnowledge(
        f"knowledge of format {found}; this program reads {_FORMAT}: build it again with `raretriage knowledge build`"
    )


def _version(payload: _Payload) -> str:
    return _version_of(payload["release"], orjson.dumps(payload))


def _version_of(release: str, text: bytes) -> str:
    return f"hpo-{release}-{hashlib.sha256(text).hexdigest()[:8]}"


def _payload(knowledge: Knowledge) -> _Payload:
    columns = knowledge.columns
    return {
        "format": _FORMAT,
        "release": knowledge.release,
        "sources": _source_rows(knowledge.sources),
        "rarity_rule": knowledge.rarity_rule,
        "terms": _term_columns(knowledge.ontology.terms),
        "diseases": _disease_columns(knowledge.diseases),
        "columns": {name: list(getattr(columns, name)) for name in _COLUMN_NAMES},
        "texts": list(columns.texts),
        "spanish": _in_order(knowledge.spanish, knowledge.ontology),
    }


def _in_order(spanish: Mapping[str, str], ontology: Ontology) -> list[str]:
    return [spanish.get(t.id, "") for t in ontology.terms] if spanish else []


_COLUMN_NAMES = ("starts", "hpo", "excluded", "frequency", "onset", "sex", "reference")


class _AnnotationColumns(TypedDict):
    columns: dict[str, list[int]]
    texts: list[str]


def _annotation_columns(groups: Sequence[Sequence[Annotation]]) -> _AnnotationColumns:
    numbers: dict[str, int] = {}
    columns: dict[str, list[int]] = {name: [] for name in _COLUMN_NAMES}
    for group in groups:
        columns["starts"].append(len(columns["hpo"]))
        for row in group:
            columns["excluded"].append(int(row.excluded))
            for name, text in (
                ("hpo", row.hpo_id),
                ("frequency", row.frequency),
                ("onset", row.onset),
                ("sex", row.sex),
                ("reference", row.reference),
            ):
                columns[name].append(numbers.setdefault(text, len(numbers)))
    columns["starts"].append(len(columns["hpo"]))
    return {"columns": columns, "texts": list(numbers)}


def _source_rows(sources: Sequence[Source]) -> list[list[str]]:
    return [[s.name, s.release, s.licence, s.sha256] for s in sources]


def _disease_columns(diseases: Sequence[Disease]) -> dict[str, list[str]]:
    return {
        "id": [d.id for d in diseases],
        "name": [d.name for d in diseases],
        "clause": [d.clause.value for d in diseases],
        "group": ["" if d.group == d.id else d.group for d in diseases],
        "prevalence": ["" if d.prevalence is None else _prevalence_line(d.prevalence) for d in diseases],
        "onset": ["|".join(d.onset_classes) for d in diseases],
        "genes": ["|".join(d.genes) for d in diseases],
        "kind": [d.kind for d in diseases],
        "definition": [d.definition if d.group == d.id else "" for d in diseases],  # the others have their group's
        "icd10": ["|".join(d.icd10) for d in diseases],
    }


def _prevalence_line(figure: Prevalence) -> str:
    return f"{figure.low_per_100000!r}\t{figure.high_per_100000!r}\t{figure.kind.value}\t{figure.geography}"


def _diseases(columns: Mapping[str, list[str]]) -> tuple[Disease, ...]:
    # 16,000 diseases share some 20 clauses, 300 figures and 100 lists of onsets: each is made once
    clauses = {clause.value: clause for clause in Clause}
    figures = {line: _prevalence(line) for line in set(columns["prevalence"])}
    onsets = {line: tuple(line.split("|")) if line else () for line in set(columns["onset"])}
    genes = {line: tuple(line.split("|")) if line else () for line in set(columns["genes"])}
    codes = {line: tuple(line.split("|")) if line else () for line in set(columns["icd10"])}
    definitions = dict(zip(columns["id"], columns["definition"], strict=True))
    rows = zip(*(columns[name] for name in _DISEASE_COLUMNS), strict=True)
    return tuple(
        Disease(
            id=disease,
            name=name,
            clause=clauses[clause],
            group=group or disease,
            prevalence=figures[prevalence],
            onset_classes=onsets[onset],
            genes=genes[symbols],
            kind=kind,
            definition=definitions[group or disease],
            icd10=codes[icd10],
        )
        for disease, name, clause, group, prevalence, onset, symbols, kind, icd10 in rows
    )


_DISEASE_COLUMNS = ("id", "name", "clause", "group", "prevalence", "onset", "genes", "kind", "icd10")


def _prevalence(line: str) -> Prevalence | None:
    if not line:
        return None
    low, high, kind, geography = line.split("\t")
    return Prevalence(float(low), float(high), Kind(kind), geography)


def _term_columns(terms: Sequence[Term]) -> _Terms:
    return {
        "id": [t.id for t in terms],
        "name": [t.name for t in terms],
        "synonyms": ["\n".join(_synonym_line(s) for s in t.synonyms) for t in terms],
        "parents": [" ".join(t.parents) for t in terms],
        "alt_ids": [" ".join(t.alt_ids) for t in terms],
        "obsolete": [int(t.is_obsolete) for t in terms],
        "replaced_by": [" ".join(t.replaced_by) for t in terms],
        "consider": [" ".join(t.consider) for t in terms],
        "snomed": [" ".join(t.snomed) for t in terms],
    }


def _synonym_line(synonym: Synonym) -> str:
    text = " ".join(synonym.text.split())  # no tab or line end inside: they separate
    return f"{text}\t{synonym.scope}\t{synonym.kind}"


def _terms(columns: _Terms) -> tuple[Term, ...]:
    rows = zip(
        columns["id"],
        columns["name"],
        columns["synonyms"],
        columns["parents"],
        columns["alt_ids"],
        columns["obsolete"],
        columns["replaced_by"],
        columns["consider"],
        columns["snomed"],
        strict=True,
    )
    return tuple(
        Term(
            id=term_id,
            name=name,
            synonyms=tuple([Synonym(*line.split("\t")) for line in synonyms.split("\n")]) if synonyms else (),
            parents=tuple(parents.split()),
            alt_ids=tuple(alt_ids.split()),
            is_obsolete=bool(obsolete),
            replaced_by=tuple(replaced_by.split()),
            consider=tuple(consider.split()),
            snomed=tuple(snomed.split()),
        )
        for term_id, name, synonyms, parents, alt_ids, obsolete, replaced_by, consider, snomed in rows
    )


def _knowledge(payload: _Payload, version: str) -> Knowledge:
    ontology = Ontology(_terms(payload["terms"]))
    return Knowledge(
        version=version,
        sources=tuple(Source(*s) for s in payload["sources"]),
        rarity_rule=payload["rarity_rule"],
        ontology=ontology,
        diseases=_diseases(payload["diseases"]),
        columns=Columns(
            **{name: tuple(payload["columns"][name]) for name in _COLUMN_NAMES}, texts=tuple(payload["texts"])
        ),
        snomed_to_hpo=MappingProxyType(_snomed_to_hpo(ontology)),
        spanish=MappingProxyType(  # not strict: no label at all is an empty list
            {t.id: label for t, label in zip(ontology.terms, payload["spanish"], strict=False) if label}
        ),
    )


def _snomed_to_hpo(ontology: Ontology) -> dict[str, str]:
    meanings: dict[str, set[str]] = {}
    for term in ontology.current_terms():
        if term.snomed and ontology.is_finding(term.id):
            for code in term.snomed:
                meanings.setdefault(code, set()).add(term.id)
    return {code: next(iter(ids)) for code, ids in sorted(meanings.items()) if len(ids) == 1}
