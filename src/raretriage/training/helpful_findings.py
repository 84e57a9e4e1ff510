"""Which findings are worth asking for? Those whose being observed tells most about rare, in each age band.

A finding is worth the mutual information of two yes-or-no answers, observed and rare, in bits (Shannon 1948, Bell Syst
Tech J 27:379). Excluded and not mentioned are one: whether somebody was asked is a fact of the record, which a question
would change, and must earn a finding nothing. The bits are at most what observed, excluded and unknown tell together.
"""

import numpy as np
from scipy.special import rel_entr
from scipy.stats import chi2

from raretriage.bucket import EVERYBODY, HelpfulFinding
from raretriage.domain import InputTier
from raretriage.features import Encoder, age_bands
from raretriage.training.dataset import BoolArray, IntArray, LabelledRows, one_row_each
from raretriage.training.evaluation import FloatArray
from raretriage.training.inputs import reached_tiers

MOST = 8
LEAST_PATIENTS = 20
LEAST_SHARE = 0.01
"""A finding that fewer patients of the band have is one that a clinician will hardly meet."""
LEAST_BY_NAME = 0.5
"""Of the patients who have it. What is mostly told by one of its kinds is a heading: 'abnormal skin morphology' is
nothing to ask a patient for, however much it tells."""
CHANCE = 0.05
"""Of listing any finding in a band where none tells anything."""
ASKED_ANYWAY = frozenset({"HP:0001945", "HP:0012531"})
"""Fever and pain are fields of the form."""


def helpful_findings(fit: LabelledRows, encoder: Encoder) -> dict[str, tuple[HelpfulFinding, ...]]:
    """Up to `MOST` findings for everybody and for each age band, those that tell most first; a band may have none.

    A patient counts once, as for a certificate, and only where a finding is told: of the others nothing is known.

    Args:
        fit: those whom the heads are fitted on, and nobody else.
    """
    bands = age_bands(fit.columns.numbers["age_years"])
    is_told = reached_tiers(fit.columns)[InputTier.FINDINGS]
    groups = {EVERYBODY: is_told} | {str(band): is_told & (bands == band) for band in np.unique(bands) if band}
    rows = {group: one_row_each(fit.patient_id, fit.is_rare, members) for group, members in groups.items()}
    is_question = _are_told_by_name(fit.take(rows[EVERYBODY]), encoder)
    return {group: _of_group(fit.take(members), encoder, is_question) for group, members in rows.items()}


def mutual_information(observed: BoolArray, is_rare: BoolArray) -> FloatArray:
    """Bits that each finding tells about rare, shape (findings,).

    The sum over the four cells of p(x, y) * log2(p(x, y) / (p(x) * p(y))), p being shares of the patients.

    Args:
        observed: shape (patients, findings); at least one patient.
        is_rare: shape (patients,).
    """
    patients, rare = len(is_rare), int(is_rare.sum())
    having = observed.sum(axis=0)
    having_and_rare = observed[is_rare].sum(axis=0)
    # Whole numbers as long as they are subtracted: a cell of nobody must be 0, not 1e-17.
    cells = (
        (having_and_rare, having * rare),
        (having - having_and_rare, having * (patients - rare)),
        (rare - having_and_rare, (patients - having) * rare),
        (patients - having - rare + having_and_rare, (patients - having) * (patients - rare)),
    )
    nats = sum(rel_entr(joint / patients, apart / patients**2) for joint, apart in cells)
    return np.asarray(np.maximum(nats, 0) / np.log(2))


def least_bits(patients: int, findings: int) -> float:
    """What the best of some findings tells by chance at most, but for `CHANCE`.

    Where a finding tells nothing, 2 * n * ln 2 * bits has a chi-squared distribution of one degree (the G-test; Wilks
    1938, Ann Math Stat 9:60); the error is shared by all findings (Bonferroni).
    """
    return float(chi2.isf(CHANCE / max(findings, 1), df=1) / (2 * patients * np.log(2)))


def _of_group(rows: LabelledRows, encoder: Encoder, is_question: BoolArray) -> tuple[HelpfulFinding, ...]:
    patients = len(rows.is_rare)
    if not patients:
        return ()
    observed = _observed(rows, encoder)
    having = observed.sum(axis=0)
    asked = np.flatnonzero(is_question & (having >= max(LEAST_PATIENTS, LEAST_SHARE * patients)))
    bits = mutual_information(observed[:, asked], rows.is_rare)
    telling = bits >= least_bits(patients, len(asked))
    best = np.argsort(-bits, kind="stable")
    return tuple(
        HelpfulFinding(
            hpo_id=encoder.contract.vocabulary[asked[i]],
            bits=float(bits[i]),
            observed=float(observed[:, asked[i]].mean()),
            observed_of_rare=float(observed[rows.is_rare, asked[i]].mean()),
            n=patients,
        )
        for i in _without_kin(best[telling[best]], asked, encoder)
    )


def _without_kin(best: IntArray, asked: IntArray, encoder: Encoder) -> list[int]:
    """The first `MOST` of these places in `asked` of which none is a kind of another."""
    chosen: dict[int, frozenset[int]] = {}
    for i in best:
        finding = int(asked[i])
        implied = frozenset(encoder.settles(encoder.contract.vocabulary[finding], observed=True).tolist())
        if not any(finding in others or int(asked[other]) in implied for other, others in chosen.items()):
            chosen[int(i)] = implied
        if len(chosen) == MOST:
            break
    return list(chosen)


def _observed(rows: LabelledRows, encoder: Encoder) -> BoolArray:
    """Who has which finding of the vocabulary, by itself or by a kind of it; shape (patients, findings)."""
    return np.asarray(encoder.encode(rows.columns).phenotypes > 0)


def _are_told_by_name(rows: LabelledRows, encoder: Encoder) -> BoolArray:
    """Whether those who have a finding are mostly told to have it by its own name; shape (findings,)."""
    vocabulary = encoder.contract.vocabulary
    place = {term: i for i, term in enumerate(vocabulary)}
    findings = rows.columns.findings
    named = {(int(findings.row[i]), findings.hpo_id[i]) for i in np.flatnonzero(findings.observed)}
    by_name = np.bincount([place[term] for _, term in named if term in place], minlength=len(vocabulary))
    having = _observed(rows, encoder).sum(axis=0)
    is_question = by_name >= LEAST_BY_NAME * having
    is_question[[place[term] for term in ASKED_ANYWAY if term in place]] = False
    return np.asarray(is_question)
