"""Tables that a hospital may give beside HPO: official Spanish labels, and maps from SNOMED CT and ICD-10.

They are read where they lie and are no part of this program; their licences are their makers'. Every table is
tab-separated UTF-8 with a header line; lines that begin with `#` and further columns are passed over.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.lexicon import spanish_labels
from raretriage.knowledge.obo import Term
from raretriage.knowledge.ontology import Ontology
from raretriage.knowledge.sources import NOT_STATED, Source
from raretriage.knowledge.words import fold

_LABEL = "rdfs:label"
_SNOMED_CODE = re.compile(r"[0-9]{6,18}")
_ICD10_CODE = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_ORPHA_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Maps:
    """The bytes of the tables that are given; None for one that is not."""

    labels_es: bytes | None = None
    """A translation in Babelon's format (HPO translations project)."""
    snomed_hpo: bytes | None = None
    """Columns `snomedct`, `hpo`. SNOMED CT needs a national licence to use in production."""
    icd10_orpha: bytes | None = None
    """Columns `icd10cm`, `orpha`."""

    def sources(self) -> tuple[Source, ...]:
        """Where the given tables come from; none of them says its release."""
        given = (
            (self.labels_es, "Spanish labels of HPO", "none stated (HPO translations project); HPO's terms apply"),
            (
                self.snomed_hpo,
                "SNOMED CT to HPO",
                "HPO's terms; SNOMED CT needs a national licence to use in production",
            ),
            (self.icd10_orpha, "ICD-10-CM to ORPHA", NOT_STATED),
        )
        return tuple(
            Source(name, NOT_STATED, licence, hashlib.sha256(content).hexdigest())
            for content, name, licence in given
            if content is not None
        )


NO_MAPS = Maps()


def parse_labels(content: bytes) -> dict[str, str]:
    """HPO id -> label, of a translation into Spanish in Babelon's format.

    Raises:
        MalformedSource: not UTF-8, a needed column or field is missing, or another language (line named).
    """
    found = {}
    columns = ("translation_language", "subject_id", "predicate_id", "translation_value")
    for at, (language, hpo_id, predicate, label) in _rows("Spanish labels", content, columns):
        if language.partition("-")[0] != "es":
            raise MalformedSource(f"{at}: translation_language is {language[:40]!r}, expected 'es'")
        if predicate == _LABEL and label:
            found[hpo_id] = label
    return found


def parse_snomed(content: bytes) -> dict[str, frozenset[str]]:
    """SNOMED CT code -> the HPO ids it is given for, as written.

    Raises:
        MalformedSource: not UTF-8, a needed column or field is missing, or a code is none (line named).
    """
    found: dict[str, set[str]] = {}
    for at, (code, hpo_id) in _rows("SNOMED map", content, ("snomedct", "hpo")):
        if _SNOMED_CODE.fullmatch(code) is None:
            raise MalformedSource(f"{at}: snomedct is {code[:40]!r}, expected 6 to 18 digits")
        found.setdefault(code, set()).add(hpo_id)
    return {code: frozenset(ids) for code, ids in found.items()}


def parse_icd10(content: bytes) -> dict[str, tuple[str, ...]]:
    """Disease id such as `ORPHA:558` -> its ICD-10 codes, sorted.

    Approximate: a group's code is given to every disease in it, so a code does not name one disease. What is no
    ICD-10 code is left out: Disease Ontology has codes of ICD-11 in that column.

    Raises:
        MalformedSource: not UTF-8, a needed column or field is missing, or a disease is no number (line named).
    """
    found: dict[str, set[str]] = {}
    for at, (code, number) in _rows("ICD-10 map", content, ("icd10cm", "orpha")):
        if _ORPHA_NUMBER.fullmatch(number) is None:
            raise MalformedSource(f"{at}: orpha is {number[:40]!r}, expected a number such as 558")
        if _ICD10_CODE.fullmatch(code.upper()) is not None:
            found.setdefault(f"ORPHA:{number}", set()).add(code.upper())
    return {disease: tuple(sorted(codes)) for disease, codes in found.items()}


def spanish_of(labels: Mapping[str, str], ontology: Ontology) -> dict[str, str]:
    """Current HPO id -> label, sorted by id; an id that the release does not know has none.

    Where a current id and one that it replaced both have a label, the current one's stands. A label that several ids
    have, or that is this project's own label of another finding, is left out: who chooses a finding by its label must
    get that one. (The translation of 2025 calls dysarthria and poor speech the same, and umbilical hernia and
    omphalocele.)
    """
    found = {}
    for hpo_id, label in sorted(labels.items()):
        current = ontology.find(hpo_id)
        if current is not None and (current == hpo_id or current not in labels):
            found[current] = label
    owners: dict[str, set[str]] = {}
    for hpo_id, label in (*found.items(), *spanish_labels().items()):
        owners.setdefault(_compared(label), set()).add(hpo_id)
    return {hpo_id: label for hpo_id, label in sorted(found.items()) if len(owners[_compared(label)]) == 1}


def _compared(label: str) -> str:
    """Case, accents and spaces do not tell labels apart."""
    return " ".join(fold(label).split())


def with_snomed(terms: Sequence[Term], given: Mapping[str, frozenset[str]], ontology: Ontology) -> tuple[Term, ...]:
    """The terms with the map's codes beside their own; a map's id that the release lacks says nothing."""
    codes: dict[str, set[str]] = {}
    for code, ids in given.items():
        for hpo_id in ids:
            if (current := ontology.find(hpo_id)) is not None:
                codes.setdefault(current, set()).add(code)
    return tuple(
        replace(t, snomed=(*t.snomed, *sorted(codes[t.id] - {*t.snomed}))) if t.id in codes else t for t in terms
    )


def _rows(what: str, content: bytes, columns: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """(table and line, the named fields without surrounding blanks) of every row that is not empty."""
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedSource(f"{what}: byte {error.start} is not UTF-8") from error
    places: list[int] | None = None
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")]
        if places is None:
            places = _places(what, fields, columns)
        elif len(fields) <= max(places):
            raise MalformedSource(f"{what}, line {number}: {len(fields)} fields, too few for {', '.join(columns)}")
        else:
            yield f"{what}, line {number}", [fields[place] for place in places]
    if places is None:
        _places(what, [], columns)


def _places(what: str, header: list[str], columns: tuple[str, ...]) -> list[int]:
    if missing := [name for name in columns if name not in header]:
        raise MalformedSource(f"{what}: the column {missing[0]!r} is missing; needed are {', '.join(columns)}")
    return [header.index(name) for name in columns]
