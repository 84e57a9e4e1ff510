"""Model input of encounters at each tier, and the mix of tiers that a model is fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from raretriage.domain import VITALS, InputTier
from raretriage.features import Columns, Encoder, ModelInput, mask_to_tier, take
from raretriage.training.candidates import frame

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SAMPLE_ROWS = 12_000
"""For the parity check, which wants at least 10,000."""


@dataclass(frozen=True, slots=True)
class TierInputs:
    """The same n encounters as each tier's service would see them."""

    frames: Mapping[InputTier, pd.DataFrame]
    reaches: Mapping[InputTier, BoolArray]
    """Shape (n,): whether the encounter has what the tier is named for. Only these stand for the tier's patients."""

    def mixed(self, rows: IntArray, rng: np.random.Generator, *, share: float) -> tuple[pd.DataFrame, IntArray]:
        """Training input: every row as it is, and a random share each masked to vital signs and to the basic fields.

        So that missing inputs are something the model has met, without making them the rule.

        Args:
            share: of the rows, for each of the two maskings; at most a half.

        Returns:
            The frame, and for each of its rows the encounter it shows (to look labels up by).
        """
        shuffled, masked = rng.permutation(rows), round(share * len(rows))
        parts = {
            InputTier.FINDINGS: rows,
            InputTier.VITALS: np.sort(shuffled[:masked]),
            InputTier.BASIC: np.sort(shuffled[masked : 2 * masked]),
        }
        mixed = pd.concat([self.frames[tier].iloc[part] for tier, part in parts.items()], ignore_index=True)
        return mixed, np.concatenate(list(parts.values()))


def tier_inputs(columns: Columns, encoder: Encoder) -> TierInputs:
    """Model input of these encounters at every tier."""
    return TierInputs(
        frames={tier: frame(encoder.encode(mask_to_tier(columns, tier))) for tier in InputTier},
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
