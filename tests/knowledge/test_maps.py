"""The tables that a hospital may give beside HPO."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge import Knowledge, MalformedSource, Maps, build_knowledge
from raretriage.knowledge.maps import parse_icd10, parse_labels, parse_snomed, spanish_of
from tests.knowledge.conftest import HPOA, OBO
from tests.knowledge.orphanet_tables import tables

SEIZURE, SEIZURE_BEFORE, MOTOR_SEIZURE = "HP:0001250", "HP:0002125", "HP:0020219"
LABELS = "translation_language\tsubject_id\tpredicate_id\ttranslation_value"
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: not text.startswith("#")
)


def table(header: str, *rows: tuple[str, ...]) -> bytes:
    return "\n".join([header, *("\t".join(row) for row in rows), ""]).encode()


def with_maps() -> Knowledge:
    """The small release with one row of everything that can be given."""
    maps = Maps(
        labels_es=table(LABELS, ("es", SEIZURE, "rdfs:label", "Ataque de prueba")),
        snomed_hpo=table("snomedct\thpo", ("111111", SEIZURE_BEFORE), ("222222", SEIZURE), ("222222", MOTOR_SEIZURE)),
        icd10_orpha=table("icd10cm\torpha", ("g40.1", "1"), ("E75.2", "1")),
    )
    orphanet = tables([(1, "Malformation syndrome", "Made-up")], omim=[(1, 1, "E")])
    return build_knowledge(OBO.encode(), HPOA.encode(), orphanet=orphanet, maps=maps)


def test_an_official_label_is_by_current_id_and_goes_before_our_own(small: Knowledge) -> None:
    assert with_maps().label_es(SEIZURE) == "Ataque de prueba"
    assert small.label_es(SEIZURE) == "Crisis epiléptica (convulsión)"
    assert small.label_es(MOTOR_SEIZURE) != "Ataque de prueba"
    old = Maps(
        labels_es=table(LABELS, ("es", SEIZURE_BEFORE, "rdfs:label", "De antes"), ("es", "HP:9", "rdfs:label", "x"))
    )
    assert dict(build_knowledge(OBO.encode(), HPOA.encode(), maps=old).spanish) == {SEIZURE: "De antes"}


def test_snomed_codes_come_beside_those_of_hpo_and_none_has_two_meanings(small: Knowledge) -> None:
    assert dict(with_maps().snomed_to_hpo) == {**small.snomed_to_hpo, "111111": SEIZURE}


def test_an_omim_entry_has_the_type_and_the_codes_of_its_group() -> None:
    for entry in ("ORPHA:1", "OMIM:1"):
        disease = with_maps().disease(entry)
        assert disease is not None
        assert (disease.kind, disease.icd10) == ("Malformation syndrome", ("E75.2", "G40.1"))
    assert with_maps().disease("ORPHA:404") is None


def test_each_table_is_a_source_with_its_hash() -> None:
    added = with_maps().sources[-3:]
    assert [s.name for s in added] == ["Spanish labels of HPO", "SNOMED CT to HPO", "ICD-10-CM to ORPHA"]
    assert all(len(s.sha256) == 64 and s.licence for s in added)


@given(st.lists(st.tuples(words, words), max_size=8))
def test_labels_are_read_as_written(rows: list[tuple[str, str]]) -> None:
    content = table(LABELS, *(("es", hpo_id, "rdfs:label", label) for hpo_id, label in rows))
    assert parse_labels(content) == dict(rows)


@given(st.lists(st.tuples(st.from_regex(r"[0-9]{6,18}", fullmatch=True), words), max_size=8))
def test_every_snomed_row_is_kept(rows: list[tuple[str, str]]) -> None:
    found = parse_snomed(table("snomedct\thpo\tlabel", *((code, hpo_id, "x") for code, hpo_id in rows)))
    assert {(code, hpo_id) for code, ids in found.items() for hpo_id in ids} == set(rows)


@given(st.lists(st.tuples(st.from_regex(r"[A-Z][0-9]{2}\.[0-9]", fullmatch=True), st.integers(1, 10**6)), max_size=8))
def test_every_icd10_row_is_kept(rows: list[tuple[str, int]]) -> None:
    found = parse_icd10(table("icd10cm\torpha", *((code.lower(), str(number)) for code, number in rows)))
    kept = {(code, disease) for disease, codes in found.items() for code in codes}
    assert kept == {(code, f"ORPHA:{number}") for code, number in rows}


def test_a_label_of_two_findings_is_of_none(small: Knowledge) -> None:
    labels = {SEIZURE: "Lo mismo", MOTOR_SEIZURE: "lo  MISMO", "HP:0012638": "Tos"}  # ours for cough
    assert spanish_of(labels, small.ontology) == {}


@pytest.mark.parametrize("parse", [parse_labels, parse_snomed, parse_icd10])
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_anything_else_is_refused_with_its_reason(parse, content: bytes) -> None:
    with pytest.raises(MalformedSource, match=r"is not UTF-8|is missing|too few"):
        parse(content)


def test_a_row_that_cannot_be_read_is_named() -> None:
    with pytest.raises(MalformedSource, match="line 2: 1 fields, too few"):
        parse_snomed(table("snomedct\thpo", ("111111",)))
    with pytest.raises(MalformedSource, match="line 2: snomedct is '1'"):
        parse_snomed(table("snomedct\thpo", ("1", SEIZURE)))
    with pytest.raises(MalformedSource, match="translation_language is 'fr', expected 'es'"):
        parse_labels(table(LABELS, ("fr", SEIZURE, "rdfs:label", "Crise")))
    with pytest.raises(MalformedSource, match="orpha is 'x', expected a number"):
        parse_icd10(table("icd10cm\torpha", ("E75.2", "x")))
