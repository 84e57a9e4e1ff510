from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import Keyring, Kind, RotationMismatch, SchemaMismatch, safe_source
from raretriage.privacy.batch import deidentify
from raretriage.privacy.rotate import rekey_batch, rekey_names
from raretriage.privacy.schemas import ENCOUNTERS
from tests.privacy.identified import KEYRING, batch, finding, row

NEW = KEYRING.rotated()

rows = st.builds(
    row,
    raw_encounter_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    raw_patient_id=st.sampled_from(["1", "2", "Patient/3"]),
    raw_site=st.none() | st.sampled_from(["a", "b"]),
    encounter_date=st.none() | st.dates(),
    raw_label_date=st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    birth_date=st.none() | st.dates(),
    source_file=st.sampled_from(["Encounter.000.ndjson", "Ana_Ejemplo.json"]),
    fever=st.none() | st.floats(0, 10),
    phenotypes=st.lists(st.builds(finding, st.sampled_from(["HP:0001250", "HP:0000822"])), max_size=2),
)


@given(listed=st.lists(rows, max_size=6))
@settings(max_examples=80, deadline=None)
def test_rekeyed_rows_are_the_rows_that_the_new_keyring_makes(listed: list[dict[str, Any]]) -> None:
    identified = batch(*listed)
    expected = deidentify(identified, keyring=NEW)
    rekeyed = rekey_batch(deidentify(identified, keyring=KEYRING), KEYRING, NEW)
    assert rekeyed.to_pylist() == expected.to_pylist()
    assert rekeyed.equals(expected)


def test_rekeying_leaves_no_old_name_behind() -> None:
    old = deidentify(batch(row(raw_site="a", source_file="Ana.json", raw_label_date=date(2024, 9, 1))), keyring=KEYRING)
    new = rekey_batch(old, KEYRING, NEW)
    for name in ("patient_id", "encounter_id", "site", "source_file", "key_id", "row_hash"):
        assert set(new[name].to_pylist()).isdisjoint(old[name].to_pylist())
    assert new["period"].equals(old["period"])


def test_three_rotations_in_a_row_agree_with_the_last_keyring() -> None:
    identified = batch(row(raw_site="a"), row(raw_patient_id="2", raw_encounter_id="2"))
    rings = [KEYRING]
    result = deidentify(identified, keyring=KEYRING)
    for _ in range(3):
        rings.append(rings[-1].rotated())
        result = rekey_batch(result, rings[-2], rings[-1])
    assert result.equals(deidentify(identified, keyring=rings[-1]))


def test_a_rotation_killed_half_way_is_run_again() -> None:
    identified = batch(*(row(raw_patient_id=str(number), raw_encounter_id=str(number)) for number in range(6)))
    old = deidentify(identified, keyring=KEYRING)
    done = deidentify(identified, keyring=NEW)
    mixed = pa.Table.from_batches([old.slice(0, 3), done.slice(3)]).combine_chunks().to_batches()[0]
    assert rekey_batch(mixed, KEYRING, NEW).equals(done)
    assert rekey_batch(done, KEYRING, NEW).equals(done)


def test_rows_without_provenance_are_rekeyed_too() -> None:
    identified = batch(row())
    old = deidentify(identified, keyring=KEYRING).select(ENCOUNTERS.names)
    assert rekey_batch(old, KEYRING, NEW).equals(deidentify(identified, keyring=NEW).select(ENCOUNTERS.names))


@pytest.mark.parametrize("stranger", [Keyring.create(), KEYRING, NEW.rotated()])
def test_keyrings_that_are_not_one_rotation_apart_are_refused(stranger: Keyring) -> None:
    with pytest.raises(RotationMismatch, match="one step at a time"):
        rekey_batch(deidentify(batch(row()), keyring=KEYRING), KEYRING, stranger)


def test_rows_of_a_third_keyring_are_refused() -> None:
    third = Keyring.create()
    with pytest.raises(RotationMismatch, match=third.key_id):
        rekey_batch(deidentify(batch(row()), keyring=third), KEYRING, NEW)


def test_a_missing_column_is_named() -> None:
    old = deidentify(batch(row()), keyring=KEYRING).drop_columns(["site"])
    with pytest.raises(SchemaMismatch, match="missing columns site"):
        rekey_batch(old, KEYRING, NEW)


def test_names_in_any_text_column_are_rekeyed_and_the_rest_is_left() -> None:
    def table(keyring: Keyring) -> pa.RecordBatch:
        names = [keyring.pseudonym(kind, "x") for kind in Kind]
        files = [safe_source(name, keyring) for name in ("Ana.ndjson.gz", "Patient.000.ndjson")]
        texts = [*names, *files, keyring.digest(b"line"), "age_years", "p-1", "", None]
        return pa.RecordBatch.from_pydict({"text": texts, "line": list(range(len(texts)))})

    assert rekey_names(table(KEYRING), NEW).equals(table(NEW))


@pytest.mark.parametrize("text", ["see p-" + "0" * 32, "p-" + "0" * 33, "p-" + "g" * 32, "x-" + "0" * 32])
def test_what_only_resembles_a_name_is_left(text: str) -> None:
    batch_of_text = pa.RecordBatch.from_pydict({"text": [text]})
    assert rekey_names(batch_of_text, NEW).equals(batch_of_text)
