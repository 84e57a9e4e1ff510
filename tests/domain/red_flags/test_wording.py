import csv
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.domain import Presentation, RedFlag, red_flags
from raretriage.domain.red_flags import wording_rules
from raretriage.domain.red_flags.wording import wording_alarms

HERE = Path(__file__).parent


def labelled(name: str) -> list[tuple[str, frozenset[str]]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [(row["text"], frozenset(row["flags"].split())) for row in rows]


SENTENCES = labelled("sentences.csv") + labelled("sentences_later.csv")
URGENT = [pair for pair in SENTENCES if pair[1]]

PHRASES = {
    RedFlag.CHEST_PAIN: ("dolor torácico", "chest pain"),
    RedFlag.STROKE: ("debilidad súbita", "slurred speech"),
    RedFlag.BREATHING: ("dificultad respiratoria", "shortness of breath"),
    RedFlag.SEPSIS: ("sepsis", "sepsis"),
    RedFlag.REDUCED_CONSCIOUSNESS: ("pérdida de conocimiento", "loss of consciousness"),
    RedFlag.SEVERE_BLEEDING: ("hematemesis", "vomiting blood"),
    RedFlag.ANAPHYLAXIS: ("anafilaxia", "anaphylaxis"),
    RedFlag.SUICIDE_RISK: ("ideas de suicidio", "suicidal thoughts"),
    RedFlag.SEIZURE_NOW: ("estado epiléptico", "status epilepticus"),
    RedFlag.MENINGITIS: ("rigidez de nuca", "neck stiffness"),
    RedFlag.SEVERE_HEADACHE: ("cefalea súbita", "thunderclap headache"),
    RedFlag.CARDIAC_ARREST: ("paro cardíaco", "cardiac arrest"),
}
SET_ASIDE = {
    "es": (
        "Sin {}", "No {}", "No refiere {}", "No presenta {}", "Niega {}", "Niega fiebre, tos y {}", "Ausencia de {}",
        "Tos sin fiebre ni {}", "Sin fiebre, {} ni diarrea", "{}: no", "{} descartada", "Se descartó {}",
        "Su padre tuvo {}", "Antecedentes familiares: cáncer, {}", "Antecedente de {}", "{} en 2012", "{} hace 4 años",
        "Volver si presenta {}", "Tiene miedo de {}",
    ),
    "en": (
        "No {}", "Without {}", "Denies {}", "Denies fever, cough and {}", "Absence of {}", "Never had {}",
        "No fever, {} or diarrhea", "Cough, no fever or {}", "{}: none", "{} was ruled out", "Has not had {}",
        "His father had {}", "Family history: cancer, {}", "History of {}", "{} in 2012", "{} 4 years ago",
        "Return if {}", "Afraid of {}",
    ),
}  # fmt: skip
WRAPS = ("{}", "Tos. {}. Come bien", "Leve malestar; {}", "{}\nFever yesterday")
NEGATED = [
    wrap.format(template.format(words[0 if language == "es" else 1]))
    for language, templates in SET_ASIDE.items()
    for template in templates
    for words in PHRASES.values()
    for wrap in WRAPS
]


def flags(complaint: str) -> frozenset[str]:
    return frozenset(alarm.flag.value for alarm in wording_alarms(complaint))


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_a_labelled_complaint_raises_what_its_label_says(text: str, expected: frozenset[str]) -> None:
    assert flags(text) == expected


@pytest.mark.parametrize(("flag", "phrases"), PHRASES.items())
def test_the_bare_phrase_flags_in_both_languages(flag: RedFlag, phrases: tuple[str, str]) -> None:
    assert [flags(phrase) for phrase in phrases] == [frozenset({flag})] * 2


def test_every_sign_is_in_the_sentences_or_the_phrases() -> None:
    assert {rule.flag for rule in wording_rules()} == set(PHRASES)


@given(st.sampled_from(NEGATED))
def test_a_phrase_that_is_set_aside_never_flags(text: str) -> None:
    assert flags(text) == frozenset()


def test_all_of_the_phrases_that_are_set_aside_stay_silent() -> None:
    assert [text for text in NEGATED if flags(text)] == []


@given(st.sampled_from(URGENT), st.sampled_from(["No fever. {}", "{}. Niega fiebre", "Sin tos.\n{}", "  {}  "]))
def test_a_negation_elsewhere_silences_nothing(sentence: tuple[str, frozenset[str]], wrap: str) -> None:
    text, expected = sentence
    assert flags(wrap.format(text)) == expected


@given(st.sampled_from(SENTENCES))
def test_case_and_accents_do_not_matter(sentence: tuple[str, frozenset[str]]) -> None:
    text, expected = sentence
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    assert flags(text.upper()) == flags(bare) == flags(unicodedata.normalize("NFD", text)) == expected


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert flags(text) <= {rule.flag for rule in wording_rules()}


@pytest.mark.parametrize("piece", ["dolor ", "no ", "sin fiebre, ", "palabra ", "bleeding that ", "a", "\n", ", "])
def test_the_longest_complaint_is_read_at_once(piece: str) -> None:
    text = (piece * 2_000)[:2_000]
    start = time.perf_counter()
    flags(text)
    assert time.perf_counter() - start < 0.5


def test_the_complaint_is_one_more_source_of_the_same_flags() -> None:
    assert red_flags(Presentation(complaint="Dolor torácico", spo2=91)) == (RedFlag.CHEST_PAIN, RedFlag.LOW_SPO2)
    assert red_flags(Presentation(complaint="")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Niega fiebre pero tiene dolor torácico",
        "Denies fever, cough and vomiting but has chest pain",
        "Family history: cancer, now chest pain",
        "Sudden chest pain like the one in 2015",
        "Dolor torácico súbito como el de hace 2 años",
        "2-day history of chest pain",
    ],
)
def test_a_turn_or_a_word_of_now_ends_what_was_set_aside(text: str) -> None:
    assert flags(text) == {"chest_pain"}
