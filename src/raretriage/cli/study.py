"""`raretriage study`: which kind of model, which remedy for imbalance, one question or two."""

from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace
from raretriage.domain import Basis
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.study import SearchResult, StudyTable

_COLUMNS = 3
"""Figures with intervals that stand side by side: more is wider than a terminal."""


def study_command(
    lake_version: LakeVersion = None,
    basis: Annotated[Basis, typer.Option(help="Whose patients the lake holds.")] = Basis.SIMULATED,
    trials: Annotated[int, typer.Option(min=0, help="Of the parameter search; 0 leaves it out.")] = 20,
    minutes: Annotated[float, typer.Option(min=0, help="The search stops after about so many.")] = 10,
    json_file: JsonFile = None,
) -> None:
    """Compare kinds of model, remedies for imbalance and structures on folds of the fit patients; nothing is published.

    No calibration and no test patient is looked at.
    """
    from raretriage.study import run_study, steps
    from raretriage.training import TrainingConfig
    from raretriage.training.train import contract_of_fit

    work = Workspace(Settings())
    version = work.lake.version() if lake_version is None else lake_version
    config = TrainingConfig(basis=basis, lake_version=version, git_commit="")
    with work.audited("read for a study", f"lake:encounters@{version}"):
        encounters = work.lake.read("encounters", version)
    contract = contract_of_fit(encounters, config=config, knowledge_version=work.knowledge.version)
    with progress("study", steps(config.folds) + trials) as tick:
        study = run_study(
            encounters,
            contract=contract,
            knowledge=work.knowledge,
            config=config,
            trials=trials,
            seconds=60 * minutes,
            progress=tick,
        )
    who = "SIMULATED" if basis is Basis.SIMULATED else "local"
    for one in study.tables:
        _show(one, who)
    if study.search is not None:
        _show_search(study.search)
    write_json(json_file, {"simulated": basis is Basis.SIMULATED, "lake_version": version, **study.as_json()})


def _show(one: "StudyTable", who: str) -> None:
    out.rule(f"{one.title} ({who} patients, k-fold, n = {one.n})")
    for first in range(0, len(one.figures), _COLUMNS):
        some = one.figures[first : first + _COLUMNS]
        table("", ("variant", *some), [(row.name, *(str(row.figures[name]) for name in some)) for row in one.rows])
    table("", ("variant", "seconds", "note"), [(row.name, f"{row.seconds:.0f}", row.note) for row in one.rows])
    out.print(f"chosen: [bold]{one.chosen}[/bold] ({one.rule})")
    for note in one.notes:
        out.print(f"note: {note}")


def _show_search(found: "SearchResult") -> None:
    out.rule(f"Search, rare head: {len(found.trials)} trials on the folds of the fit patients")
    out.print(f"in use {found.trials[0][0]:.4f}, best {found.value:.4f} (gain {found.gain:+.4f} in mean ROC-AUC)")
    out.print(f"best: {dict(found.best)}")
