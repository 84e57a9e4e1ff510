"""Does a model's answer follow the disease or the source? Its errors on the bridge set, which crosses the two.

In training most common diseases are written by the common table and most rare ones come from annotations, so class and
source are nearly one. On the bridge they change places: common diseases come from annotations, rare ones are written as
the common table is. With fresh patients of the training catalogue's other diseases that makes four corners; within one
source only the class differs, and within one class only the source.

Intervals are 95 % percentile intervals of a bootstrap by disease.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from raretriage.bucket import Metric
from raretriage.cohort import Catalogue
from raretriage.cohort.profiles import Origin
from raretriage.domain import InputTier
from raretriage.features import Encoder, FeatureContract, ModelInput
from raretriage.knowledge import Knowledge, wilson_interval
from raretriage.training import weighted
from raretriage.validity.sample import Bools, Floats, Sample, draw_ill
from raretriage.validity.telling import DRAWS

SPLIT: Literal["bridge"] = "bridge"
_RARE_SHARE = 0.5

Scorer = Callable[[ModelInput], tuple[Floats, Floats | None]]
"""Model input of n visits to the rare probability, shape (n,), and the states' in the order of `State`, shape (n, 4);
None for a model without them."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One figure with its interval and the number of visits behind it."""

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class DiseaseRate:
    """One disease of the bridge set: how many of its visits were taken for rare. Wilson's interval at 95 %."""

    disease: str
    name: str
    rare: bool
    flagged: int
    n: int
    low: float
    high: float

    @property
    def wrong(self) -> float:
        """Share of visits answered wrongly: flagged where common, not flagged where rare."""
        return self.flagged / self.n if not self.rare else 1 - self.flagged / self.n


@dataclass(frozen=True, slots=True)
class BridgeReport:
    """What a model does on the bridge set, beside what it does on the diseases that it was trained on."""

    threshold: float
    rates: tuple[Rate, ...]
    diseases: tuple[DiseaseRate, ...]
    """The worst first."""

    def metrics(self) -> tuple[Metric, ...]:
        """The rates as the model card shows figures."""
        return tuple(
            Metric(
                name=rate.name,
                split=SPLIT,
                tier=InputTier.FINDINGS,
                value=rate.value,
                low=rate.low,
                high=rate.high,
                n=rate.n,
            )
            for rate in self.rates
        )

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "diseases": [{**asdict(row), "wrong": row.wrong} for row in self.diseases]}


def measure_bridge(
    score: Scorer,
    threshold: float,
    contract: FeatureContract,
    *,
    training: Catalogue,
    bridge: Catalogue,
    knowledge: Knowledge,
    seed: int,
    visits: int = 4_000,
) -> BridgeReport:
    """Score fresh patients of the bridge set and of the training catalogue.

    Args:
        score: the model.
        threshold: a visit with a rare probability of at least this is flagged.
        contract: what the model's input looks like.
        training: the catalogue whose cohort the model was trained on.
        bridge: the catalogue of the bridge set.
        knowledge: the one that the contract names; rolls findings up.
        seed: of patients and bootstrap; not that of the training cohort, so that the patients are others.
        visits: ill visits to draw of each catalogue; those with a finding are measured.
    """
    encoder = Encoder(contract, knowledge)
    new, known = (
        _Answers.of(
            score, threshold, encoder, _with_findings(draw_ill(c, seed=seed, ill=visits, rare_share=_RARE_SHARE))
        )
        for c in (bridge, training)
    )
    rng = np.random.default_rng(seed)
    rates = (*_errors(new, known, rng), *_corners(new, known, rng), *_states(new, known, rng))
    return BridgeReport(threshold, rates, _by_disease(bridge, new))


@dataclass(frozen=True, slots=True)
class _Answers:
    sample: Sample
    rare: Floats
    is_flagged: Bools
    is_right_state: Bools | None

    @classmethod
    def of(cls, score: Scorer, threshold: float, encoder: Encoder, sample: Sample) -> "_Answers":
        rare, states = score(encoder.encode(sample.columns))
        right = None if states is None else np.asarray(states.argmax(axis=1) == sample.state)
        return cls(sample, rare, np.asarray(rare >= threshold), right)

    @property
    def is_rare(self) -> Bools:
        return self.sample.is_rare

    @property
    def is_straight(self) -> Bools:
        """Described as most of its class are in training."""
        return np.asarray(self.is_rare != (self.sample.origin == Origin.TABLE.value), dtype=np.bool_)


