"""Which encounters can be learnt from: labelled, dated, and in an order that does not depend on the lake's files."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import State
from raretriage.features import Columns, take
from raretriage.features.arrow import columns_of_table
from raretriage.training.errors import NotEnoughData

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
StringArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """n labelled encounters, by patient and in each patient's order of time. All arrays have shape (n,)."""

    columns: Columns
    patient_id: StringArray
    state: IntArray
    """Position in `State`."""
    is_rare: BoolArray
    disease: StringArray
    """Coding system and code of the diagnosis; "" where there is none."""
    period: StringArray
    site: StringArray
    region: StringArray
    """Of both, "" where unknown."""

    def take(self, rows: IntArray) -> "LabelledRows":
        return replace(
            self,
            columns=take(self.columns, rows),
            patient_id=self.patient_id[rows],
            state=self.state[rows],
            is_rare=self.is_rare[rows],
            disease=self.disease[rows],
            period=self.period[rows],
            site=self.site[rows],
            region=self.region[rows],
        )


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What became of the rows of the table: read = unlabelled + undated + used."""

    read: int
    unlabelled: int
    """State or rarity is not known."""
    undated: int
    """Labelled, but with no quarter: it could be older or newer than anything, so it is left out."""
    used: int


def labelled_rows(encounters: pa.Table) -> tuple[LabelledRows, RowCounts]:
    """The rows that can be learnt from.

    Args:
        encounters: schema `raretriage.privacy.schemas.ENCOUNTERS`, in any order of rows.

    Raises:
        NotEnoughData: no row is labelled and dated, or one of the four states or of the two rarities is absent.
    """
    has_labels = pc.and_(pc.is_valid(encounters["state"]), pc.is_valid(encounters["rare"]))
    has_period = pc.is_valid(encounters["period"])
    labelled = encounters.filter(has_labels)
    usable = encounters.filter(pc.and_(has_labels, has_period))
    counts = RowCounts(
        read=encounters.num_rows,
        unlabelled=encounters.num_rows - labelled.num_rows,
        undated=labelled.num_rows - usable.num_rows,
        used=usable.num_rows,
    )
    _require_labels(usable, counts)
    order = [("patient_id", "ascending"), ("encounter_date", "ascending"), ("encounter_id", "ascending")]
    table = usable.take(pc.sort_indices(usable, sort_keys=order))
    code = pc.fill_null(table["diagnosis_code"], "")
    system = pc.fill_null(table["diagnosis_system"], "")
    rows = LabelledRows(
        columns=columns_of_table(table),
        patient_id=_objects(table["patient_id"]),
        state=pc.index_in(table["state"], pa.array([state.value for state in State])).to_numpy().astype(np.int64),
        is_rare=table["rare"].to_numpy().astype(np.bool_),
        disease=_objects(pc.if_else(pc.equal(code, ""), "", pc.binary_join_element_wise(system, code, "|"))),
        period=_objects(table["period"]),
        site=_objects(pc.fill_null(table["site"], "")),
        region=_objects(pc.fill_null(table["region"], "")),
    )
    return rows, counts


def whole_patients(patient_id: StringArray, chosen: BoolArray) -> BoolArray:
    """Every row of the patients of whom a row is chosen, shape (n,).

    Not `np.isin`, which compares each name with each: on a million encounters it does not end.

    >>> whole_patients(np.array(["a", "b", "a"], dtype=object), np.array([False, False, True])).tolist()
    [True, False, True]
    """
    of_row, patients = pd.factorize(patient_id)
    is_one = np.zeros(len(patients), dtype=np.bool_)
    is_one[of_row[chosen]] = True
    return np.asarray(is_one[of_row])


def one_row_each(patient_id: StringArray, is_rare: BoolArray, eligible: BoolArray) -> IntArray:
    """Each patient's first rare row that is eligible, else the first row that is, for the never-rare; in order.

    Args:
        patient_id, is_rare, eligible: shape (n,).
    """
    is_rare_patient = whole_patients(patient_id, is_rare)
    wanted = np.flatnonzero(eligible & (is_rare | ~is_rare_patient))
    _, first = np.unique(patient_id[wanted], return_index=True)
    return np.sort(wanted[first])


def _require_labels(usable: pa.Table, counts: RowCounts) -> None:
    states = set(pc.unique(usable["state"]).to_pylist())
    absent = [state.value for state in State if state.value not in states]
    if absent or len(pc.unique(usable["rare"])) < 2:
        what = f"no encounter has the state {', '.join(absent)}" if absent else "rare and not rare are not both there"
        raise NotEnoughData(
            f"{what}: of {counts.read} encounters {counts.unlabelled} have no state or rarity, {counts.undated} no "
            f"period, {counts.used} can be used; ingest labelled encounters of all four states, rare and not"
        )


def _objects(values: pa.ChunkedArray) -> StringArray:
    return np.asarray(values.to_numpy(), dtype=object)
