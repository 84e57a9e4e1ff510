"""What would a generator make that takes each source as it finds it? The mix that every cheat test must catch.

Rare patients straight from the annotations: every annotated finding with its frequency (one without a frequency is
taken for present), under its own term, and nothing else, for annotations know no vital signs, no duration and no other
illness. Common patients straight from the common table, as a questionnaire gives them: every row is asked, so what is
absent is written down too, and everything is measured. Healthy people, beside ill ones who are measured in full,
straight from a health survey: pulse and blood pressure, and no complaint. Who they are is as in the cohort.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from raretriage.cohort import Catalogue
from raretriage.cohort.nuisance import Nuisance
from raretriage.cohort.profiles import Profile
from raretriage.features import Columns, Findings
from raretriage.features.columns import NUMBERS
from raretriage.knowledge import Knowledge
from raretriage.validity.mix import RARE_SHARE, Mix, wide_vocabulary
from raretriage.validity.sample import Sample, Strings, draw_everybody, draw_ill, draw_rare, is_crossed, join, straight
from raretriage.validity.source_terms import uses_of

_KNOWN_TO_ANNOTATIONS = frozenset({"age_years"})
_KNOWN_TO_SURVEYS = frozenset({"age_years", "heart_rate", "systolic_bp", "diastolic_bp"})
"""Of NHANES, as `nhanes_cases` reads it."""


@dataclass(frozen=True, slots=True)
class Description:
    """A disease as its source has it; k findings, arrays of shape (k,)."""

    hpo_id: Strings
    probability: np.ndarray[tuple[int], np.dtype[np.float64]]
    is_asked: bool
    """Whether the source writes down what is absent."""


@dataclass(frozen=True, slots=True)
class OneSided:
    """How many findings a source has to itself."""

    findings: int
    """Different terms in all descriptions."""
    rare_alone: int
    """Of them, those that only rare diseases are described with."""
    common_alone: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def naive_mix(catalogue: Catalogue, knowledge: Knowledge, *, seed: int, ill: int) -> Mix:
    """The naive patients, as many as asked for, with the diseases of the catalogue.

    Raises:
        NothingToCompare: the catalogue's rare profiles are all of one origin.
    """
    known = descriptions(catalogue, knowledge)
    complete = replace(straight(catalogue), nuisance=_complete(catalogue.nuisance))
    rng = np.random.default_rng(seed)
    sick = _naive(draw_ill(complete, seed=seed, ill=ill, rare_share=RARE_SHARE), known, rng)
    rare = _naive(draw_rare(complete, seed=seed + 1, rare=ill), known, rng)
    return Mix(
        name="naive",
        ill=sick,
        rare=rare,
        twins=_naive(draw_rare(complete, seed=seed + 2, rare=ill, twins_only=True), known, rng),
        everybody=_surveyed(draw_everybody(complete, seed=seed + 3, visits=ill)),
        vocabulary=wide_vocabulary(join([sick, rare])),
        uses=uses_of(
            _straight_profiles(catalogue), {disease: found.hpo_id.tolist() for disease, found in known.items()}
        ),
    )


def descriptions(catalogue: Catalogue, knowledge: Knowledge) -> Mapping[str, Description]:
    """Every disease of the catalogue but the crossed ones as its own source describes it, by `Profile.disease`."""
    return {
        profile.disease: _annotated(knowledge, profile.disease)
        if profile.rare
        else Description(
            _objects([finding.hpo_id for finding in profile.findings]),
            np.array([(finding.low + finding.high) / 2 for finding in profile.findings]),
            is_asked=True,
        )
        for profile in _straight_profiles(catalogue)
    }


def one_sided(catalogue: Catalogue, knowledge: Knowledge) -> OneSided:
    """Count the findings that occur in the naive descriptions of rare diseases alone."""
    rare, common = set[str](), set[str]()
    known = descriptions(catalogue, knowledge)
    for profile in _straight_profiles(catalogue):
        (rare if profile.rare else common).update(known[profile.disease].hpo_id.tolist())
    return OneSided(len(rare | common), len(rare - common), len(common - rare))


def _straight_profiles(catalogue: Catalogue) -> list[Profile]:
    """A naive mix knows no rare disease in the words of the table, nor a common one from annotations."""
    return [p for p, crossed in zip(catalogue.profiles, is_crossed(catalogue), strict=True) if not crossed]


def _annotated(knowledge: Knowledge, disease: str) -> Description:
    probability: dict[str, float] = {}
    for annotation in knowledge.annotations(disease):
        if not annotation.excluded and knowledge.is_finding(annotation.hpo_id):
            interval = annotation.interval
            share = 1.0 if interval is None else (interval.low + interval.high) / 2
            probability[annotation.hpo_id] = max(share, probability.get(annotation.hpo_id, 0.0))
    return Description(_objects(list(probability)), np.array(list(probability.values())), is_asked=False)


def _complete(nuisance: Nuisance) -> Nuisance:
    """The same nuisance with nothing unmeasured."""
    missing = nuisance.missing.model_copy(
        update={"all_vitals": (0.0, 0.0), "one_vital": (0.0, 0.0), "pain": (0.0, 0.0), "onset": (0.0, 0.0)}
    )
    return nuisance.model_copy(update={"missing": missing})


def _naive(sample: Sample, known: Mapping[str, Description], rng: np.random.Generator) -> Sample:
    """The same people with the findings of their disease's description, and the rare ones' other fields forgotten."""
    parts = [_found(known[disease], row, rng) for row, disease in enumerate(sample.disease.tolist())]
    columns = sample.columns
    forgotten = {name: np.where(sample.is_rare, np.nan, columns.numbers[name]) for name in NUMBERS}
    kept = {name: columns.numbers[name] for name in _KNOWN_TO_ANNOTATIONS}
    visit_type = columns.categories["visit_type"].copy()
    visit_type[sample.is_rare] = ""
    findings = Findings(
        row=np.concatenate([part.row for part in parts]),
        hpo_id=np.concatenate([part.hpo_id for part in parts]),
        observed=np.concatenate([part.observed for part in parts]),
    )
    made = Columns(
        count=columns.count,
        numbers={**forgotten, **kept},
        categories={**columns.categories, "visit_type": visit_type},
        findings=findings,
    )
    naive = replace(sample, columns=made)
    return replace(naive, undated=np.where(sample.is_rare, naive.observed, 0))


def _surveyed(sample: Sample) -> Sample:
    """The same people; of the healthy only what a health survey measures."""
    columns, is_healthy = sample.columns, sample.disease == ""
    forgotten = {
        name: values if name in _KNOWN_TO_SURVEYS else np.where(is_healthy, np.nan, values)
        for name, values in columns.numbers.items()
    }
    visit_type = np.where(is_healthy, "", columns.categories["visit_type"])
    found, kept = columns.findings, ~is_healthy[columns.findings.row]
    findings = Findings(row=found.row[kept], hpo_id=found.hpo_id[kept], observed=found.observed[kept])
    categories = {**columns.categories, "visit_type": visit_type}
    return replace(sample, columns=Columns(columns.count, forgotten, categories, findings))


def _found(description: Description, row: int, rng: np.random.Generator) -> Findings:
    is_present = rng.random(len(description.probability)) < description.probability
    is_written = is_present | description.is_asked
    return Findings(
        row=np.full(int(is_written.sum()), row, dtype=np.int64),
        hpo_id=description.hpo_id[is_written],
        observed=is_present[is_written],
    )


def _objects(values: Sequence[str]) -> Strings:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
