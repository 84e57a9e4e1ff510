from dataclasses import replace

import numpy as np
import pytest

from raretriage.cohort import Chunk
from raretriage.cohort.catalogue import STATES
from raretriage.domain import State
from raretriage.knowledge.lexicon import spanish_labels
from raretriage.validity.stories import Story, VisitStory, age_words, duration_words, link_of, tell_stories
from tests.validity.drawn import SPEC, catalogue, chunks


@pytest.fixture(scope="module")
def stories() -> tuple[Story, ...]:
    return tell_stories(SPEC, catalogue(), chunks())


def place(story: Story) -> tuple[int, int]:
    """Chunk and row of a story's patient."""
    for number, chunk in enumerate(chunks()):
        row = story.number - 1 - chunk.first_patient
        if 0 <= row < len(chunk.patients.disease):
            return number, row
    raise AssertionError(story.number)


def test_ten_patients_of_every_kind_are_told_in_the_cohorts_order(stories: tuple[Story, ...]) -> None:
    assert [s.number for s in stories] == sorted({s.number for s in stories})
    assert len(stories) == 10
    kinds = []
    for story in stories:
        chunk, row = place(story)
        disease = int(chunks()[chunk].patients.disease[row])
        kinds.append((catalogue().profiles[disease].state, bool(catalogue().rare[disease])) if disease >= 0 else None)
    assert kinds.count(None) == 1
    assert {(s, r) for s in (State.MILD, State.ACUTE, State.CHRONIC) for r in (False, True)} <= set(kinds)
    assert stories == tell_stories(SPEC, catalogue(), chunks())


def test_a_whole_patient_is_told_with_every_visit_and_finding(stories: tuple[Story, ...]) -> None:
    for story in stories:
        number, row = place(story)
        chunk = chunks()[number]
        visits = np.flatnonzero(chunk.visits.patient == row)
        assert len(story.visits) == len(visits)
        for told, visit in zip(story.visits, visits, strict=True):
            assert len(told.observed) == (chunk.visits.recorded.observed[visit] >= 0).sum()
            assert len(told.excluded) == (chunk.visits.recorded.excluded[visit] >= 0).sum()
            assert told.truth.is_rare == chunk.visits.rare[visit]
            pulse = chunk.visits.measured.heart_rate[visit]
            expected = "pulso" in told.unmeasured if np.isnan(pulse) else f"pulso {pulse:.0f}/min" in told.measured
            assert expected


def test_findings_are_spanish_where_the_lexicon_has_a_word_and_marked_english_where_not(
    stories: tuple[Story, ...],
) -> None:
    spanish = set(spanish_labels().values())
    english = set(catalogue().terms.labels)
    findings = [f for s in stories for v in s.visits for f in (*v.observed, *v.excluded)]
    assert "es" in {f.language for f in findings}
    without = next(n for n, hpo_id in enumerate(catalogue().terms.ids) if hpo_id not in spanish_labels())
    observed = chunks()[0].visits.recorded.observed
    only = replace(
        chunks()[0].visits.recorded, observed=np.where(np.arange(observed.shape[1]) == 0, without, -1 + 0 * observed)
    )
    rare_word = told_at_visits(replace(chunks()[0], visits=replace(chunks()[0].visits, recorded=only)))[0].observed
    assert [f.language for f in rare_word] == ["en"]
    for finding in (*findings, *rare_word):
        label = finding.text.split(" (desde hace")[0]
        assert label in (spanish if finding.language == "es" else english)


def told_at_visits(chunk: Chunk) -> list[VisitStory]:
    told = [visit for story in tell_stories(SPEC, catalogue(), [chunk]) for visit in story.visits]
    assert len(told) >= 5
    return told


def test_what_was_not_asked_is_not_called_absent() -> None:
    visits = chunks()[0].visits
    unknown = np.full(len(visits.patient), np.nan)
    silent = replace(
        visits, days=unknown, measured=replace(visits.measured, pain=unknown), pregnant=np.full(len(unknown), -1)
    )
    for words in told_at_visits(replace(chunks()[0], visits=silent)):
        assert (words.pain, words.complaint, words.pregnancy) == ("no se preguntó", "no consta desde cuándo", "")
    answers = np.zeros(len(unknown))
    answered = replace(silent, days=answers + 3, measured=replace(visits.measured, pain=answers))
    for words in told_at_visits(replace(chunks()[0], visits=answered)):
        assert (words.pain, words.complaint) == ("0 de 10", "desde hace 3 días")


def test_both_pressures_are_told_as_one(stories: tuple[Story, ...]) -> None:
    told = [m for s in stories for v in s.visits for m in v.measured if m.startswith("tensión")]
    assert told
    for text in told:
        systolic, diastolic = text.removeprefix("tensión ").removesuffix(" mmHg").split("/")
        assert int(systolic) > int(diastolic)


def test_annotated_and_rare_diseases_have_a_page_and_common_ones_of_the_table_none() -> None:
    profiles = catalogue().profiles
    links = {profile.disease: link_of(profile) for profile in profiles}
    orpha = [p.disease for p in profiles if p.origin == "orpha"]
    assert all(links[d] == f"https://www.orpha.net/en/disease/detail/{d.removeprefix('ORPHA:')}" for d in orpha)
    assert len(orpha) > 100
    assert all(links[p.disease].startswith("https://omim.org/entry/") for p in profiles if p.origin == "omim")
    assert not any(links[p.disease] for p in profiles if not p.rare and p.origin == "table")
    assert {bool(links[p.disease]) for p in profiles if p.rare} == {True}


def test_the_truth_is_the_simulators(stories: tuple[Story, ...]) -> None:
    words = dict(zip(STATES, ("no enfermo", "enfermedad leve", "enfermedad aguda", "enfermedad crónica"), strict=True))
    for story in stories:
        number, row = place(story)
        visits = chunks()[number].visits
        for told, visit in zip(story.visits, np.flatnonzero(visits.patient == row), strict=True):
            disease = int(visits.disease[visit])
            assert told.truth.state == words[STATES[int(visits.state[visit])]]
            assert told.truth.disease.text == (
                catalogue().profiles[disease].name if disease >= 0 else "nada: un control"
            )


@pytest.mark.parametrize(("years", "words"), [(0.0, "0 días"), (1 / 12, "1 mes"), (1.999, "23 meses"), (2.0, "2 años")])
def test_ages_change_their_unit_where_clinicians_do(years: float, words: str) -> None:
    assert age_words(years) == words


@pytest.mark.parametrize(
    ("days", "words"), [(0, "menos de un día"), (1, "1 día"), (60, "60 días"), (61, "2 meses"), (730, "24 meses")]
)
def test_durations_change_their_unit(days: float, words: str) -> None:
    assert duration_words(days) == words
