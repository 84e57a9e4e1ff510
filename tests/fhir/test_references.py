"""References in all the spellings of FHIR, in Python and in the pattern that engines run."""

import re

import pytest

from raretriage.fhir import reference_id, reference_pattern


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("https://hospital.example/fhir/R4/Patient/p1", "p1"),
        ("urn:uuid:e6dde18e-af01-4f2f-b74a-1ec7d0368f93", "e6dde18e-af01-4f2f-b74a-1ec7d0368f93"),
        ("urn:oid:1.2.3", "1.2.3"),
        ("Patient?identifier=http://example.org|7", None),
        ("#contained", None),
        ("Encounter/e1", None),
        ("RelatedPatient/p1", None),
        ("Patient/", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_literal_reference_to_the_type_names_an_id(reference: str | None, expected: str | None) -> None:
    assert reference_id(reference, "Patient") == expected


def test_the_engines_pattern_has_the_id_as_its_only_group() -> None:
    assert re.compile(reference_pattern("Encounter")).groups == 1
