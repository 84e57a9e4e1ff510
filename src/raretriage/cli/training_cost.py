"""`raretriage training-cost`: time and memory of the default training."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.training.benchmark import TrainingCost

PATIENTS = 20_000
ENCOUNTERS = 1_000_000
_GIB = 1024**3


def training_cost_command(
    patients: Annotated[int, typer.Option(min=0, help="Train on so many patients of the lake; 0 leaves it out.")] = (
        PATIENTS
    ),
    encounters: Annotated[
        int, typer.Option(min=0, help="Train on so many encounters, the lake's repeated; 0 leaves it out.")
    ] = ENCOUNTERS,
    lake_version: LakeVersion = None,
    json_file: JsonFile = None,
) -> None:
    """Time and memory of the default training, each in a process of its own; no model is kept.

    The large table is the lake's, repeated under new pseudonyms: it says what size costs, not what a model would learn.
    """
    from raretriage.training.benchmark import cost_of, some_of

    work = Workspace(Settings())
    version = work.lake.version() if lake_version is None else lake_version
    with work.audited("read for a benchmark", f"lake:encounters@{version}"):
        lake = work.lake.read("encounters", version)
    trainings = {}
    if patients:
        trainings[f"{patients:,} patients"] = partial(cost_of, some_of(lake, patients=patients), work.knowledge_bytes)
    if encounters:
        trainings[f"{encounters:,} encounters"] = partial(cost_of, lake, work.knowledge_bytes, wanted=encounters)
    costs: dict[str, TrainingCost] = {}
    for name, training in trainings.items():
        with progress(f"training on {name}") as tick:
            costs[name] = training()
            tick(1)
    _show(costs)
    write_json(json_file, {name: cost.as_json() for name, cost in costs.items()})


def _show(costs: "dict[str, TrainingCost]") -> None:
    table(
        "Default training (comparison, folds, certificate, figures; search, export and report apart)",
        ("table", "patients", "encounters", "seconds", "of processor", "peak memory"),
        [
            (
                name,
                f"{cost.patients:,}",
                f"{cost.encounters:,}",
                f"{cost.seconds:.0f}",
                f"{cost.processor_seconds:.0f}",
                "unknown" if cost.peak_bytes is None else f"{cost.peak_bytes / _GIB:.1f} GiB",
            )
            for name, cost in costs.items()
        ],
    )
    out.print("timings hold for this machine and what else it was doing")
