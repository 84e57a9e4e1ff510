import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import Kind, find_source, safe_source
from raretriage.privacy.sources import rekey_source
from tests.privacy.identified import KEYRING


@pytest.mark.parametrize(
    "name",
    [
        "Observation.000.ndjson.gz",
        "Observation_vitals.ndjson.gz",
        "Patient.ndjson",
        "export/Condition-0012.ndjson",
        "phenopackets-dev.ndjson.gz",
        "encounters.csv",
        "log.ndjson",
    ],
)
def test_names_that_say_nothing_of_anybody_stay(name: str) -> None:
    assert safe_source(name, KEYRING) == name


@pytest.mark.parametrize(
    ("name", "extensions"),
    [
        ("Ana_Ejemplo_dab86f8b.json", ".json"),
        ("Patient-48392.json", ".json"),  # five digits may be a record number
        ("Ana/Patient.000.ndjson.gz", ".ndjson.gz"),
        ("Patient.ana.ndjson", ".ndjson"),
        ("patient.Ejemplo", ""),
        ("Patient", None),
        ("", ""),
        (".json", ".json"),
        ("Observation.000.ndjson.gz.ana", ""),
        ("../Patient.000.ndjson", ".ndjson"),
    ],
)
def test_other_names_become_a_digest_with_the_extension(name: str, extensions: str | None) -> None:
    safe = safe_source(name, KEYRING)
    if extensions is None:
        assert safe == name
    else:
        assert re.fullmatch(rf"file-[0-9a-f]{{32}}{re.escape(extensions)}", safe)


@settings(deadline=None)
@given(name=st.text(max_size=60))
def test_a_safe_name_is_already_safe(name: str) -> None:
    safe = safe_source(name, KEYRING)
    assert safe_source(safe, KEYRING) == safe


@settings(deadline=None)
@given(words=st.lists(st.sampled_from(["Ana", "Ejemplo", "4839201", "Patient"]), min_size=1, max_size=4))
def test_no_name_or_long_number_comes_out(words: list[str]) -> None:
    safe = safe_source("_".join(words) + ".json", KEYRING)
    assert not {"Ana", "Ejemplo", "4839201"} & set(re.split(r"[_.]", safe))


def test_the_file_is_found_again_with_the_keyring_only() -> None:
    names = ["Ana_Ejemplo.json", "Luis_Ejemplo.json", "Patient.000.ndjson"]
    safe = safe_source("Luis_Ejemplo.json", KEYRING)
    assert find_source(safe, names, KEYRING) == "Luis_Ejemplo.json"
    assert find_source(safe, names, KEYRING.rotated()) is None


def test_files_of_one_name_in_two_folders_stay_apart() -> None:
    assert safe_source("ana/a.json", KEYRING) != safe_source("luis/a.json", KEYRING)


@settings(deadline=None)
@given(name=st.text(max_size=60))
def test_rekeyed_name_is_the_name_under_the_new_keyring(name: str) -> None:
    new = KEYRING.rotated()
    assert rekey_source(safe_source(name, KEYRING), new) == safe_source(name, new)


def test_digest_is_of_the_relative_path() -> None:
    assert safe_source("ana/a.json", KEYRING) == KEYRING.pseudonym(Kind.SOURCE, "ana/a.json") + ".json"
