"""Bundles become what a bulk export would hold."""

from raretriage.fhir import entries, is_bundle

PATIENT = {"resourceType": "Patient", "id": "p1", "identifier": [{"system": "urn:mrn", "value": "7"}]}


def visit(reference: str) -> dict[str, object]:
    return {"resourceType": "Encounter", "id": "e1", "subject": {"reference": reference, "display": "Ana Pérez"}}


def bundle(*items: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(items)}


def subject_of(document: dict[str, object], number: int) -> object:
    found = list(entries(document))[number].resource
    assert found is not None
    return found["subject"]


def test_a_full_url_reference_becomes_type_and_id() -> None:
    document = bundle({"fullUrl": "urn:uuid:aaa", "resource": PATIENT}, {"resource": visit("urn:uuid:aaa")})
    assert subject_of(document, 1) == {"reference": "Patient/p1"}


def test_a_search_on_an_identifier_becomes_type_and_id() -> None:
    document = bundle({"resource": visit("Patient?identifier=urn:mrn|7")}, {"resource": PATIENT})
    assert subject_of(document, 0) == {"reference": "Patient/p1"}


def test_a_reference_out_of_the_bundle_stays_as_it_is() -> None:
    document = bundle({"resource": visit("Patient/elsewhere")})
    assert subject_of(document, 0) == {"reference": "Patient/elsewhere", "display": "Ana Pérez"}


def test_a_resource_without_an_id_is_known_by_its_full_url() -> None:
    document = bundle(
        {"fullUrl": "urn:uuid:aaa", "resource": {"resourceType": "Patient"}}, {"resource": visit("urn:uuid:aaa")}
    )
    first, second = entries(document)
    assert first.resource is not None
    assert first.resource["id"] == "aaa"
    assert second.resource is not None
    assert second.resource["subject"] == {"reference": "Patient/aaa"}


def test_entries_keep_their_number_even_when_one_holds_nothing() -> None:
    document = bundle({"request": {"method": "DELETE", "url": "Patient/p1"}}, {"resource": PATIENT})
    assert [(entry.number, entry.resource is None) for entry in entries(document)] == [(1, True), (2, False)]


def test_a_bundle_without_entries_is_a_bundle() -> None:
    assert is_bundle({"resourceType": "Bundle"})
    assert list(entries({"resourceType": "Bundle", "entry": {"resource": PATIENT}})) == []
    assert not is_bundle([])
