"""On the tiny graph: P(rare) is 0.27 with one finding and 0.73 with two, flagged from 0.5."""

from functools import partial

import numpy as np
import pytest

from raretriage.bucket import MODEL_FILE
from raretriage.domain import Basis, InputTier, Refusal, State
from raretriage.features import Encoder, columns_of
from raretriage.release.onnx import run_graph
from raretriage.validity.answered import ask, scorer_of
from raretriage.validity.cases import Case, CaseSet, Group, Source
from raretriage.validity.real_people import AS_RECORDED, BARE, real_people
from tests.serving.tiny_model import COUGH, FEVER, SCOLIOSIS, SEIZURE, TINY_KNOWLEDGE, certificate
from tests.validity.tiny_run import patient, tiny_run


@pytest.fixture
def run(tmp_path):
    return tiny_run(tmp_path / "run")


def cases_of(source: Source, *cases: tuple[Group, object], **fields: object) -> CaseSet:
    made = tuple(
        Case(cluster=f"d{i}", group=group, presentation=p, **fields)  # type: ignore[arg-type]
        for i, (group, p) in enumerate(cases)
    )
    return CaseSet(source=source, cases=made, read=len(made) + 1, unused={"bad": 1})


PUBLISHED = cases_of(
    Source.PUBLISHED,
    (Group.UNSEEN, patient(SEIZURE, COUGH, age_years=4)),
    (Group.UNSEEN, patient(SEIZURE, age_years=4)),
    (Group.UNSEEN, patient(SEIZURE, COUGH, SCOLIOSIS, "-HP:0001945")),
    (Group.SEEN, patient(SEIZURE, COUGH)),
)
DDXPLUS = cases_of(
    Source.DDXPLUS, (Group.NOT_COUNTED, patient(COUGH)), (Group.COUNTED, patient(COUGH, FEVER, SCOLIOSIS))
)
NHANES = cases_of(Source.NHANES, (Group.HEALTHY, patient(age_years=30, heart_rate=70)))


def report_on(run, *sets, **changes):
    return real_people(scorer_of(run), sets, rarity_rule="made up", **changes)


def row_of(report, group, step, told=AS_RECORDED):
    return next(r for r in report.rows if (r.group, r.step, r.told) == (group, step, told))


def test_the_service_scores_are_those_of_the_exported_graph(run):
    shown = [case.presentation for case in PUBLISHED.cases]
    rows = Encoder(run.manifest.features, TINY_KNOWLEDGE).encode(columns_of(shown))
    _, rare = partial(run_graph, run.read(MODEL_FILE))(rows)
    assert np.array_equal(ask(scorer_of(run), shown).rare_probability, rare)


def test_sensitivity_by_number_of_findings_counted_by_hand(run):
    report = report_on(run, PUBLISHED, DDXPLUS)
    told = {step: row_of(report, Group.UNSEEN, step) for step in ("first 1", "first 2", "all observed")}
    assert [told[step].flagged.value for step in told] == pytest.approx([0, 2 / 3, 2 / 3])
    assert (told["all observed"].flagged.n, told["all observed"].is_rare) == (3, True)
    # Three observed less one excluded leave two: still flagged.
    assert row_of(report, Group.UNSEEN, "all, with excluded").flagged.value == pytest.approx(2 / 3)


def test_both_sides_stand_there_at_every_number_of_findings_and_no_groups_are_pooled(run):
    report = report_on(run, PUBLISHED, DDXPLUS)
    assert [row_of(report, Group.COUNTED, f"first {k}").flagged.value for k in (1, 2, 3)] == [0, 1, 1]
    assert row_of(report, Group.NOT_COUNTED, "all observed").flagged.value == 0
    assert row_of(report, Group.SEEN, "all observed").flagged.n == 1
    assert not [r for r in report.rows if r.source is Source.DDXPLUS and r.step == "all, with excluded"]


