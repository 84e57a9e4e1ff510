"""The cheat tests on what a model is really trained from: the lake's labelled encounters, simulated or local.

Who described a disease is not in a lake, so of the cohort's tests those remain that need no source: can rarity be told
from how much was written down, or from what was not measured, and illness from what is not known?
"""

import numpy as np
import pyarrow as pa

from raretriage.bucket import DataCheck
from raretriage.domain import State
from raretriage.training.dataset import IntArray, LabelledRows, labelled_rows
from raretriage.validity.cheats import LEAST_VISITS, Check, limited_checks
from raretriage.validity.errors import NothingToCompare
from raretriage.validity.sample import Sample

MOST_VISITS = 8_000
"""More narrow the intervals no further than anybody needs, and take minutes."""
_HEALTHY = list(State).index(State.HEALTHY)


def check_lake(encounters: pa.Table, *, seed: int) -> tuple[DataCheck, ...]:
    """The cheat tests of a lake version, as the gate takes them.

    Args:
        encounters: schema `raretriage.privacy.schemas.ENCOUNTERS`.
        seed: of folds, bootstrap and the choice of visits where there are more than `MOST_VISITS`.
    """
    rows, _ = labelled_rows(encounters)
    ill = np.flatnonzero((rows.state != _HEALTHY) & (rows.disease != ""))
    of_the_ill, of_everybody = (_some(rows, of, seed) for of in (ill, np.arange(len(rows.state))))
    try:
        return tuple(_as_data_check(check) for check in limited_checks(of_the_ill, of_everybody, seed=seed))
    except NothingToCompare as refusal:
        return (
            DataCheck(
                name="cheat tests", passed=False, found=str(refusal), limit="enough diseases and patients to leave out"
            ),
        )


def _some(rows: LabelledRows, of: IntArray, seed: int) -> Sample:
    return _sample(rows.take(np.sort(np.random.default_rng(seed).permutation(of)[:MOST_VISITS])))


def _sample(rows: LabelledRows) -> Sample:
    unknown = np.full(len(rows.state), "", dtype=object)
    return Sample(
        columns=rows.columns,
        is_rare=rows.is_rare,
        disease=rows.disease,
        group=rows.disease,
        origin=unknown,
        patient=rows.patient_id,
        state=rows.state,
        undated=np.zeros(len(rows.state), dtype=np.int64),
    )


def _as_data_check(check: Check) -> DataCheck:
    few = f"; {LEAST_VISITS} are needed" if check.n < LEAST_VISITS else ""
    return DataCheck(
        name=f"cheat test: {check.name}",
        passed=check.passed,
        found=f"{check.value:.3f} ({check.low:.3f} to {check.high:.3f}), n = {check.n}{few}",
        limit=f"<= {check.limit:g}",
    )
