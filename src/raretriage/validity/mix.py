"""What is put to the test: visits, what a model would be given of them, and which words belong to one source alone."""

from dataclasses import dataclass

import numpy as np

from raretriage.cohort import Catalogue
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, ModelInput, fit_vocabulary
from raretriage.knowledge import Knowledge
from raretriage.validity.sample import Sample, draw_everybody, draw_ill, draw_rare
from raretriage.validity.source_terms import Uses, uses_of
from raretriage.validity.telling import Matrix

RARE_SHARE = 0.4
"""Of the patients: both kinds many, so that intervals are narrow. An AUC does not depend on it."""


@dataclass(frozen=True, slots=True)
class Mix:
    """One way to make patients, as the cheat tests see it."""

    name: str
    ill: Sample
    """Rare and common."""
    rare: Sample
    """Rare alone, described by two sources in about equal numbers."""
    twins: Sample
    """The same, of diseases alone that both sources describe."""
    everybody: Sample
    """Healthy and ill."""
    vocabulary: tuple[str, ...]
    """The findings that a model is given; the others are rolled up to them."""
    uses: Uses
    """What each source's profiles are written with."""


def honest_mix(catalogue: Catalogue, *, seed: int, ill: int) -> Mix:
    """The cohort as it is.

    Raises:
        NothingToCompare: the catalogue's rare profiles are all of one origin.
    """
    sick = draw_ill(catalogue, seed=seed, ill=ill, rare_share=RARE_SHARE)
    return Mix(
        name="honest",
        ill=sick,
        rare=draw_rare(catalogue, seed=seed + 1, rare=ill),
        twins=draw_rare(catalogue, seed=seed + 2, rare=ill, twins_only=True),
        everybody=draw_everybody(catalogue, seed=seed + 3, visits=ill),
        vocabulary=shared_vocabulary(sick),
        uses=uses_of(catalogue.profiles),
    )


def shared_vocabulary(sample: Sample) -> tuple[str, ...]:
    """What a model is given: findings that patients without a rare disease have too."""
    return fit_vocabulary(sample.columns, patient_id=sample.patient, is_rare=sample.is_rare)


def wide_vocabulary(sample: Sample) -> tuple[str, ...]:
    """Every finding that is observed in as many patients, rare ones counted too."""
    nobody = np.zeros(sample.count, dtype=np.bool_)
    return fit_vocabulary(sample.columns, patient_id=sample.patient, is_rare=nobody)


def encoded(sample: Sample, vocabulary: tuple[str, ...], knowledge: Knowledge) -> ModelInput:
    """The model's input of these visits."""
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=vocabulary, knowledge_version=knowledge.version
    )
    return Encoder(contract, knowledge).encode(sample.columns)


def matrix_of(rows: ModelInput) -> Matrix:
    """All of the model's input as numbers, shape (n, columns); a category is its place, NaN where unknown."""
    places = [
        np.array([values.index(value) if value in values else np.nan for value in rows.categorical[:, column]])
        for column, values in enumerate(CATEGORICAL.values())
    ]
    return np.concatenate([rows.numeric, np.stack(places, axis=1), rows.phenotypes], axis=1).astype(np.float32)
