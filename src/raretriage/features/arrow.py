"""Encounters of the lake as columns. Apart, because the service has no pyarrow."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import FindingStatus
from raretriage.features.columns import CATEGORIES, NUMBERS, Columns, Findings, StringArray


def columns_of_table(table: pa.Table) -> Columns:
    """The columns of a table with the schema `raretriage.privacy.schemas.ENCOUNTERS`, in its order."""
    phenotypes = table.column("phenotypes").combine_chunks()
    entries = pc.list_flatten(phenotypes)
    return Columns(
        count=table.num_rows,
        numbers={
            name: table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
            for name in NUMBERS
        },
        categories={name: _strings(table.column(name).combine_chunks()) for name in CATEGORIES},
        findings=Findings(
            row=pc.list_parent_indices(phenotypes).to_numpy(zero_copy_only=False).astype(np.int64),
            hpo_id=_strings(pc.struct_field(entries, "hpo_id")),
            observed=pc.equal(pc.struct_field(entries, "status"), FindingStatus.OBSERVED.value)
            .to_numpy(zero_copy_only=False)
            .astype(np.bool_),
        ),
    )


def _strings(values: pa.Array) -> StringArray:
    return np.asarray(pc.fill_null(values, "").to_numpy(zero_copy_only=False), dtype=object)
