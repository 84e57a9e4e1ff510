"""Every finding of the common table can be chosen in Spanish."""

import csv
import re
from importlib.resources import files

import pytest

from raretriage.knowledge import build_knowledge, locate_sources
from raretriage.knowledge.lexicon import spanish_labels
from tests.serving.tiny_model import HPOA_HEADER


@pytest.mark.parametrize("table", ["findings.csv", "background.csv"])
def test_every_finding_of_the_profiles_has_a_spanish_label(table: str) -> None:
    text = files("raretriage.cohort").joinpath("profiles", table).read_text(encoding="utf-8")
    used = {row["hpo_id"] for row in csv.DictReader(text.splitlines())}
    assert len(used) > 20
    assert used - spanish_labels().keys() == set()


def test_the_less_precise_terms_of_those_findings_have_one_too() -> None:
    hp_obo = locate_sources()[0]
    knowledge = build_knowledge(hp_obo, HPOA_HEADER.encode())
    parents_of = {term.id: term.parents for term in knowledge.ontology.current_terms()}
    table = files("raretriage.cohort").joinpath("profiles", "findings.csv").read_text(encoding="utf-8")
    used = {knowledge.resolve(row["hpo_id"]) for row in csv.DictReader(table.splitlines())}
    above = {parent for term in used for parent in parents_of[term] if knowledge.is_finding(parent)}
    assert len(above) > 100
    assert above - spanish_labels().keys() == set()


def test_ids_are_written_as_ids_and_no_label_means_two_findings() -> None:
    labels = spanish_labels()
    assert all(re.fullmatch(r"HP:\d{7}", hpo_id) for hpo_id in labels)
    folded = [label.casefold() for label in labels.values()]
    assert all(label == label.strip() and label for label in labels.values())
    assert len(set(folded)) == len(folded)
