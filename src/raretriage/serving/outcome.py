"""A decision and what stands behind it, in the words of the wire and of the log."""

from raretriage.bucket import MODEL_FILE, Environment, Manifest
from raretriage.domain import Decision, Presentation, RareFlag, Refusal
from raretriage.serving.helpful import findings_would_help
from raretriage.serving.log.chain import Json
from raretriage.serving.model_store import ServedModel
from raretriage.serving.texts import bilingual
from raretriage.serving.wire import Bilingual, DecisionOut, DifferentialOut, ModelOut, RedFlagRule


def logged_differential(found: DifferentialOut | None) -> Json:
    """Enough to tell which list was shown."""
    if found is None:
        return None
    return {
        "version": found.version,
        "diseases": [one.id for one in found.diseases],
        "with_prior": found.with_prior,
        "prevalence_weight": found.prevalence_weight,
    }


def differential_out(
    served: ServedModel | None, decision: Decision, presentation: Presentation
) -> DifferentialOut | None:
    """Only where a rare disease is compatible or was not ruled out: who has none needs no list of them."""
    if served is None or served.scorer.differential is None or decision.rare is RareFlag.NO:
        return None
    return served.scorer.differential.of(presentation)


def advice_of(decision: Decision, manifest: Manifest | None) -> Bilingual | None:
    """Why rare was not assessed; findings are asked for only where this model has a promise to give for them."""
    if decision.rare is not RareFlag.NOT_ASSESSED:
        return None
    if manifest is None:
        return bilingual("advice.fallback")
    if decision.outside:
        return bilingual("advice.outside")
    if decision.few_findings:
        return bilingual("advice.few_findings")
    return bilingual("advice.findings" if findings_would_help(decision, manifest) else "advice.tier")


def model_out(served: ServedModel, environment: Environment) -> ModelOut:
    manifest = served.scorer.manifest
    return ModelOut(
        name=manifest.name,
        version=manifest.version,
        sha256=manifest.files[MODEL_FILE].sha256,
        environment=environment,
        created=manifest.created,
        simulated=manifest.data.simulated,
    )


def decision_out(decision: Decision, manifest: Manifest | None, asked: tuple[str, ...]) -> DecisionOut:
    given = manifest.certificates.get(decision.tier) if manifest else None
    return DecisionOut(
        state=decision.state,
        unsure=decision.unsure,
        states=decision.states,
        rare=decision.rare,
        review=decision.review,
        tier=decision.tier,
        certificate=decision.certificate,
        refusal=given.reason if isinstance(given, Refusal) else None,
        red_flags=decision.red_flags,
        red_flag_rules=tuple(RedFlagRule(flag=one.flag, rule=one.rule, source=one.source) for one in decision.alarms),
        outside=tuple("age" if name == "age_years" else name for name in decision.outside),
        few_findings=decision.few_findings,
        helpful_findings=asked,
    )
