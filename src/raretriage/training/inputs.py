"""Model input of encounters at each tier, and the mix of tiers that a model is fitted on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from raretriage.domain import VITALS, InputTier
from raretriage.features import Columns, Encoder, ModelInput, mask_to_case, mask_to_tier, take
from raretriage.training.candidates import Head, frame

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SAMPLE_ROWS = 12_000
"""For the parity check, which wants at least 10,000."""


@dataclass(frozen=True, slots=True)
class MaskedCopy:
    """Some encounters shown to a model once more, as if less of them had been known."""

    name: str
    mask: Callable[[Columns], Columns]
    share: Mapping[Head, float]
    """Of the fit encounters."""


_LESS: Mapping[Head, float] = {"state": 1 / 3, "rare": 0.1}
MASKED_COPIES: tuple[MaskedCopy, ...] = (
    MaskedCopy("vital signs and basic fields", partial(mask_to_tier, tier=InputTier.VITALS), _LESS),
    MaskedCopy("basic fields", partial(mask_to_tier, tier=InputTier.BASIC), _LESS),
    MaskedCopy("age, sex and findings", mask_to_case, {"state": 1 / 3, "rare": 1 / 3}),
)
"""Different encounters in each, so that missing inputs are something the model has met, without making them the rule.

Without findings: for rare a tenth, for on folds of the fit patients (simulated, n = 10,398 with findings, 953 rare)
ROC-AUC with findings is 0.921 against 0.914 with a third, and without findings no worse.
With findings alone: a third, the most that leaves nobody two copies. Of 0, 0.1, 0.2 and a third, by LightGBM on three
folds of the fit patients (simulated, n = 15,579 with findings, 2,166 rare), it is the best, told everything (ROC-AUC of
rare 0.922, 0.925, 0.927, 0.930; log-loss of the state 0.384, 0.381, 0.377, 0.375) and told age, sex and findings alone
(0.911, 0.914, 0.919, 0.924; 0.579, 0.529, 0.514, 0.504). Told no findings, the state loses a little (0.930 to 0.934).
"""


@dataclass(frozen=True, slots=True)
class TierInputs:
    """The same n encounters as each tier's service would see them."""

    columns: Columns
    encoder: Encoder
    frames: Mapping[InputTier, pd.DataFrame]
    reaches: Mapping[InputTier, BoolArray]
    """Shape (n,): whether the encounter has what the tier is named for. Only these stand for the tier's patients."""

    def mixed(
        self, rows: IntArray, rng: np.random.Generator, head: Head, copies: Sequence[MaskedCopy] = MASKED_COPIES
    ) -> tuple[pd.DataFrame, IntArray]:
        """Training input: every row as it is, and after them the masked copies of some.

        Args:
            rows: encounters to learn from.
            rng: draws whom each copy shows.
            head: whose shares count.
            copies: their shares add up to 1 at most.

        Returns:
            The frame, and for each of its rows the encounter it shows (to look labels up by).
        """
        ends = np.cumsum([round(copy.share[head] * len(rows)) for copy in copies])
        drawn = [np.sort(part) for part in np.split(rng.permutation(rows), ends)[: len(copies)]]
        # encoded when wanted, the drawn ones alone: a frame of everybody for each masking is gigabytes
        masked = [self._masked(part, copy.mask) for part, copy in zip(drawn, copies, strict=True)]
        whole = self.frames[InputTier.FINDINGS].iloc[rows]
        shown = pd.concat([whole, *masked], ignore_index=True)
        # Fitted on what the graph is given, float32: in double a pipeline's matrix takes twice the memory.
        narrow = dict.fromkeys(range(len(self.encoder.contract.numeric)), np.float32)
        return shown.astype(narrow), np.concatenate([rows, *drawn])

    def _masked(self, rows: IntArray, mask: Callable[[Columns], Columns]) -> pd.DataFrame:
        return frame(self.encoder.encode(mask(take(self.columns, rows))))


def tier_inputs(columns: Columns, encoder: Encoder, tiers: Iterable[InputTier] = InputTier) -> TierInputs:
    """Model input of these encounters at every tier, or at some; `mixed` needs that of findings alone."""
    return TierInputs(
        columns=columns,
        encoder=encoder,
        frames={tier: frame(encoder.encode(mask_to_tier(columns, tier))) for tier in tiers},
        reaches=reached_tiers(columns),
    )


def reached_tiers(columns: Columns) -> dict[InputTier, BoolArray]:
    """Whether each encounter has what the tier is named for, shape (n,)."""
    has_finding = np.zeros(columns.count, dtype=np.bool_)
    has_finding[columns.findings.row] = True
    has_vital = np.any([~np.isnan(columns.numbers[vital]) for vital in VITALS], axis=0)
    return {
        InputTier.FINDINGS: has_finding,
        InputTier.VITALS: has_vital,
        InputTier.BASIC: np.ones(columns.count, dtype=np.bool_),
    }


def parity_sample(columns: Columns, encoder: Encoder) -> ModelInput:
    """Up to `SAMPLE_ROWS` rows: encounters evenly spread over the table, at all tiers."""
    per_tier = min(columns.count, SAMPLE_ROWS // len(InputTier))
    some = take(columns, np.linspace(0, columns.count - 1, per_tier).astype(np.int64))
    tiers = [encoder.encode(mask_to_tier(some, tier)) for tier in InputTier]
    return ModelInput(
        numeric=np.concatenate([tier.numeric for tier in tiers]),
        categorical=np.concatenate([tier.categorical for tier in tiers]),
        phenotypes=np.concatenate([tier.phenotypes for tier in tiers]),
    )
