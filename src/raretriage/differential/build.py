"""From the knowledge to a ranking. Runs in the pipeline; the service only loads the result."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from raretriage.differential.artefact import Arrays, Ranked, quantised
from raretriage.differential.candidates import Candidate, candidates_of
from raretriage.differential.embedding import FindingVectors, Training, embed, train_findings
from raretriage.differential.matching import levels, mixture
from raretriage.differential.onnx_export import export_onnx
from raretriage.differential.onset import onset_log_ratios
from raretriage.differential.prior import prior
from raretriage.differential.terms import terms_of
from raretriage.differential.views import views_of
from raretriage.differential.weights import WEIGHTS, Weights
from raretriage.knowledge import Knowledge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """A ranking in its two parts."""

    arrays: Arrays
    onnx: bytes
    learnt: FindingVectors


def build_differential(
    knowledge: Knowledge,
    *,
    training: Training | None = None,
    learnt: FindingVectors | None = None,
    weights: Weights = WEIGHTS,
    progress: Callable[[int], object] = lambda _: None,
) -> Built:
    """Derive the candidates, match them with every finding, and learn the embedding.

    Takes a minute or two for the whole of HPO. The same knowledge gives the same arrays; the embedding is the same on
    the same machine.

    Args:
        training: how to learn the vectors of findings; the default settings where it is left out.
        learnt: vectors to take instead of learning them.
        progress: told after each training step.
    """
    views = views_of(knowledge)
    candidates = candidates_of(knowledge, views)
    terms = terms_of(knowledge, views)
    profiles = terms.profiles(views)
    codes, low, step = quantised(levels(terms, profiles, mixture(candidates, len(views)), weights=weights))
    onset, onset_by_age = onset_log_ratios(knowledge, views, candidates)
    learnt = learnt or train_findings(terms, views, candidates, profiles, training, progress=progress)
    embedding = embed(learnt, terms, candidates, profiles)
    log.info("differential.built", extra={"candidates": len(candidates), "findings": len(terms.ids)})
    every_term = tuple(sorted(terms.row_of))
    arrays = Arrays(
        knowledge_version=knowledge.version,
        candidates=tuple(
            Ranked(c.id, c.entries, c.umbrellas, kin) for c, kin in zip(candidates, kin_of(candidates), strict=True)
        ),
        terms=every_term,
        rows=np.asarray([terms.row_of[t] for t in every_term], np.int32),
        levels=codes,
        level_low=low,
        level_step=step,
        content=terms.content,
        onset=onset,
        onset_by_age=onset_by_age,
        prior=prior(knowledge, views, candidates, terms, profiles, weights),
        weights=asdict(weights),
    )
    return Built(arrays=arrays, onnx=export_onnx(embedding), learnt=learnt)


def kin_of(candidates: tuple[Candidate, ...]) -> list[tuple[str, ...]]:
    """Of each candidate, the ids of its siblings by gene or series."""
    owner = {i: c.id for c in candidates for i in c.own}
    return [tuple(sorted({owner[i] for i in c.sources if i in owner} - {c.id})) for c in candidates]
