"""All tables of a study, from the encounters of a lake version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from raretriage.features import FeatureContract
from raretriage.knowledge import Knowledge
from raretriage.study.bench import Answered, Bench, Variant
from raretriage.study.imbalance import KIND, cost_thresholds, remedies
from raretriage.study.kinds import LEFT_OUT, kinds, structures
from raretriage.study.search import SearchResult, search
from raretriage.study.tables import StudyRow, StudyTable, bootstrap, rare_figures, state_figures
from raretriage.study.transfer import few_labels
from raretriage.training.candidates import Head
from raretriage.training.config import TrainingConfig
from raretriage.training.evaluation import FloatArray
from raretriage.training.inputs import tier_inputs
from raretriage.training.remeasure import draw_again
from raretriage.training.selection import choose
from raretriage.training.splits import patient_folds

RULE = "the best mean over the folds, or a simpler one (higher in the table) within one standard error of it"


@dataclass(frozen=True, slots=True)
class Study:
    """What was compared, and what the search found."""

    tables: tuple[StudyTable, ...]
    search: SearchResult | None

    def as_json(self) -> dict[str, object]:
        found = self.search
        return {
            "tables": [table.as_json() for table in self.tables],
            "search": None
            if found is None
            else {
                "trials": [{"roc_auc": value, **parameters} for value, parameters in found.trials],
                "best": dict(found.best),
                "value": found.value,
                "gain": found.gain,
            },
        }


def steps(folds: int) -> int:
    """How many units `run_study` reports to `progress`, without the search."""
    return folds * (2 * len(kinds()) + len(structures(KIND)) + len(remedies()) + 3)


def run_study(
    encounters: pa.Table,
    *,
    contract: FeatureContract,
    knowledge: Knowledge,
    config: TrainingConfig,
    trials: int,
    seconds: float,
    progress: Callable[[int], object] = lambda _n: None,
) -> Study:
    """Compare everything on the folds of the fit patients; calibration and test patients are not looked at.

    Args:
        encounters: the lake version that a model is trained from.
        contract: of a model trained from it: the vocabulary of its fit patients.
        knowledge: rolls findings up, and is what the transfer learns from.
        config: says which patients are fit patients.
        trials, seconds: the search's budget; no trial, no search.
        progress: called with the number of steps newly done.
    """
    drawn = draw_again(encounters, contract=contract, ontology=knowledge, config=config)
    fit = drawn.fit
    bench = Bench(
        rows=fit,
        inputs=tier_inputs(fit.columns, drawn.encoder),
        contract=contract,
        folds=patient_folds(fit, folds=config.folds, seed=config.seed),
        seed=config.seed,
        workers=config.workers,
        progress=progress,
    )
    table = _Tables(bench, config)
    few = few_labels(knowledge, contract, seed=config.seed)
    tables = (
        table.of("Kinds of model, rare head", kinds(), "rare", notes=LEFT_OUT),
        table.of("Kinds of model, state head", kinds(), "state"),
        table.of("State head: one question or two", structures(KIND), "state"),
        *table.remedies(),
        table.of("Few labelled cases, rare head", few, "rare", notes=(_FLATTERED,)),
    )
    quiet = replace(bench, progress=lambda _n: None)
    found = search(quiet, trials=trials, seconds=seconds, progress=progress) if trials else None
    return Study(tables, found)


_FLATTERED = "the simulated patients rest on the same annotations as the transfer: real ones may gain less"


@dataclass(frozen=True, slots=True)
class _Tables:
    bench: Bench
    config: TrainingConfig

    def of(self, title: str, variants: Sequence[Variant], head: Head, *, notes: tuple[str, ...] = ()) -> StudyTable:
        """Variants of one head, each compared with the first."""
        answers = {variant.name: self.bench.answer(variant, head) for variant in variants}
        return self._table(title, variants, answers, head, notes)

    def remedies(self) -> tuple[StudyTable, StudyTable]:
        """The remedies, and thresholds by cost for the model without any."""
        variants = remedies()
        answers = {variant.name: self.bench.answer(variant, "rare") for variant in variants}
        table = self._table("Imbalance, rare head (LightGBM)", variants, answers, "rare", ())
        untreated = answers[variants[0].name]
        weights = self._weights(untreated)
        costs = tuple(StudyRow(name, figures, 0.0) for name, figures in cost_thresholds(untreated.scored, weights))
        priced = StudyTable(
            title="Thresholds by cost instead of a certificate, no remedy",
            rows=costs,
            n=len(untreated.scored.state),
            chosen="none: the certificate sets the threshold",
            rule="a promise on sensitivity comes before cost",
        )
        return table, priced

    def _table(
        self,
        title: str,
        variants: Sequence[Variant],
        answers: dict[str, Answered],
        head: Head,
        notes: tuple[str, ...],
    ) -> StudyTable:
        first = answers[variants[0].name].scored
        weights = self._weights(answers[variants[0].name])
        figures = rare_figures if head == "rare" else state_figures
        rows = tuple(
            StudyRow(
                name=variant.name,
                figures=figures(answers[variant.name].scored, weights, first),
                seconds=answers[variant.name].seconds,
                note="; ".join(filter(None, (variant.note, variant.barred.get(head)))),
            )
            for variant in variants
        )
        eligible = {
            v.name: [f.roc_auc_rare if head == "rare" else f.f1_state for f in answers[v.name].folds]
            for v in variants
            if not v.barred.get(head)
        }
        return StudyTable(title, rows, len(first.state), choose(eligible), RULE, notes)

    def _weights(self, answered: Answered) -> FloatArray:
        return bootstrap(answered.scored, draws=self.config.draws, seed=self.config.seed)