def test_what_is_ranked_against_what_is_told_as_much(run):
    row = row_of(report_on(run, PUBLISHED, DDXPLUS), Group.SEEN, "first 2")
    assert row.roc_auc_against == {
        f"ddxplus/{Group.NOT_COUNTED.value}": 1.0,
        f"ddxplus/{Group.COUNTED.value}": 0.5,
    }


def test_simulated_patients_are_asked_again_as_bare_as_published_ones(run):
    simulated = cases_of(
        Source.TEMPORAL,
        (Group.RARE, patient(SEIZURE, COUGH, fever=9)),
        (Group.NOT_RARE, patient(COUGH, fever=9)),
        (Group.NOT_RARE, patient(fever=9)),
        state=State.ACUTE,
    )
    report = report_on(run, PUBLISHED, simulated)
    full, bare = (row_of(report, Group.RARE, "all observed", told) for told in (AS_RECORDED, BARE))
    assert full.states["acute"] == 1, "a high fever is acute for the tiny graph"
    assert bare.states["acute"] == 0, "its fever is not told"
    assert row_of(report, Group.NOT_RARE, "all observed").unsure.n == 1, "who has no finding is of another tier"
    assert row_of(report, Group.UNSEEN, "all observed").roc_auc_against == {"temporal/not rare": pytest.approx(5 / 6)}


def test_without_a_certificate_nobody_is_said_to_be_flagged(tmp_path):
    refused = {t: Refusal(tier=t, basis=Basis.SIMULATED, reason="too few", positives=3) for t in InputTier}
    report = report_on(tiny_run(tmp_path / "run", certificates=refused), PUBLISHED, NHANES)
    assert {row.flagged for row in report.rows} == {None}
    assert report.people[0].flagged is None


def test_a_threshold_is_reached_at_its_very_value(tmp_path):
    someone = cases_of(Source.PUBLISHED, (Group.SEEN, patient(SEIZURE)))
    one = float(ask(scorer_of(tiny_run(tmp_path / "a")), [someone.cases[0].presentation]).rare_probability[0])
    refused = {
        t: Refusal(tier=t, basis=Basis.SIMULATED, reason="", positives=3) for t in (InputTier.VITALS, InputTier.BASIC)
    }
    for threshold, expected in ((one, 1), (np.nextafter(one, 1), 0)):
        run = tiny_run(
            tmp_path / str(expected),
            certificates={InputTier.FINDINGS: certificate(threshold=float(threshold)), **refused},
        )
        assert row_of(report_on(run, someone), Group.SEEN, "first 1").flagged.value == expected


def test_people_of_the_survey_stand_beside_simulated_ones_told_as_little(run):
    simulated = cases_of(
        Source.TEMPORAL,
        (Group.NOT_RARE, patient(FEVER, age_years=30, heart_rate=70, fever=9)),
        (Group.NOT_RARE, patient(FEVER, age_years=9, heart_rate=70)),
        (Group.NOT_RARE, patient(FEVER, age_years=30, spo2=97)),
        state=State.HEALTHY,
    )
    people = report_on(run, NHANES, simulated).people
    assert [row.n for row in people] == [1, 1, 1, 1, 1], "children and those without the survey's readings are others"
    assert [row.above_survey for row in people] == [None, 0.5, 0.5, 0.5, 0.5]
    assert (people[1].states["acute"], people[2].states["acute"]) == (1, 0)


def test_the_report_accounts_for_every_record_and_says_what_it_did_not_measure(run):
    report = report_on(run, PUBLISHED, DDXPLUS, NHANES)
    assert all(a.read == sum(a.used.values()) + sum(a.unused.values()) for a in report.accounts)
    assert report.accounts[0].used == {"unseen": 3, "seen": 1}
    assert report.not_measured[0].startswith("seen, own paper removed")
    assert set(report.facts) == {
        "published/unseen", "published/seen",
        f"ddxplus/{Group.NOT_COUNTED.value}", f"ddxplus/{Group.COUNTED.value}",
    }  # fmt: skip
    assert report.as_json()["findings"]["threshold"] == 0.5