def _with_findings(sample: Sample) -> Sample:
    return sample.take(np.flatnonzero(sample.observed + sample.excluded > 0))


def _errors(new: _Answers, known: _Answers, rng: np.random.Generator) -> Iterator[Rate]:
    """Wrong flags by class, on the bridge set and on diseases that the model knows."""
    common, rare = "false_alerts_common", "missed_rare"
    yield _mean(f"{common}_from_annotations", new.is_flagged, ~new.is_rare, new, rng)
    yield _mean(f"{common}_of_training", known.is_flagged, ~known.is_rare, known, rng)
    yield _mean(f"{rare}_written_as_common", ~new.is_flagged, new.is_rare, new, rng)
    yield _mean(f"{rare}_of_training", ~known.is_flagged, known.is_rare, known, rng)


def _corners(new: _Answers, known: _Answers, rng: np.random.Generator) -> Iterator[Rate]:
    """Who gets the higher score: the rare one of one source, the annotated one of one class.

    Following the disease means: high within a source, near a half within a class.
    """
    yield _auc("roc_auc_rare", _ours(new), _none(known), new, known, rng)
    for name, of_new, of_known in (
        ("roc_auc_rare_within_annotations", ~new.is_rare, known.is_rare & known.is_straight),
        ("roc_auc_rare_within_table", new.is_rare, ~known.is_rare & known.is_straight),
    ):
        yield _auc(name, of_new, of_known, new, known, rng)
    for name, of_new, of_known in (
        ("roc_auc_annotated_within_common", ~new.is_rare, ~known.is_rare & known.is_straight),
        ("roc_auc_annotated_within_rare", new.is_rare, known.is_rare & known.is_straight),
    ):
        yield _auc(name, of_new, of_known, new, known, rng, by_origin=True)


def _states(new: _Answers, known: _Answers, rng: np.random.Generator) -> Iterator[Rate]:
    for name, answers in (("accuracy_state", new), ("accuracy_state_of_training", known)):
        if answers.is_right_state is not None:
            yield _mean(name, answers.is_right_state, _ours(answers), answers, rng)


def _ours(answers: _Answers) -> Bools:
    return np.ones(len(answers.rare), dtype=np.bool_)


def _none(answers: _Answers) -> Bools:
    return np.zeros(len(answers.rare), dtype=np.bool_)


def _mean(name: str, what: Bools, among: Bools, answers: _Answers, rng: np.random.Generator) -> Rate:
    weights = weighted.cluster_weights(answers.sample.group[among], draws=DRAWS, rng=rng)
    return _rate(name, weighted.mean(what[among], weights), int(among.sum()))


def _auc(
    name: str,
    of_new: Bools,
    of_known: Bools,
    new: _Answers,
    known: _Answers,
    rng: np.random.Generator,
    *,
    by_origin: bool = False,
) -> Rate:
    """Of the chosen visits of both samples: rare against the rest, or described by annotations against the rest."""
    chosen = [(new, of_new), (known, of_known)]
    scores = np.concatenate([answers.rare[rows] for answers, rows in chosen])
    group = np.concatenate([answers.sample.group[rows] for answers, rows in chosen])
    positive = np.concatenate(
        [
            (answers.sample.origin[rows] != Origin.TABLE.value) if by_origin else answers.is_rare[rows]
            for answers, rows in chosen
        ]
    )
    weights = weighted.cluster_weights(group, draws=DRAWS, rng=rng)
    return _rate(name, weighted.roc_auc(scores, positive.astype(np.bool_), weights), len(scores))


def _rate(name: str, draws: Floats, n: int) -> Rate:
    low, high = np.nanquantile(draws[1:], [0.025, 0.975])
    return Rate(name, float(draws[0]), float(low), float(high), n)


def _by_disease(bridge: Catalogue, new: _Answers) -> tuple[DiseaseRate, ...]:
    flagged: Mapping[str, Bools] = {
        profile.disease: new.is_flagged[new.sample.disease == profile.disease] for profile in bridge.profiles
    }
    rows = []
    for profile in bridge.profiles:
        own = flagged[profile.disease]
        if len(own):
            interval = wilson_interval(int(own.sum()), len(own))
            rows.append(
                DiseaseRate(
                    disease=profile.disease,
                    name=profile.name,
                    rare=profile.rare,
                    flagged=int(own.sum()),
                    n=len(own),
                    low=interval.low,
                    high=interval.high,
                )
            )
    return tuple(sorted(rows, key=lambda row: (-row.wrong, row.disease)))
