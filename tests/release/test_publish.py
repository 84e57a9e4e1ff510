import contextlib
import hashlib
from datetime import UTC, datetime

import pytest

from raretriage.bucket import (
    EXPLANATION_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    DataVersion,
    KnowledgeRef,
    Manifest,
    NothingPublished,
    StateSets,
    Tampered,
    current_entry,
    load_package,
    read_ledger,
    served_key,
    version_key,
)
from raretriage.domain import Basis, Certificate, InputTier, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract
from raretriage.release import GateFailed, IncompleteRun, NotForProduction, Run, publish, read_run, stored, write_run
from raretriage.storage import NotFound, open_bucket
from tests.manifests import PASSING_CHECKS, metric, passing_metrics, training_record

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KNOWLEDGE = b"what is known"


def certificate(basis: Basis) -> Certificate:
    return Certificate(
        tier=InputTier.FINDINGS,
        basis=basis,
        target=0.95,
        confidence=0.95,
        threshold=0.1,
        positives=100,
        misses=1,
        sensitivity_lower_bound=0.953,
        negatives=900,
        specificity=0.8,
        prices=(),
    )


def make_run(folder, *, version="1.0", onnx=b"a graph", basis=Basis.SIMULATED, certified=True, metrics=None) -> Run:
    files = {MODEL_FILE: onnx, "model_card.md": b"# card", EXPLANATION_FILE: b"why"}
    refusal = Refusal(tier=InputTier.BASIC, basis=basis, reason="too costly", positives=100)
    manifest = Manifest(
        version=version,
        created=NOON,
        git_commit="0" * 40,
        estimators={"state": "xgboost", "rare": "xgboost"},
        data=DataVersion(
            lake_version=3, encounters=10, patients=9, simulated=basis is Basis.SIMULATED, periods=("2024Q1",)
        ),
        training=training_record(),
        knowledge=KnowledgeRef(version="k1", sha256=hashlib.sha256(KNOWLEDGE).hexdigest()),
        features=FeatureContract(
            numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=(), knowledge_version="k1"
        ),
        certificates={InputTier.FINDINGS: certificate(basis) if certified else refusal, InputTier.BASIC: refusal},
        state_sets=StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, 0.1) for tier in InputTier}),
        training_range={"age_years": (0, 90)},
        untrained_groups=(),
        metrics=passing_metrics() if metrics is None else metrics,
        checks=PASSING_CHECKS,
        files={name: stored(data) for name, data in files.items()},
    )
    return write_run(folder, manifest, files, KNOWLEDGE)


def release(run: Run, bucket, env="dev", **options):
    return publish(run, bucket, env, who="tester", why="test", now=NOON, **options)


def test_what_was_published_is_what_is_read(tmp_path):
    bucket = open_bucket("memory://")
    release(make_run(tmp_path / "run"), bucket)
    package = load_package(bucket, current_entry(bucket, "dev"))
    assert (package.onnx, package.knowledge, package.manifest.version) == (b"a graph", KNOWLEDGE, "1.0")
    assert bucket.get(served_key("dev", MODEL_FILE)) == b"a graph"
    assert bucket.get(served_key("dev", MANIFEST_FILE)) == bucket.get(version_key("1.0", MANIFEST_FILE))


def test_publishing_twice_adds_nothing(tmp_path):
    bucket = open_bucket("memory://")
    run = make_run(tmp_path / "run")
    assert release(run, bucket) == release(run, bucket)
    assert len(read_ledger(bucket, "dev")) == 1


def test_a_version_is_never_overwritten(tmp_path):
    bucket = open_bucket("memory://")
    release(make_run(tmp_path / "a"), bucket)
    with pytest.raises(IncompleteRun, match="already in the bucket with other content"):
        release(make_run(tmp_path / "b", onnx=b"another graph"), bucket)
    assert load_package(bucket, current_entry(bucket, "dev")).onnx == b"a graph"


class Dies:
    """A bucket that is cut off at the n-th write."""

    def __init__(self, bucket, after):
        self._bucket, self._left = bucket, after

    def __getattr__(self, name):
        return getattr(self._bucket, name)

    def _count(self):
        self._left -= 1
        if self._left < 0:
            raise ConnectionError("cut")

    def put(self, key, data):
        self._count()
        self._bucket.put(key, data)

    def put_if_absent(self, key, data):
        self._count()
        self._bucket.put_if_absent(key, data)


@pytest.mark.parametrize("writes", range(9))
def test_a_publish_that_dies_anywhere_is_invisible_or_whole_and_can_be_repeated(tmp_path, writes):
    bucket = open_bucket("memory://")
    release(make_run(tmp_path / "old", version="0.9", onnx=b"old graph"), bucket)
    run = make_run(tmp_path / "run")
    with contextlib.suppress(ConnectionError):
        release(run, Dies(bucket, writes))
    served = load_package(bucket, current_entry(bucket, "dev"))
    assert (served.manifest.version, served.onnx) in {("0.9", b"old graph"), ("1.0", b"a graph")}
    release(run, bucket)
    assert load_package(bucket, current_entry(bucket, "dev")).onnx == b"a graph"
    assert bucket.get(served_key("dev", MODEL_FILE)) == b"a graph"


