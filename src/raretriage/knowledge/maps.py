"""Tables that a hospital may give beside HPO: official Spanish labels, and maps from SNOMED CT and ICD-10.

They are read where they lie and are no part of this program; their licences are their makers'. Every table is
tab-separated UTF-8 with a header line; further columns are passed over.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.obo import Term
from raretriage.knowledge.ontology import Ontology
from raretriage.knowledge.sources import NOT_STATED, Source

_LABEL = "rdfs:label"


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
    """HPO id -> label, of a translation in Babelon's format.

    Raises:
        MalformedSource: not UTF-8, or a needed column or field is missing (line named).
    """
    rows = _rows("Spanish labels", content, ("subject_id", "predicate_id", "translation_value"))
    return {hpo_id: label for hpo_id, predicate, label in rows if predicate == _LABEL and label}


def parse_snomed(content: bytes) -> dict[str, frozenset[str]]:
    """SNOMED CT code -> the HPO ids it is given for, as written.

    Raises:
        MalformedSource: not UTF-8, or a needed column or field is missing (line named).
    """
    found: dict[str, set[str]] = {}
    for code, hpo_id in _rows("SNOMED map", content, ("snomedct", "hpo")):
        found.setdefault(code, set()).add(hpo_id)
    return {code: frozenset(ids) for code, ids in found.items()}


def parse_icd10(content: bytes) -> dict[str, tuple[str, ...]]:
    """Disease id such as `ORPHA:558` -> its ICD-10 codes, sorted.

    Approximate: a group's code is given to every disease in it, so a code does not name one disease.

    Raises:
        MalformedSource: not UTF-8, or a needed column or field is missing (line named).
    """
    found: dict[str, set[str]] = {}
    for code, number in _rows("ICD-10 map", content, ("icd10cm", "orpha")):
        if not number.isdigit():
            raise MalformedSource(f"ICD-10 map: orpha is {number[:40]!r}, expected a number such as 558")
        found.setdefault(f"ORPHA:{number}", set()).add(code.upper())
    return {disease: tuple(sorted(codes)) for disease, codes in found.items()}


def current_labels(labels: Mapping[str, str], ontology: Ontology) -> dict[str, str]:
    """The labels by current id; those of terms that the release lacks are left out, and a term's own goes first."""
    found: dict[str, str] = {}
    for hpo_id, label in labels.items():
        current = ontology.find(hpo_id)
        if current is not None and (current == hpo_id or current not in labels):
            found[current] = label
    return found


def with_snomed(terms: Sequence[Term], map_: Mapping[str, frozenset[str]], ontology: Ontology) -> tuple[Term, ...]:
    """The terms with the map's codes beside their own; a map's id that the release lacks says nothing."""
    codes: dict[str, set[str]] = {}
    for code, ids in map_.items():
        for hpo_id in ids:
            if (current := ontology.find(hpo_id)) is not None:
                codes.setdefault(current, set()).add(code)
    return tuple(
        replace(t, snomed=(*t.snomed, *sorted(codes[t.id] - {*t.snomed}))) if t.id in codes else t for t in terms
    )


def _rows(what: str, content: bytes, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The named fields of each row, without surrounding blanks; lines that begin with `#` are comments."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise MalformedSource(f"{what}: byte {error.start} is not UTF-8") from error
    table = csv.DictReader((x for x in lines if not x.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
    if missing := [name for name in columns if name not in (table.fieldnames or ())]:
        raise MalformedSource(f"{what}: the column {missing[0]!r} is missing; needed are {', '.join(columns)}")
    for row in table:
        fields = [row[name] for name in columns]
        if any(field is None for field in fields):
            raise MalformedSource(f"{what}, row {table.line_num}: too few fields")
        yield tuple(field.strip() for field in fields)
