from datetime import UTC, datetime

import pytest

from raretriage.bucket import MODEL_FILE, Metric, StateSets
from raretriage.domain import Basis, InputTier, Refusal, State
from raretriage.release import Evidence, IncompleteRun, judge, publish, read_run
from raretriage.release.recalibration import is_kept, promise_text, write_recalibrated
from raretriage.storage import open_bucket
from raretriage.training.recalibrate import Recalibration
from tests.manifests import PASSING_CHECKS, passing_metrics
from tests.serving.tiny_model import HELPFUL, certificate
from tests.validity.tiny_run import tiny_run

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
LOCAL = {
    InputTier.FINDINGS: certificate(basis=Basis.LOCAL, threshold=0.2),
    InputTier.VITALS: Refusal(tier=InputTier.VITALS, basis=Basis.LOCAL, reason="too_costly: 80 %", positives=90),
    InputTier.BASIC: Refusal(tier=InputTier.BASIC, basis=Basis.LOCAL, reason="too_few_positives: 9", positives=9),
}
ON_THEM = tuple(m.model_copy(update={"split": "recalibration"}) for m in passing_metrics())


def metric(name: str) -> Metric:
    return Metric(name=name, split="temporal", tier=InputTier.FINDINGS, value=0.5, low=0.4, high=0.6, n=10)


def made(**changes) -> Recalibration:
    fields = {
        "certificates": LOCAL,
        "state_sets": StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, 0.4) for tier in InputTier}),
        "encounters": 700,
        "patients": 500,
        "left_out": 3,
        "calibration_patients_sha256": "c" * 64,
        "metrics": ON_THEM,
        "groups": (),
        "plots": {"certificate_findings.png": b"new plot"},
    }
    return Recalibration(**(fields | changes))


@pytest.fixture
def run(tmp_path):
    return tiny_run(
        tmp_path / "run", metrics=(metric("roc_auc_rare"), metric("specificity_rare")), checks=PASSING_CHECKS
    )


def write(run, folder, *, basis=Basis.LOCAL, are_others=False, **changes):
    return write_recalibrated(run, folder, made(**changes), basis=basis, lake_version=7, are_others=are_others, now=NOW)


def test_the_graph_is_the_same_and_the_promises_are_new(run, tmp_path):
    new = write(run, tmp_path / "new")
    assert read_run(tmp_path / "new").manifest == new.manifest
    assert new.read(MODEL_FILE) == run.read(MODEL_FILE)
    assert new.manifest.version.startswith("20260401-090000-")
    assert new.manifest.certificates == LOCAL
    assert new.manifest.state_sets.bounds[InputTier.BASIC][State.MILD] == 0.4
    assert new.manifest.training.calibration_patients_sha256 == "c" * 64
    assert new.manifest.training.fit_patients_sha256 == run.manifest.training.fit_patients_sha256
    assert new.manifest.data == run.manifest.data, "fitted on the same patients"
    assert new.manifest.helpful_findings == run.manifest.helpful_findings == HELPFUL
    assert new.read("certificate_findings.png") == b"new plot"


def test_figures_of_the_old_thresholds_are_no_longer_stated(run, tmp_path):
    new = write(run, tmp_path / "new")
    assert [m.name for m in new.manifest.metrics if m.split == "temporal"] == ["roc_auc_rare"]
    assert tuple(m for m in new.manifest.metrics if m.split == "recalibration") == ON_THEM
    assert "specificity_rare" in new.read("model_card.md").decode()


@pytest.mark.parametrize(
    "name", ["sensitivity_rare", "unsure_rate", "set_coverage_mild", "accuracy_state_when_sure", "alerts_per_1000",
             "missed_rare_of_training", "something_new"],
)  # fmt: skip
def test_what_hangs_on_a_threshold_or_is_not_known_is_not_kept(name):
    assert not is_kept(name)


def test_the_card_says_what_was_and_what_is_and_on_whom(run, tmp_path):
    card = write(run, tmp_path / "new").read("model_card.md").decode()
    assert card.startswith("# rare-disease-triage 20260401-090000-")
    assert "fitted on SIMULATED (made-up) patients" in card
    assert "700 labelled encounters of 500 patients, lake version 7" in card
    assert promise_text(run.manifest.certificates[InputTier.FINDINGS]) in card
    assert "at least 95% flagged (local, 95% confidence) from 0.2000; 11 of 400 missed; specificity 0.810" in card
    assert "rare not assessed (local, 9 rare): too_few_positives: 9" in card
    assert "stated by whoever" not in card
    assert "stated by whoever" in write(run, tmp_path / "other", are_others=True).read("model_card.md").decode()


def test_an_old_card_follows_the_note(run, tmp_path):
    first = write(run, tmp_path / "first")
    second = write_recalibrated(
        first, tmp_path / "second", made(), basis=Basis.SIMULATED, lake_version=8, are_others=False,
        now=NOW.replace(hour=10),
    )  # fmt: skip
    assert [m for m in second.manifest.metrics if m.split == "recalibration"] == list(ON_THEM), "not both"
    assert second.read("model_card.md").endswith(first.read("model_card.md"))
    assert second.read("model_card.md").startswith(b"# rare-disease-triage 20260401-100000-")


def test_a_folder_that_is_there_is_not_touched(run, tmp_path):
    with pytest.raises(IncompleteRun, match="give --out another folder"):
        write(run, run.folder)
    assert read_run(run.folder).manifest == run.manifest


def test_the_gate_judges_it_on_the_patients_it_was_certified_on_anew(run, tmp_path):
    def failures(new) -> list[str]:
        return [row.name for row in judge(Evidence.of(new.manifest)).failures("prod")]

    assert failures(write(run, tmp_path / "new")) == ["exact explanation in serving"]
    costly = tuple(m for m in ON_THEM if m.name != "specificity_rare")
    assert "specificity, people who are not rare" in failures(write(run, tmp_path / "costly", metrics=costly))
    refused = {tier: Refusal(tier=tier, basis=Basis.LOCAL, reason="few", positives=1) for tier in InputTier}
    assert "certificate, findings tier" in failures(write(run, tmp_path / "no", certificates=refused))


def test_locally_certified_it_is_published_as_local(run, tmp_path):
    new = write(run, tmp_path / "new")
    entry = publish(new, open_bucket("memory://"), "dev", who="tester", why="test", now=NOW)
    assert entry.certificate_basis == "local"