@pytest.mark.parametrize("damage", [b"", b"a grap", b"a grapH", None])
@pytest.mark.parametrize("file", [MODEL_FILE, MANIFEST_FILE])
def test_a_damaged_artefact_is_not_loaded(tmp_path, file, damage):
    bucket = open_bucket("memory://")
    release(make_run(tmp_path / "run"), bucket)
    if damage is None:
        bucket.delete(version_key("1.0", file))
    else:
        bucket.put(version_key("1.0", file), damage)
    with pytest.raises(Tampered, match=file):
        load_package(bucket, current_entry(bucket, "dev"))


def test_an_empty_bucket_says_what_to_do():
    with pytest.raises(NothingPublished, match="raretriage publish --env dev"):
        current_entry(open_bucket("memory://"), "dev")


def test_a_simulated_certificate_reaches_prod_only_by_a_recorded_flag(tmp_path):
    bucket = open_bucket("memory://")
    run = make_run(tmp_path / "run")
    with pytest.raises(NotForProduction, match="--allow-simulated"):
        release(run, bucket, "prod")
    assert read_ledger(bucket, "prod") == []
    entry = release(run, bucket, "prod", allow_simulated_in_prod=True)
    assert (entry.certificate_basis, "simulated basis allowed" in entry.why) == ("simulated", True)


def test_a_local_certificate_needs_no_flag_and_none_at_all_is_refused(tmp_path):
    bucket = open_bucket("memory://")
    assert release(make_run(tmp_path / "a", basis=Basis.LOCAL), bucket, "prod").certificate_basis == "local"
    with pytest.raises(GateFailed, match="certificate, findings tier: cannot certify"):
        release(make_run(tmp_path / "b", version="2", certified=False), bucket, "prod", allow_simulated_in_prod=True)


def test_a_red_gate_keeps_a_model_out_unless_dev_is_told_to_take_it_and_the_ledger_says_so(tmp_path):
    bucket = open_bucket("memory://")
    blind = [m for m in passing_metrics() if m.name != "roc_auc_rare"] + [metric("roc_auc_rare", 0.86, 0.84, 0.88)]
    run = make_run(tmp_path / "run", basis=Basis.LOCAL, metrics=tuple(blind))
    for env in ("dev", "prod"):
        with pytest.raises(GateFailed, match=r"ROC-AUC rare against the rest: 0.860 \(0.840 to 0.880\)"):
            release(run, bucket, env)
        assert read_ledger(bucket, env) == []
    assert "despite a red gate: ROC-AUC rare against the rest" in release(run, bucket, despite_gate=True).why
    with pytest.raises(GateFailed):
        release(run, bucket, "prod", despite_gate=True)


def test_a_successor_that_is_worse_for_a_group_than_what_prod_serves_is_refused(tmp_path):
    bucket = open_bucket("memory://")
    good = (*passing_metrics(), metric("sensitivity_rare", 0.97, 0.95, 0.99, group="sex=female"))
    release(make_run(tmp_path / "a", basis=Basis.LOCAL, metrics=good), bucket, "prod")
    worse = (*passing_metrics(), metric("sensitivity_rare", 0.94, 0.90, 0.97, group="sex=female"))
    with pytest.raises(GateFailed, match="sex=female sensitivity_rare"):
        release(make_run(tmp_path / "b", version="2", basis=Basis.LOCAL, metrics=worse), bucket, "prod")
    alike = (*passing_metrics(), metric("sensitivity_rare", 0.951, 0.90, 0.97, group="sex=female"))
    release(make_run(tmp_path / "c", version="3", basis=Basis.LOCAL, metrics=alike), bucket, "prod")


@pytest.mark.parametrize("name", [MODEL_FILE, "knowledge.json.gz", "model_card.md"])
def test_a_changed_run_is_not_published(tmp_path, name):
    run = make_run(tmp_path / "run")
    (run.folder / name).write_bytes(b"changed")
    with pytest.raises(IncompleteRun, match=name):
        read_run(run.folder)


def test_no_run_says_what_to_do(tmp_path):
    with pytest.raises(IncompleteRun, match="raretriage train"):
        read_run(tmp_path / "nothing")


def test_the_bucket_keeps_no_probe_behind(tmp_path):
    bucket = open_bucket(f"file://{tmp_path / 'bucket'}")
    release(make_run(tmp_path / "run"), bucket)
    folders = {key.split("/")[0] for key in bucket.list()}
    assert folders == {"models", "ledger", "knowledge"}
    with pytest.raises(NotFound):
        bucket.get("models/rare-disease-triage/prod/model.onnx")


def test_a_model_of_simulated_patients_with_a_local_promise_is_ready_for_production(tmp_path):
    """Whose patients the promise rests on counts, not whose the model was fitted on: that is what recalibrating is."""
    bucket, run = open_bucket("memory://"), make_run(tmp_path / "run")
    local = run.manifest.model_copy(update={"certificates": {InputTier.FINDINGS: certificate(Basis.LOCAL)}})
    files = {name: run.read(name) for name in run.manifest.files}
    entry = release(write_run(tmp_path / "local", local, files, KNOWLEDGE), bucket, "prod")
    assert entry.certificate_basis == "local"
    both = {**local.certificates, InputTier.BASIC: certificate(Basis.SIMULATED)}
    mixed = write_run(tmp_path / "mixed", local.model_copy(update={"certificates": both}), files, KNOWLEDGE)
    with pytest.raises(NotForProduction, match="simulated"):
        release(mixed, open_bucket("memory://"), "prod")
