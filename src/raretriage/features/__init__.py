"""Encounter to model input row: numpy only, the same code in training and in the service."""

from raretriage.features.columns import Columns, Findings, columns_of, mask_to_case, mask_to_tier, take
from raretriage.features.contract import FeatureContract
from raretriage.features.encode import CATEGORICAL, NUMERIC, ORDERED, Encoder, ModelInput, Ontology, age_bands
from raretriage.features.errors import ContractMismatch, FeatureError, UnknownFinding
from raretriage.features.vocabulary import fit_vocabulary

__all__ = [
    "CATEGORICAL",
    "NUMERIC",
    "ORDERED",
    "Columns",
    "ContractMismatch",
    "Encoder",
    "FeatureContract",
    "FeatureError",
    "Findings",
    "ModelInput",
    "Ontology",
    "UnknownFinding",
    "age_bands",
    "columns_of",
    "fit_vocabulary",
    "mask_to_case",
    "mask_to_tier",
    "take",
]
