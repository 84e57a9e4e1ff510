"""What a note says of a finding, and whose it is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.benchmark.sentences import read_all, read_sentences, scores
from raretriage.knowledge import Assertion, Extractor, Knowledge, TextTooLong
from raretriage.knowledge.extraction import LONGEST_TEXT
from raretriage.knowledge.spells import find_duration_days

OPEN = Path(__file__).parent / "sentences" / "open.jsonl"
SEIZURE, FEVER, COUGH, HEADACHE = "HP:0001250", "HP:0001945", "HP:0012735", "HP:0002315"
OBSERVED, EXCLUDED = Assertion.OBSERVED, Assertion.EXCLUDED


@pytest.fixture(scope="session")
def extractor(released: Knowledge) -> Extractor:
    return Extractor(released)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("niño con convulsiones y sin fiebre desde hace 3 días", {SEIZURE: OBSERVED, FEVER: EXCLUDED}),
        ("no fiebre pero sí tos", {FEVER: EXCLUDED, COUGH: OBSERVED}),
        ("ni fiebre ni tos", {FEVER: EXCLUDED, COUGH: EXCLUDED}),
        ("sin fiebre, tos ni cefalea", {FEVER: EXCLUDED, COUGH: EXCLUDED, HEADACHE: EXCLUDED}),
        ("sin fiebre, con tos", {FEVER: EXCLUDED, COUGH: OBSERVED}),
        ("no solo tose, también tiene fiebre", {COUGH: OBSERVED, FEVER: OBSERVED}),
        ("la madre refiere que el niño tiene fiebre", {FEVER: OBSERVED}),
        ("madre con epilepsia, la niña tiene tos", {COUGH: OBSERVED}),
        ("volver si fiebre", {}),
        ("afebril, con tos", {FEVER: EXCLUDED, COUGH: OBSERVED}),
        ("fiebre: no; tos: sí", {FEVER: EXCLUDED, COUGH: OBSERVED}),
        ("no appetite but no fever", {"HP:0004396": OBSERVED, FEVER: EXCLUDED}),
        ("without fever but with cough", {FEVER: EXCLUDED, COUGH: OBSERVED}),
        ("denies fever, cough, headache", {FEVER: EXCLUDED, COUGH: EXCLUDED, HEADACHE: EXCLUDED}),
        ("mother reports he has a fever", {FEVER: OBSERVED}),
        ("his mother has migraine, he has a cough", {COUGH: OBSERVED}),
        ("return if fever", {}),
        ("meningitis ruled out, headache persists", {"HP:0001287": EXCLUDED, HEADACHE: OBSERVED}),
        ("fiebre ayer, hoy sin fiebre", {FEVER: OBSERVED}),
        ("convulciones", {SEIZURE: OBSERVED}),
    ],
)
def test_negation_family_and_mere_possibility(extractor: Extractor, text: str, found: dict[str, Assertion]) -> None:
    assert extractor.extract(text).findings() == found


def test_what_is_set_aside_is_kept_with_its_reason(extractor: Extractor) -> None:
    mentions = extractor.extract("Padre con epilepsia. Volver si fiebre.").mentions
    assert [(m.hpo_id, m.assertion) for m in mentions] == [
        (SEIZURE, Assertion.FAMILY),
        (FEVER, Assertion.HYPOTHETICAL),
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("fiebre desde hace 3 días", 3),
        ("tos de dos semanas de evolución", 14),
        ("desde ayer con vómitos", 1),
        ("cough x3d", 3),
        ("seizures for five days", 5),
        ("headache, 2/12 hx", 60),
        ("a 3-day history of fever", 3),
        ("niño de 3 años con tos", None),
        ("4-year-old with cough", None),
        ("control en 2 semanas", None),
        ("paracetamol cada 8 horas", None),
        ("", None),
    ],
)
def test_how_long_it_has_lasted(text: str, days: float | None) -> None:
    assert find_duration_days(text) == days


@given(st.text(max_size=120))
def test_mentions_lie_in_the_text_and_apart(extractor: Extractor, text: str) -> None:
    end = 0
    for mention in extractor.extract(text).mentions:
        assert end <= mention.start < mention.end <= len(text)
        end = mention.end


@given(st.sampled_from(["sin fiebre", "tos y fiebre", "madre con epilepsia", "no seizures, cough"]))
def test_another_sentence_changes_nothing_before_it(extractor: Extractor, text: str) -> None:
    alone = extractor.extract(text).mentions
    assert extractor.extract(f"{text}. No refiere cefalea.").mentions[: len(alone)] == alone


def test_too_long_a_text_is_refused(extractor: Extractor) -> None:
    with pytest.raises(TextTooLong, match="at most"):
        extractor.extract("x" * (LONGEST_TEXT + 1))


def test_the_open_sentences_are_read_as_well_as_is_said(extractor: Extractor) -> None:
    by_name = {score.name: score for score in scores(read_all(read_sentences(OPEN), extractor))}
    assert by_name["es"].precision.value > 0.95
    assert by_name["es"].recall.value > 0.92
    assert by_name["en"].precision.value > 0.96
    assert by_name["en"].recall.value > 0.94
