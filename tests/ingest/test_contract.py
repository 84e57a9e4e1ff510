"""Rules on de-identified rows, at the bound and a step either side."""

import pyarrow as pa
import pytest

from raretriage.domain import RANGES
from raretriage.ingest.contract import failures
from raretriage.ingest.quarantine import safe_value
from raretriage.ingest.rules import rules
from raretriage.privacy.schemas import ENCOUNTERS
from tests.ingest.exports import KEYRING


def broken(*rows: dict[str, object], future: tuple[bool, ...] = ()) -> list[tuple[int, str, str, str | None]]:
    base = {
        "encounter_id": "e",
        "patient_id": "p",
        "pregnant": "unknown",
        "phenotypes": [],
        "key_id": "k",
        "row_hash": "h",
    }
    batch = pa.RecordBatch.from_pylist([{**base, **row} for row in rows], schema=ENCOUNTERS)
    flags = pa.array(list(future) or [False] * len(rows), pa.bool_())
    return [(found.row, found.rule, found.field, found.value) for found in failures(batch, flags)]


@pytest.mark.parametrize("field", RANGES)
def test_a_range_holds_its_ends_and_nothing_beyond(field: str) -> None:
    limits = RANGES[field]
    # Alone in the row, so that no rule across fields can speak.
    assert broken({field: limits.low}, {field: limits.high}, {field: None}) == []
    outside = [limits.low - 0.5, limits.high + 0.5]
    assert broken(*({field: value} for value in outside)) == [
        (row, "out_of_range", field, str(value)) for row, value in enumerate(outside)
    ]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"systolic_bp": 80.0, "diastolic_bp": 80.0}, "systolic_above_diastolic"),
        ({"systolic_bp": 81.0, "diastolic_bp": 80.0}, None),
        ({"systolic_bp": 80.0}, None),
        ({"heart_rate": 40.0, "respiratory_rate": 40.0}, "pulse_below_breathing"),
        ({"heart_rate": 41.0, "respiratory_rate": 40.0}, None),
        ({"heart_rate": 40.0, "respiratory_rate": 40.0, "age_years": 1.9}, None),
        ({"heart_rate": 40.0, "respiratory_rate": 40.0, "age_years": 2.0}, "pulse_below_breathing"),
        ({"days": 733.0, "age_years": 1.0}, "days_exceed_age"),
        ({"days": 732.0, "age_years": 1.0}, None),
        ({"days": 36_000.0, "age_years": 90.0}, None),
        ({"days": 36_000.0}, None),
        ({"pregnant": "yes", "sex": "male"}, "pregnant_male"),
        ({"pregnant": "yes", "sex": "female"}, None),
        ({"pregnant": "yes"}, None),
        ({"pregnant": "no", "sex": "male"}, None),
        ({"sex": "[NOT ALLOWED]"}, "unknown_code"),
        ({"state": "chronic"}, None),
        ({"state": "[NOT ALLOWED]"}, "unknown_code"),
    ],
)
def test_rules_across_fields(row: dict[str, object], rule: str | None) -> None:
    assert [found[1] for found in broken(row)] == ([] if rule is None else [rule])


def test_all_rules_of_a_row_are_listed_and_good_rows_between_stay_silent() -> None:
    bad: dict[str, object] = {"fever": 11.0, "pregnant": "yes", "sex": "male"}
    assert broken({}, bad, {}, {}, future=(False, False, False, True)) == [
        (1, "out_of_range", "fever", "11.0"),
        (1, "pregnant_male", "pregnant", "yes"),
        (3, "encounter_in_future", "period", None),
    ]


@pytest.mark.parametrize("value", ["37", "-2.5", "1e5", "0.123456", "NaN", "HP:0001250"])
def test_a_measurement_or_a_term_may_be_shown(value: str) -> None:
    assert safe_value(value, KEYRING) == value


@pytest.mark.parametrize("value", ["12345", "3001234567", "Ana", "37 Ana", "2024-03-10", "HP:1", "1.1234567", " "])
def test_anything_else_becomes_a_keyed_digest(value: str) -> None:
    shown = safe_value(value, KEYRING)
    assert shown == KEYRING.digest(value.encode())
    assert safe_value(shown, KEYRING) == shown


def test_every_rule_has_a_sentence_with_a_place_for_the_field_alone() -> None:
    for rule, sentence in rules().items():
        assert "{" not in sentence.replace("{field}", ""), rule
