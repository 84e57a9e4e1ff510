"""What speaks for a disease before any finding: that it is well known.

Diseases that both catalogues know and describe alike, with a known gene and many findings, are those that clinicians
meet and publish. So are those of which somebody counted how many people have them, and those that were described
first: OMIM numbers its entries in the order of their making, and the first of a series were found first because more
people have them. All this is partly a trait of published cases; so the benchmark reports figures with and without it.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from raretriage.differential.candidates import Candidate
from raretriage.differential.naming import series
from raretriage.differential.standing import standardised
from raretriage.differential.terms import FloatArray, Terms
from raretriage.differential.views import View
from raretriage.differential.weights import WEIGHTS, Weights
from raretriage.knowledge import Knowledge


def prior(
    knowledge: Knowledge,
    views: Sequence[View],
    candidates: Sequence[Candidate],
    terms: Terms,
    profiles: sparse.csr_matrix,
    weights: Weights = WEIGHTS,
) -> FloatArray:
    """The weighted sum of seven standardised traits, shape (candidates,)."""
    genes = {d.id for d in knowledge.diseases if d.genes}
    traits = (
        (weights.resemblance, _resemblance(candidates, terms, profiles)),
        (weights.kinship, np.asarray([c.mate_points for c in candidates])),
        (weights.gene, np.asarray([float(any(e in genes for e in c.entries)) for c in candidates])),
        (weights.seniority, _seniority(candidates)),
        (weights.first_of_series, _first_of_series(candidates)),
        (weights.counted, np.asarray([float(_is_counted(c, knowledge)) for c in candidates])),
        (weights.breadth, np.log([max(len(views[i].findings) for i in c.own) for c in candidates])),
    )
    total = sum(weight * standardised(np.asarray(trait, np.float64))[0] for weight, trait in traits)
    return np.asarray(total, np.float32)


def _is_counted(candidate: Candidate, knowledge: Knowledge) -> bool:
    return any(knowledge.prevalence(entry) is not None for entry in candidate.entries)


def _seniority(candidates: Sequence[Candidate]) -> np.ndarray:
    """Minus the number in OMIM, standardised; 0, the average, for what OMIM does not have."""
    numbers = np.asarray([_omim_number(c) for c in candidates])
    is_there = np.isfinite(numbers)
    found = np.zeros(len(candidates))
    if is_there.any():
        found[is_there] = -standardised(numbers[is_there])[0]
    return found


def _first_of_series(candidates: Sequence[Candidate]) -> np.ndarray:
    """Minus the log of the place in its series by OMIM's numbers; 0 for the first, and for what has no series."""
    members: dict[str, list[int]] = {}
    for i, candidate in enumerate(candidates):
        if name := series(candidate.name):
            members.setdefault(name, []).append(i)
    found = np.zeros(len(candidates))
    for places in members.values():
        order = sorted(places, key=lambda i: (_omim_number(candidates[i]), candidates[i].id))
        found[order] = -np.log1p(np.arange(len(order)))
    return found


def _omim_number(candidate: Candidate) -> float:
    """Infinity for what OMIM does not have."""
    catalogue, _, number = candidate.id.partition(":")
    return float(number) if catalogue == "OMIM" else np.inf


def _resemblance(candidates: Sequence[Candidate], terms: Terms, profiles: sparse.csr_matrix) -> np.ndarray:
    """simGIC of the candidate's own findings and its mate's (Pesquita et al. 2008, BMC Bioinformatics 9(S5):S4)."""
    families = ((profiles > 0).astype(np.float32) @ terms.ancestors) > 0
    content = families.multiply(terms.content[np.newaxis, :]).tocsr()
    sizes = np.asarray(content.sum(axis=1)).ravel()
    found = np.zeros(len(candidates))
    for j, candidate in enumerate(candidates):
        if candidate.mate is None or candidate.mate in candidate.own:
            continue
        mate = families[candidate.mate]
        found[j] = max(_simgic(content[i], mate, sizes[i], sizes[candidate.mate]) for i in candidate.own)
    return found


def _simgic(content: sparse.csr_matrix, family: sparse.csr_matrix, size: float, other: float) -> float:
    shared = float(content.multiply(family).sum())
    union = float(size + other - shared)
    return shared / union if union > 0 else 0.0
