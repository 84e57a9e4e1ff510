"""From the knowledge to a ranking. Runs in the pipeline; the service only loads the result."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from raretriage.differential.artefact import Arrays, Ranked, quantised
from raretriage.differential.candidates import Candidate, candidates_of
from raretriage.differential.embedding import FindingVectors, Training, embed, train_findings
from raretriage.differential.matching import Kin, levels, mixture
from raretriage.differential.onnx_export import export_onnx
from raretriage.differential.onset import onset_log_ratios
from raretriage.differential.people import log_prevalence, sex_log_ratios
from raretriage.differential.prior import prior
from raretriage.differential.terms import FloatArray, Terms, terms_of
from raretriage.differential.views import View, views_of
from raretriage.differential.weights import WEIGHTS, Weights
from raretriage.knowledge import Knowledge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """A ranking in its two parts."""

    arrays: Arrays
    onnx: bytes
    learnt: FindingVectors


@dataclass(frozen=True, slots=True)
class Ground:
    """What every ranking of one knowledge stands on, whatever its weights."""

    knowledge: Knowledge
    views: tuple[View, ...]
    candidates: tuple[Candidate, ...]
    terms: Terms
    profiles: sparse.csr_matrix
    """Frequencies, shape (views, terms)."""


def ground_of(knowledge: Knowledge) -> Ground:
    """The candidates and the vocabulary of a knowledge."""
    views = views_of(knowledge)
    terms = terms_of(knowledge, views)
    return Ground(knowledge, views, candidates_of(knowledge, views), terms, terms.profiles(views))


def build_differential(
    knowledge: Knowledge,
    *,
    training: Training | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Built:
    """Derive the candidates, match them with every finding, and learn the embedding.

    Takes a minute or two for the whole of HPO. The same knowledge gives the same arrays; the embedding is the same on
    the same machine.

    Args:
        training: how to learn the vectors of findings; the default settings where it is left out.
        progress: told after each training step.
    """
    ground = ground_of(knowledge)
    learnt = train_findings(ground.terms, ground.views, ground.candidates, ground.profiles, training, progress=progress)
    return build_on(ground, learnt)


def build_on(ground: Ground, learnt: FindingVectors) -> Built:
    """The ranking of a knowledge by vectors that are learnt."""
    knowledge, views, candidates, terms = ground.knowledge, ground.views, ground.candidates, ground.terms
    codes, low, step = _levels(ground, WEIGHTS, Kin.ALL)
    onset, onset_by_age = onset_log_ratios(knowledge, views, candidates)
    log.info("differential.built", extra={"candidates": len(candidates), "findings": len(terms.ids)})
    every_term = tuple(sorted(terms.row_of))
    arrays = Arrays(
        knowledge_version=knowledge.version,
        candidates=tuple(
            Ranked(c.id, c.entries, c.umbrellas, siblings)
            for c, siblings in zip(candidates, kin_of(candidates), strict=True)
        ),
        terms=every_term,
        rows=np.asarray([terms.row_of[t] for t in every_term], np.int32),
        levels=codes,
        level_low=low,
        level_step=step,
        content=terms.content,
        onset=onset,
        onset_by_age=onset_by_age,
        prior=_prior(ground, WEIGHTS),
        sex=sex_log_ratios(knowledge, views, candidates),
        prevalence=log_prevalence(knowledge, candidates),
        weights=asdict(WEIGHTS),
    )
    return Built(arrays=arrays, onnx=export_onnx(embed(learnt, terms, candidates, ground.profiles)), learnt=learnt)


def reweighted(built: Built, ground: Ground, weights: Weights, kin: Kin) -> Built:
    """The same ranking with other weights, or known by other kin."""
    codes, low, step = _levels(ground, weights, kin)
    arrays = replace(
        built.arrays,
        levels=codes,
        level_low=low,
        level_step=step,
        prior=_prior(ground, weights),
        weights=asdict(weights),
    )
    return replace(built, arrays=arrays)


def _levels(ground: Ground, weights: Weights, kin: Kin) -> tuple[npt.NDArray[np.uint8], float, float]:
    mixed = mixture(ground.candidates, len(ground.views), kin)
    return quantised(levels(ground.terms, ground.profiles, mixed, weights=weights))


def _prior(ground: Ground, weights: Weights) -> FloatArray:
    return prior(ground.knowledge, ground.views, ground.candidates, ground.terms, ground.profiles, weights)


def kin_of(candidates: tuple[Candidate, ...]) -> list[tuple[str, ...]]:
    """Of each candidate, the ids of its siblings by gene or series."""
    owner = {i: c.id for c in candidates for i in c.own}
    return [tuple(sorted({owner[i] for i in c.sources if i in owner} - {c.id})) for c in candidates]
