"""How many people share a row's visible traits: k-anonymity of the lake over what an outsider could know.

The traits are age band, sex, region, site and diagnosis. k of a cell is its number of distinct patients, because
many visits of one person hide nobody. A small k does not mean that somebody was identified, nor a large one that
nobody can be: the lake is pseudonymised, not anonymous.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from raretriage.privacy.errors import SchemaMismatch

SMALL_CELL = 5
"""Cells of fewer patients are suppressed in the warehouse's views."""

TRAITS = ("age_band", "sex", "region", "site", "diagnosis")

# Lower ends in years; 90 is the cap of the lake.
_BAND_STARTS = (0, 2, 5, 18, 30, 45, 60, 75, 90)
_UNKNOWN = "unknown"
_NEEDED = ("patient_id", "age_years", "sex", "region", "site", "diagnosis_system", "diagnosis_code")


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of traits, with how many patients and rows share it."""

    traits: Mapping[str, str]
    patients: int
    rows: int


@dataclass(frozen=True, slots=True)
class KReport:
    """k over all cells. Never an id: the smallest cells are named by their traits alone."""

    rows: int
    patients: int
    cells: int
    k_min: int
    """Patients in the smallest cell; 0 for an empty lake."""
    rows_in_small_cells: int
    """Rows in cells of fewer than `SMALL_CELL` patients."""
    smallest: tuple[Cell, ...]

    @property
    def share_in_small_cells(self) -> float:
        """Share of all rows, 0 to 1; 0 for an empty lake."""
        return self.rows_in_small_cells / self.rows if self.rows else 0.0

    def as_json(self) -> str:
        """The whole report as one JSON object."""
        return json.dumps(
            {
                "rows": self.rows,
                "patients": self.patients,
                "cells": self.cells,
                "k_min": self.k_min,
                "small_cell_under": SMALL_CELL,
                "rows_in_small_cells": self.rows_in_small_cells,
                "share_in_small_cells": self.share_in_small_cells,
                "smallest": [
                    {"traits": dict(cell.traits), "patients": cell.patients, "rows": cell.rows}
                    for cell in self.smallest
                ],
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        """The report for a terminal."""
        lines = [
            f"k-anonymity over {', '.join(TRAITS)}: pseudonymised, not anonymous",
            f"rows {self.rows}, patients {self.patients}, cells {self.cells}, smallest k {self.k_min}",
            f"rows in cells of fewer than {SMALL_CELL} patients: {self.rows_in_small_cells} "
            f"({self.share_in_small_cells:.1%})",
        ]
        lines += [
            f"  k={cell.patients} rows={cell.rows}: " + ", ".join(f"{name} {cell.traits[name]}" for name in TRAITS)
            for cell in self.smallest
        ]
        return "\n".join(lines)


def k_report(rows: pa.Table, *, listed: int = 10) -> KReport:
    """Count patients per combination of traits.

    Args:
        rows: the columns of `ENCOUNTERS` that the traits are made of, and `patient_id`.
        listed: how many of the smallest cells to name.

    Raises:
        SchemaMismatch: a column is missing.
    """
    missing = sorted(set(_NEEDED) - set(rows.schema.names))
    if missing:
        raise SchemaMismatch(f"k report: missing columns {', '.join(missing)}")
    cells = (
        _traits(rows)
        .group_by(list(TRAITS))
        .aggregate([("patient_id", "count_distinct"), ("patient_id", "count")])
        .sort_by([("patient_id_count_distinct", "ascending"), *((name, "ascending") for name in TRAITS)])
    )
    patients, sizes = cells["patient_id_count_distinct"], cells["patient_id_count"]
    return KReport(
        rows=rows.num_rows,
        patients=pc.count_distinct(rows["patient_id"]).as_py(),
        cells=cells.num_rows,
        k_min=patients[0].as_py() if cells.num_rows else 0,
        rows_in_small_cells=pc.sum(sizes.filter(pc.less(patients, SMALL_CELL))).as_py() or 0,
        smallest=tuple(
            Cell(
                traits={name: row[name] for name in TRAITS},
                patients=row["patient_id_count_distinct"],
                rows=row["patient_id_count"],
            )
            for row in cells.slice(0, listed).to_pylist()
        ),
    )


def _traits(rows: pa.Table) -> pa.Table:
    diagnosis = pc.binary_join_element_wise(
        rows["diagnosis_system"], rows["diagnosis_code"], "|", null_handling="emit_null"
    )
    return pa.table(
        {
            "patient_id": rows["patient_id"],
            "age_band": _bands(rows["age_years"]),
            **{name: pc.fill_null(rows[name], _UNKNOWN) for name in ("sex", "region", "site")},
            "diagnosis": pc.fill_null(diagnosis, _UNKNOWN),
        }
    )


def _bands(ages: pa.ChunkedArray) -> pa.ChunkedArray:
    band = pa.scalar(_UNKNOWN)
    for place, start in enumerate(_BAND_STARTS):
        last = place + 1 == len(_BAND_STARTS)
        name = f"{start}+" if last else f"{start}-{_BAND_STARTS[place + 1] - 1}"
        band = pc.if_else(pc.fill_null(pc.greater_equal(ages, float(start)), fill_value=False), name, band)
    return band
