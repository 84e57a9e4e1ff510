from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.domain import Encounter, Phenotype, Presentation, Sex
from raretriage.privacy import Scrubber, deidentify_presentation
from raretriage.privacy.batch import deidentify
from tests.privacy.identified import KEYRING, batch, row

SCRUBBER = Scrubber()


@given(years=st.floats(0, 120))
@settings(deadline=None)
def test_service_and_lake_give_the_same_age(years: float) -> None:
    served = deidentify_presentation(Presentation(age_years=years), SCRUBBER).age_years
    [landed] = deidentify(batch(row(birth_date=None, age_years=years)), keyring=KEYRING)["age_years"].to_pylist()
    assert served == landed


@given(birth=st.dates(date(1905, 1, 1), date(2024, 8, 3)))
@settings(deadline=None)
def test_an_exact_age_sent_to_the_service_is_the_age_of_the_birth_date_in_the_lake(birth: date) -> None:
    """A client that computes completed years (months under 2) itself gets what the lake holds."""
    visit = date(2024, 8, 3)
    months = (visit.year - birth.year) * 12 + visit.month - birth.month - (visit.day < birth.day)
    served = deidentify_presentation(Presentation(age_years=months / 12), SCRUBBER).age_years
    [landed] = deidentify(batch(row(birth_date=birth, encounter_date=visit)), keyring=KEYRING)["age_years"].to_pylist()
    assert served == landed


@pytest.mark.parametrize(("years", "coarse"), [(89.9, 89.0), (90.0, 90.0), (119.0, 90.0), (120.0, 90.0), (0.55, 0.5)])
def test_age_is_capped_and_fractional_under_two(years: float, coarse: float) -> None:
    assert deidentify_presentation(Presentation(age_years=years), SCRUBBER).age_years == coarse


def test_missing_stays_missing() -> None:
    assert deidentify_presentation(Presentation(), SCRUBBER) == Presentation()


def test_complaint_is_scrubbed_or_dropped_where_there_is_no_scrubber() -> None:
    presentation = Presentation(complaint="dolor torácico, tel. 600 123 456")
    assert deidentify_presentation(presentation, SCRUBBER).complaint == "dolor torácico, tel. [PHONE]"
    assert deidentify_presentation(presentation, None).complaint is None


def test_everything_else_passes() -> None:
    presentation = Presentation(
        sex=Sex.FEMALE, fever=2.5, spo2=97.0, phenotypes=(Phenotype(hpo_id="HP:0001250"),), age_years=40.0
    )
    assert deidentify_presentation(presentation, SCRUBBER) == presentation


def test_an_encounter_stays_an_encounter() -> None:
    encounter = Encounter(encounter_id="e-1", patient_id="p-1", age_years=95.0)
    result = deidentify_presentation(encounter, SCRUBBER)
    assert result == Encounter(encounter_id="e-1", patient_id="p-1", age_years=90.0)


@pytest.mark.parametrize("unit", ["a@b ", "a@b", "x", "CP 1 ", "12345 y "])
def test_a_scrubbed_complaint_still_fits_the_record(unit: str) -> None:
    presentation = Presentation(complaint=(unit * 2_000)[:2_000], age_years=95.0)
    once = deidentify_presentation(presentation, SCRUBBER)
    assert Presentation.model_validate(once.model_dump()) == once
    assert deidentify_presentation(once, SCRUBBER) == once


@pytest.mark.parametrize(("words", "length"), [(996, 1_999), (997, 1_993), (998, 1_995)])
def test_a_complaint_is_cut_between_words_only_where_tags_made_it_too_long(words: int, length: int) -> None:
    complaint = "x " * words + "a@b"  # scrubbed: the words and 7 characters, at most 2,000
    result = deidentify_presentation(Presentation(complaint=complaint), SCRUBBER).complaint
    assert result is not None
    assert len(result) == length


@given(complaint=st.text(max_size=300), years=st.none() | st.floats(0, 120))
@settings(deadline=None)
def test_twice_is_once(complaint: str, years: float | None) -> None:
    once = deidentify_presentation(Presentation(complaint=complaint, age_years=years), SCRUBBER)
    assert deidentify_presentation(once, SCRUBBER) == once
