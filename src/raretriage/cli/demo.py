"""`raretriage demo` (`make run`): the whole path, from nothing to an answer; a second run reuses what is current."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from raretriage.bucket import EVERYBODY, TEMPORAL, Metric
from raretriage.cli.cohort import DEFAULT_PATIENTS, Patients
from raretriage.cli.console import err, out, progress, write_json
from raretriage.cli.exits import InputError
from raretriage.cli.figures import certificate_table, figures_json, gate_table
from raretriage.cli.ingest import ingest_source
from raretriage.cli.marks import Marks, code_of, fingerprint
from raretriage.cli.options import DespiteGate, JsonFile
from raretriage.cli.publish import publish_run
from raretriage.cli.serve import Host, Port, serve
from raretriage.cli.train import train_run
from raretriage.cli.workspace import Workspace
from raretriage.domain import Basis, InputTier
from raretriage.release import Evidence, IncompleteRun, Run, judge, name_latest, read_run
from raretriage.settings import Settings

EXPORT = Path("var/export")
MARKS = Path("var/demo.json")


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The stages with their inputs' fingerprints."""

    work: Workspace
    marks: Marks
    patients: int

    def export(self) -> str:
        """The simulated hospital's export; returns its fingerprint."""
        from raretriage.cohort import CohortSpec, write_cohort

        spec = CohortSpec(patients=self.patients)
        wanted = fingerprint(spec.as_json(), code_of("cohort"), self.work.knowledge.version)
        if self.marks.is_current("export", wanted) and (EXPORT / "cohort.json").is_file():
            _reused("simulated export")
            return wanted
        if EXPORT.exists():
            shutil.rmtree(EXPORT)
        with progress("simulated patients", self.patients) as tick:
            write_cohort(spec, EXPORT, self.work.knowledge, progress=tick)
        self.marks.set("export", wanted)
        return wanted

    def land(self, export: str) -> int:
        """The lake with this export in it, and nothing else; returns its version."""
        wanted = fingerprint(export, code_of("ingest", "fhir", "privacy"), self.work.settings.lake_url)
        lake, landing = self.work.lake, f"{wanted}@landing"
        if lake.exists("encounters") and not self.marks.is_current("ingest", landing):
            version = lake.version()
            if self.marks.is_current("ingest", f"{wanted}@{version}"):
                _reused(f"lake version {version}")
                return version
            self._clear_lake(version)
        # Marked before anything lands: a run that is stopped here goes on, as landing twice changes nothing.
        self.marks.set("ingest", landing)
        report = ingest_source(self.work, str(EXPORT))
        out.print(f"  read {report.read:,} = accepted {report.accepted:,} + quarantined {report.quarantined:,} "
                  f"+ duplicate {report.duplicate:,} + unused {report.unused:,}")  # fmt: skip
        version = lake.version()
        self.marks.set("ingest", f"{wanted}@{version}")
        return version

    def _clear_lake(self, version: int) -> None:
        """Make room for another simulated hospital, unless somebody else's data came into the lake."""
        left = (self.marks.get("ingest") or "").rpartition("@")[2]
        url = self.work.settings.lake_url
        if left != str(version) or "://" in url:
            raise InputError(
                f"the lake at {url} holds more than the demonstration left there: keep it and set LAKE_URL to another "
                "folder for the demonstration, or remove it yourself"
            )
        shutil.rmtree(url)

    def model(self, lake_version: int) -> Run:
        """A trained run for this lake version."""
        code = code_of("domain", "features", "training", "release", "bucket", "validity")
        wanted = fingerprint(self.marks.get("ingest"), code, self.work.knowledge.version)
        folder = self.work.settings.runs_dir / wanted
        try:
            run = read_run(folder)
            _reused(f"model {run.manifest.version}")
        except IncompleteRun:
            run = train_run(self.work, folder, basis=Basis.SIMULATED, lake_version=lake_version)
        name_latest(run)
        return run

    def warehouse(self, lake_version: int) -> None:
        """The SQL copy of the lake version."""
        from raretriage.lake import load_warehouse

        wanted = fingerprint(self.marks.get("ingest"), self.work.settings.warehouse_url, code_of("lake"))
        if self.marks.is_current("warehouse", wanted):
            _reused("warehouse")
            return
        with self.work.audited("load", "warehouse"), progress("warehouse rows") as tick:
            load_warehouse(self.work.lake, self.work.settings.warehouse_url, version=lake_version, progress=tick)
        self.marks.set("warehouse", wanted)


def demo_command(
    patients: Patients = DEFAULT_PATIENTS,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after publishing.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    despite_gate: DespiteGate = False,
    json_file: JsonFile = None,
) -> None:
    """From nothing to an answer: simulate, ingest, train, certify, export, publish, serve. SIMULATED patients."""
    settings = Settings()
    work = Workspace(settings)
    if not settings.knowledge_file.is_file():
        with progress("knowledge"):
            work.knowledge_bytes  # noqa: B018 - built by being asked for
    stages = Demonstration(work, Marks(MARKS), patients)
    version = stages.land(stages.export())
    stages.warehouse(version)
    run = stages.model(version)
    entry = publish_run(work, run, settings.model_env, why="make run", despite_gate=despite_gate)
    _summary(run, settings, address=f"http://localhost:{port}", entry=entry.number)
    write_json(json_file, figures_json(run.manifest))
    if not no_serve:
        err.print(f"serving at http://localhost:{port} - Ctrl-C stops it")
        serve(host, port)


def _reused(what: str) -> None:
    err.print(f"  [dim]{what}: current, reused[/dim]")


def _summary(run: Run, settings: Settings, *, address: str, entry: int) -> None:
    manifest = run.manifest
    asked = (TEMPORAL, InputTier.FINDINGS, EVERYBODY)
    figures = {m.name: m for m in manifest.metrics if (m.split, m.tier, m.group) == asked}
    out.rule("raretriage: triage, not diagnosis")
    out.print(f"model     {manifest.name} {manifest.version} ({settings.model_env}, ledger entry {entry})")
    out.print(f"          state: {manifest.estimators['state']}, rare: {manifest.estimators['rare']}")
    out.print("figures   SIMULATED patients, newest quarters (temporal split), findings tier, 95 % interval")
    for name, words in _HEADLINES.items():
        if name in figures:
            out.print(f"          {words:<34} {_interval(figures[name])}")
    certificate_table(manifest)
    gate_table(judge(Evidence.of(manifest)))
    for what, where in _places(run, settings).items():
        out.print(f"{what:<10}{where}")
    out.print(f"[bold]page      {address}[/bold]")


_HEADLINES: Mapping[str, str] = {
    "roc_auc_rare": "ROC-AUC rare against the rest",
    "sensitivity_rare": "rare patients flagged",
    "specificity_rare": "others not flagged",
    "roc_auc_state_macro_ovr": "ROC-AUC state, one against rest",
    "f1_state_macro": "macro-F1 state",
    "f1_state_macro_rules": "macro-F1 state, rules baseline",
    "unsure_rate": "NO SEGURO",
}


def _interval(metric: Metric) -> str:
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f}), n = {metric.n}"


def _places(run: Run, settings: Settings) -> dict[str, str]:
    return {
        "export": str(EXPORT),
        "lake": settings.lake_url,
        "warehouse": settings.warehouse_url,
        "mlflow": settings.mlflow_tracking_uri,
        "run": f"{run.folder} (model card, plots, candidates)",
        "bucket": settings.model_uri,
        "log": str(settings.log_dir / f"predicciones_{settings.model_env}.txt"),
        "audit": str(settings.audit_log),
    }
