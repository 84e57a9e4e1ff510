import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import SchemaMismatch
from raretriage.privacy.batch import deidentify
from raretriage.privacy.report import SMALL_CELL, TRAITS, KReport, k_report
from tests.privacy.identified import KEYRING, batch, row

FLU = {"diagnosis_system": "http://hl7.org/fhir/sid/icd-10", "diagnosis_code": "J11"}


def people(count: int, *, start: int = 0, visits: int = 1, **traits: Any) -> list[dict[str, Any]]:
    return [
        row(raw_patient_id=str(start + person), raw_encounter_id=f"{start + person}/{visit}", **traits)
        for person in range(count)
        for visit in range(visits)
    ]


def report(*rows: dict[str, Any]) -> KReport:
    return k_report(pa.Table.from_batches([deidentify(batch(*rows), keyring=KEYRING)]))


@pytest.mark.parametrize(("count", "in_small"), [(SMALL_CELL - 1, 4), (SMALL_CELL, 0), (SMALL_CELL + 1, 0)])
def test_a_cell_is_small_under_five_patients(count: int, in_small: int) -> None:
    result = report(*people(count), *people(20, start=100, sex="male"))
    assert (result.k_min, result.rows_in_small_cells) == (count, in_small)
    assert result.share_in_small_cells == in_small / (count + 20)


def test_many_visits_of_one_person_hide_nobody() -> None:
    result = report(*people(1, visits=30))
    assert (result.k_min, result.patients, result.rows, result.rows_in_small_cells) == (1, 1, 30, 30)


@pytest.mark.parametrize(
    "other",
    [
        {"sex": "male"},
        {"birth_date": date(2020, 1, 1)},
        {"admin_area": "MA", "country": "US"},
        {"raw_site": "other"},
        FLU,
    ],
)
def test_each_trait_alone_makes_a_cell(other: dict[str, Any]) -> None:
    result = report(*people(6), *people(2, start=50, **other))
    assert (result.cells, result.k_min, len(result.smallest)) == (2, 2, 2)


@pytest.mark.parametrize(
    ("age", "band"),
    [(0.5, "0-1"), (1.99, "0-1"), (2.0, "2-4"), (5.0, "5-17"), (17.0, "5-17"), (18.0, "18-29"), (30.0, "30-44"),
     (59.0, "45-59"), (60.0, "60-74"), (89.0, "75-89"), (97.0, "90+"), (None, "unknown"), (-3.0, "unknown")],
)  # fmt: skip
def test_age_bands(age: float | None, band: str) -> None:
    assert report(row(birth_date=None, age_years=age)).smallest[0].traits["age_band"] == band


def test_smallest_cells_come_first_and_name_no_id() -> None:
    result = report(*people(7), *people(2, start=50, **FLU), *people(4, start=80, sex="male"))
    assert [cell.patients for cell in result.smallest] == [2, 4, 7]
    assert result.smallest[0].traits["diagnosis"] == "http://hl7.org/fhir/sid/icd-10|J11"
    for text in (result.as_json(), result.as_text()):
        assert not {"p-", "e-"} & {word[:2] for word in text.replace('"', " ").split() if len(word) > 30}


def test_text_and_json_say_the_same() -> None:
    result = report(*people(3), *people(9, start=50, sex="male"))
    content = json.loads(result.as_json())
    assert (content["k_min"], content["rows_in_small_cells"], content["share_in_small_cells"]) == (3, 3, 0.25)
    assert content["smallest"][0]["traits"].keys() == set(TRAITS)
    assert "smallest k 3" in result.as_text()
    assert "3 (25.0%)" in result.as_text()
    assert "pseudonymised, not anonymous" in result.as_text()


def test_an_empty_lake_has_no_cells() -> None:
    result = report()
    assert (result.rows, result.cells, result.k_min, result.share_in_small_cells) == (0, 0, 0, 0.0)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SchemaMismatch, match="missing columns region"):
        k_report(pa.Table.from_batches([deidentify(batch(row()), keyring=KEYRING)]).drop_columns(["region"]))


@given(
    traits=st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from(["female", "male", None]), st.sampled_from(["a", None])),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=50, deadline=None)
def test_counts_agree_with_plain_counting(traits: list[tuple[int, str | None, str | None]]) -> None:
    """Oracle: dictionaries of sets."""
    rows = [
        row(raw_patient_id=str(patient), raw_encounter_id=str(place), sex=sex, raw_site=site)
        for place, (patient, sex, site) in enumerate(traits)
    ]
    cells: dict[tuple[str | None, str | None], list[int]] = {}
    for patient, sex, site in traits:
        cells.setdefault((sex, site), []).append(patient)
    result = report(*rows)
    assert result.cells == len(cells)
    assert result.k_min == min(len(set(members)) for members in cells.values())
    assert result.rows_in_small_cells == sum(len(members) for members in cells.values() if len(set(members)) < 5)
