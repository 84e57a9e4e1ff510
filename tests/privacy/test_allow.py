import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import (
    Treatment,
    UnknownModifier,
    UnknownResource,
    allowed_fields,
    allowed_resources,
    code_may_pass,
    project,
    require_understood,
)

PATIENT = {
    "resourceType": "Patient",
    "id": "1",
    "gender": "female",
    "birthDate": "1980-05-17",
    "address": [
        {"state": "Antioquia", "postalCode": "050001", "country": "CO", "line": ["PLANTED"], "city": "PLANTED"}
    ],
    "name": [{"family": "PLANTED"}],
    "text": {"div": "<div>PLANTED</div>"},
    "extension": [{"url": "PLANTED", "valueString": "PLANTED"}],
    "_birthDate": {"extension": [{"valueDateTime": "PLANTED"}]},
}


def test_four_resource_types_may_pass() -> None:
    assert allowed_resources() == ("Patient", "Encounter", "Condition", "Observation")


def test_every_direct_identifier_has_a_treatment_other_than_keep() -> None:
    treated = {
        (resource, path): treatment
        for resource in allowed_resources()
        for path, treatment in allowed_fields(resource).items()
        if path == "id" or "reference" in path or "Date" in path or "period" in path.lower() or "address" in path
    }
    assert len(treated) >= 20
    assert not {Treatment.KEEP, Treatment.CODE} & set(treated.values())


def test_every_type_guards_against_modifier_extensions() -> None:
    assert {allowed_fields(resource)["modifierExtension.url"] for resource in allowed_resources()} == {Treatment.GUARD}


@pytest.mark.parametrize("path", ["name", "telecom", "text.div", "note.text", "display", "identifier.value", "photo"])
def test_no_path_leads_to_names_notes_or_displays_of_codes(path: str) -> None:
    for resource in allowed_resources():
        assert path not in allowed_fields(resource)
        assert not any(allowed.endswith("coding.display") for allowed in allowed_fields(resource))


def test_the_list_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        allowed_fields("Patient")["name"] = Treatment.KEEP  # type: ignore[index]


def test_an_unlisted_type_is_refused_without_repeating_it() -> None:
    with pytest.raises(UnknownResource, match="known: Patient") as refused:
        allowed_fields("Ana Ejemplo")
    assert "Ejemplo" not in str(refused.value)


def test_projection_keeps_what_is_listed_and_nothing_else() -> None:
    kept = project(PATIENT)
    assert kept == {
        "resourceType": "Patient",
        "id": "1",
        "gender": "female",
        "birthDate": "1980-05-17",
        "address": [{"state": "Antioquia", "postalCode": "050001", "country": "CO"}],
    }


values = st.recursive(
    st.just("PLANTED"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(field=st.text(min_size=1, max_size=20), value=values, deep=st.booleans())
def test_an_unknown_field_does_not_pass(field: str, value: object, deep: bool) -> None:
    listed = {path.split(".")[0] for path in allowed_fields("Patient")}
    inner = {path.split(".")[1] for path in allowed_fields("Patient") if path.startswith("address.")}
    if deep and field not in inner | {"modifierExtension"}:
        resource = PATIENT | {"address": [PATIENT["address"][0] | {field: value}]}  # type: ignore[index]
    elif not deep and field not in listed:
        resource = PATIENT | {field: value}
    else:
        return
    assert project(resource) == project(PATIENT)


@pytest.mark.parametrize("field", ["gender", "id", "birthDate"])
@pytest.mark.parametrize("value", [{"value": "PLANTED"}, ["PLANTED"], [{"x": "PLANTED"}]])
def test_a_structure_where_a_scalar_was_reviewed_does_not_pass(field: str, value: object) -> None:
    assert "PLANTED" not in json.dumps(project(PATIENT | {field: value}))


def test_a_scalar_where_a_structure_was_reviewed_does_not_pass() -> None:
    assert "address" not in project(PATIENT | {"address": "PLANTED"})


@pytest.mark.parametrize(
    "modifier", [[{"url": "urn:PLANTED"}], {"url": "urn:PLANTED"}, [{}], [{"url": None}], ["PLANTED"], "PLANTED"]
)
def test_an_unknown_modifier_extension_rejects_the_whole_resource(modifier: object) -> None:
    with pytest.raises(UnknownModifier, match="rejected") as refused:
        project(PATIENT | {"modifierExtension": modifier})
    assert "PLANTED" not in str(refused.value)


def test_a_modifier_extension_below_is_seen_too() -> None:
    component = {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}}
    observation = {"resourceType": "Observation", "id": "1", "component": [component]}
    assert project(observation)["component"] == [component]
    with pytest.raises(UnknownModifier):
        project(observation | {"component": [component | {"modifierExtension": [{"url": "urn:not"}]}]})


def test_no_modifier_extension_is_no_reason_to_reject() -> None:
    require_understood([])
    assert project(PATIENT | {"modifierExtension": []}) == project(PATIENT)


@pytest.mark.parametrize(
    ("system", "code", "passes"),
    [
        ("http://hl7.org/fhir/sid/icd-10", "J06.9", True),
        ("http://hl7.org/fhir/sid/icd-10-cm", "S72.001A", True),
        ("http://snomed.info/sct", "91302008", True),
        ("http://www.orpha.net", "558", True),
        ("http://www.orpha.net", "ORPHA:558", True),
        ("http://www.omim.org", "154700", True),
        ("http://www.omim.org", "OMIM:154700", True),
        ("http://hl7.org/fhir/sid/icd-10", "Ejemplo", False),
        ("http://hl7.org/fhir/sid/icd-10", "J06.9 Ana", False),
        ("http://hl7.org/fhir/sid/icd-10", "J06.9\n", False),
        ("http://snomed.info/sct", "91302", False),
        ("urn:ana-ejemplo", "J06.9", False),
        (None, "J06.9", False),
        ("http://snomed.info/sct", None, False),
    ],
)
def test_a_code_passes_in_the_form_of_a_listed_system_only(system: str | None, code: str | None, passes: bool) -> None:
    assert code_may_pass(system, code) is passes


@pytest.mark.shared_data
def test_no_name_of_a_foreign_export_passes_the_projection(shared_data: Path) -> None:
    names: set[str] = set()
    passed: list[str] = []
    with tarfile.open(shared_data / "fhir" / "synthea-bulk-ndjson.tar.gz") as export:
        for resource_type in ("Patient", "Encounter", "Condition"):
            file = export.extractfile(f"bulk10/{resource_type}.000.ndjson")
            assert file is not None
            for line in file:
                resource = json.loads(line)
                names |= {word for name in resource.get("name", []) for word in (name["family"], *name["given"])}
                passed.append(json.dumps(project(resource)))
    assert len(names) > 20
    assert [text for text in passed if any(name in text for name in names)] == []
    assert all(len(text) > 20 for text in passed)
