"""Which rare diseases fit, in the words of the wire: the ranking, what each finding weighs, and what to ask next."""

from collections.abc import Sequence
from dataclasses import dataclass

from raretriage.differential import (
    LEADING,
    Explained,
    Explainer,
    Met,
    NothingToRank,
    Onset,
    Patient,
    Question,
    Ranker,
    next_questions,
)
from raretriage.domain import FindingStatus, Phenotype, Presentation
from raretriage.knowledge import Knowledge
from raretriage.serving.labels import finding_label
from raretriage.serving.wire import (
    DifferentialOut,
    EvidenceOut,
    ExcludedOut,
    MetOut,
    QuestionOut,
    RankedDisease,
)

SHOWN = 10
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Differential:
    """A loaded ranking with its knowledge. Safe for several threads."""

    version: str
    ranker: Ranker
    explainer: Explainer
    knowledge: Knowledge

    def of(
        self,
        told: Presentation,
        *,
        onset: Onset | None = None,
        limit: int = SHOWN,
        with_prior: bool = True,
        prevalence_weight: float = 0.0,
    ) -> DifferentialOut | None:
        """The diseases that are not common, best first; None where no finding is observed.

        Args:
            told: its findings with current ids.
        """
        observed = [p for p in told.phenotypes if p.status is FindingStatus.OBSERVED]
        patient = Patient(
            observed=tuple(p.hpo_id for p in observed),
            excluded=tuple(p.hpo_id for p in told.phenotypes if p.status is FindingStatus.EXCLUDED),
            age_years=_begun_by(told.age_years, observed),
            onset=onset,
            sex=told.sex,
        )
        try:
            ranking = self.ranker.rank(patient, with_prior=with_prior, prevalence_weight=prevalence_weight)
        except NothingToRank:
            return None
        candidates = self.ranker.arrays.candidates
        best = [i for i in ranking.top(4 * max(limit, LEADING)) if self._is_shown(candidates[i].id)]
        questions = next_questions(patient, ranking, self.explainer, leading=best[:LEADING])
        explained = self.explainer.explain(patient, ranking, best[:limit])
        return DifferentialOut(
            diseases=tuple(self._disease(one) for one in explained),
            questions=tuple(self._question(one) for one in questions),
            compared=len(candidates),
            knowledge=self.knowledge.version,
            version=self.version,
            with_prior=with_prior,
            prevalence_weight=prevalence_weight,
        )

    def _is_shown(self, disease: str) -> bool:
        """A list of rare diseases names no common one; where the rule gives no verdict it stays."""
        return self.knowledge.is_rare(disease) is not False

    def _disease(self, one: Explained) -> RankedDisease:
        known = [d for entry in one.entries if (d := self.knowledge.disease(entry)) is not None]
        return RankedDisease(
            place=one.place,
            id=one.id,
            name=one.name,
            entries=one.entries,
            held_by=one.umbrellas,
            is_rare=one.is_rare,
            definition=next((d.definition for d in known if d.definition), None),
            icd10=tuple(sorted({code for d in known for code in d.icd10})),
            score=one.score,
            posterior=one.posterior,
            evidence=tuple(
                EvidenceOut(
                    hpo_id=e.hpo_id,
                    label=finding_label(e.hpo_id, self.knowledge),
                    log_likelihood_ratio=e.log_likelihood_ratio,
                    met=self._met(e.met),
                )
                for e in one.evidence
            ),
            onset=one.onset,
            sex=one.sex,
            prior=one.prior,
            prevalence=one.prevalence,
            excluded=tuple(
                ExcludedOut(hpo_id=hpo_id, label=finding_label(hpo_id, self.knowledge), met=self._met(met))
                for hpo_id, met in one.excluded
            ),
        )

    def _met(self, met: Met) -> MetOut:
        return MetOut(
            relation=met.relation,
            hpo_id=met.hpo_id,
            label=None if met.hpo_id is None else finding_label(met.hpo_id, self.knowledge),
            entry=met.entry,
            frequency=met.frequency,
            share=met.share,
            reference=met.reference,
        )

    def _question(self, question: Question) -> QuestionOut:
        return QuestionOut(
            hpo_id=question.hpo_id,
            label=finding_label(question.hpo_id, self.knowledge),
            information_gain_bits=question.information_gain,
            speaks_for=question.speaks_for,
            speaks_for_name=self.knowledge.disease_name(question.speaks_for) or question.speaks_for,
        )


def _begun_by(age_years: float | None, observed: Sequence[Phenotype]) -> float | None:
    """The age at the earliest finding whose beginning is known, else the age at the visit."""
    if age_years is None:
        return None
    longest = max((p.onset_days for p in observed if p.onset_days is not None), default=0.0)
    return max(0.0, age_years - longest / _DAYS_A_YEAR)
