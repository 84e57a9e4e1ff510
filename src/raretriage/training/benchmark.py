"""How long does a training run take, and how much memory? Measured here and now; nothing is written."""

import multiprocessing
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import Basis
from raretriage.knowledge import load_knowledge
from raretriage.training.config import TrainingConfig
from raretriage.training.errors import NotEnoughData
from raretriage.training.train import train

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_IDENTIFIERS = ("patient_id", "encounter_id")


@dataclass(frozen=True, slots=True)
class TrainingCost:
    """What the default training of one table took, search, export and report apart."""

    patients: int
    encounters: int
    seconds: float
    processor_seconds: float
    peak_bytes: int | None
    """Of the process that did nothing else; None where the system does not tell (it takes Linux's /proc)."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def some_of(encounters: pa.Table, *, patients: int) -> pa.Table:
    """The encounters of this many patients, the first by pseudonym.

    Raises:
        NotEnoughData: the table has fewer.
    """
    everybody = np.unique(encounters["patient_id"].to_numpy())
    if len(everybody) < patients:
        raise NotEnoughData(
            f"the lake holds {len(everybody)} patients; {patients} are asked for: export a larger cohort"
        )
    return encounters.filter(pc.is_in(encounters["patient_id"], pa.array(everybody[:patients])))


def repeated(encounters: pa.Table, *, wanted: int) -> pa.Table:
    """`wanted` encounters: the same ones over and over, each time of patients with new names."""
    times = -(-wanted // encounters.num_rows)
    parts = []
    for time in range(times):
        renamed = encounters
        for name in _IDENTIFIERS:
            place = renamed.schema.get_field_index(name)
            names = pc.binary_join_element_wise(renamed[name], pa.scalar(f"{time}"), "-")
            renamed = renamed.set_column(place, renamed.schema.field(place), names)
        parts.append(renamed)
    return pa.concat_tables(parts).slice(0, wanted)


def cost_of(encounters: pa.Table, knowledge: bytes, *, wanted: int | None = None) -> TrainingCost:
    """Train on this table in a process of its own and measure.

    Args:
        encounters: of the lake.
        knowledge: the artefact's content.
        wanted: repeat the table up to so many encounters; in that process too, so that only it holds them.

    Raises:
        TrainingError: the table cannot be trained on.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (encounters, knowledge, wanted))


def _measured(lake: pa.Table, knowledge: bytes, wanted: int | None) -> TrainingCost:
    encounters = lake if wanted is None else repeated(lake, wanted=wanted)
    loaded = load_knowledge(knowledge)
    config = TrainingConfig(basis=Basis.SIMULATED, lake_version=0, git_commit="")
    started, used = monotonic(), process_time()
    train(encounters, ontology=loaded, knowledge_version=loaded.version, config=config)
    return TrainingCost(
        patients=len(pc.unique(encounters["patient_id"])),
        encounters=encounters.num_rows,
        seconds=monotonic() - started,
        processor_seconds=process_time() - used,
        peak_bytes=_peak_bytes(),
    )


def _peak_bytes() -> int | None:
    try:
        found = _PEAK.search(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
