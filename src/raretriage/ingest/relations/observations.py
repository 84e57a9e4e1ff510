"""Observations: what each is used for, and which encounter it belongs to."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import CARRIED, DUPLICATE, QUARANTINED, UNUSED, no_text, referenced_id

_WITHDRAWN = ("entered-in-error", "cancelled")


def codings_of(observations: ir.Table) -> ir.Table:
    """(file, line, system, code), one row a coding of every Observation that counts."""
    good = observations.filter(observations.fault.isnull())
    coded = good.select("file", "line", coding=good.code["coding"].unnest())
    return coded.select("file", "line", system=coded.coding["system"], code=coded.coding["code"])


def component_codings(observations: ir.Table) -> ir.Table:
    """(file, line, system, code, value, unit), one row a coding of a component of an Observation that counts."""
    good = observations.filter(observations.fault.isnull())
    parts = good.select("file", "line", part=good.component.unnest())
    quantity = parts.part["valueQuantity"]
    coded = parts.select(
        "file",
        "line",
        value=quantity["value"],
        unit=ibis.coalesce(quantity["code"], quantity["unit"]),
        coding=parts.part["code"]["coding"].unnest(),
    )
    return coded.select("file", "line", "value", "unit", system=coded.coding["system"], code=coded.coding["code"])


def best_concepts(codings: ir.Table, concepts: ir.Table) -> ir.Table:
    """(file, line, concept): the best concept among the codings of each Observation; `concepts` is in that order."""
    joined = codings.inner_join(concepts, ["system", "code"])
    return joined.group_by("file", "line").agg(concept=joined.concept.min())


def linked_observations(
    observations: ir.Table, best: ir.Table, concepts: ir.Table, visits_of_ids: ir.Table
) -> ir.Table:
    """Observations with their use and their visit, and the outcome as far as code and links decide it.

    `carried` here means: belongs to a visit; whether its value is good and wanted is decided by
    `judge_readings` and `judge_statements`, and for a quarantined visit not at all.
    """
    meanings = concepts.select(found="concept", use="use", target="target", found_code="code")
    links = observations.mutate(
        encounter_ref=referenced_id(observations.encounter["reference"], "Encounter"),
        subject_ref=referenced_id(observations.subject["reference"], "Patient"),
    )
    used = best.inner_join(meanings, best.concept == meanings.found).select(
        at_file="file", at_line="line", use="use", target="target", found_code="found_code"
    )
    coded = links.left_join(used, [links.file == used.at_file, links.line == used.at_line])
    joined = coded.left_join(visits_of_ids, coded.encounter_ref == visits_of_ids.visit_id)
    return joined.mutate(**_decision(joined)).drop("at_file", "at_line", "content", "modified", "modifierExtension")


def _decision(joined: ir.Table) -> dict[str, ir.Value]:
    withdrawn = joined.status.isin(_WITHDRAWN).fill_null(False)
    unknown_finding = (joined.use == "unknown_finding").fill_null(False)
    # Where the encounter itself is refused, its patient is what is wrong, and the record only follows.
    other_subject = ((joined.subject_ref != joined.visit_patient) & (joined.visit_outcome == CARRIED)).fill_null(False)
    return {
        "outcome": ibis.cases(
            (joined.fault == DUPLICATE, DUPLICATE),
            (joined.fault.notnull(), QUARANTINED),
            (withdrawn | joined.use.isnull(), UNUSED),
            (unknown_finding, QUARANTINED),
            (joined.visit_id.isnull(), UNUSED),
            (other_subject, QUARANTINED),
            (joined.visit_outcome == UNUSED, UNUSED),
            else_=CARRIED,
        ),
        "reason": ibis.cases(
            (joined.fault.notnull(), joined.fault),
            (withdrawn, "withdrawn by the sender"),
            (joined.use.isnull(), "code not used"),
            (unknown_finding, "unknown_hpo_id"),
            (joined.encounter_ref.isnull(), "observation without encounter"),
            (joined.visit_id.isnull(), "encounter not in the export"),
            (other_subject, "subject_mismatch"),
            (joined.visit_outcome == UNUSED, "encounter did not take place"),
            else_=no_text(),
        ),
        "field": ibis.cases(
            (joined.fault == "modifier_extension", "modifierExtension"),
            (joined.fault.notnull(), "id"),
            (unknown_finding, "code.coding.code"),
            (other_subject, "subject.reference"),
            else_=no_text(),
        ),
        "value": ibis.cases(
            (joined.fault.notnull(), joined.id),
            (unknown_finding, joined.found_code),
            (other_subject, joined.subject_ref),
            else_=no_text(),
        ),
    }


def observation_outcomes(linked: ir.Table, judged: ir.Table) -> ir.Table:
    """The outcome of every Observation but for that of its visit: (file, line, outcome, reason, visit).

    Args:
        judged: (file, line, outcome, reason) of those whose value was looked at.
    """
    verdicts = judged.select(at_file="file", at_line="line", verdict="outcome", why="reason")
    joined = linked.left_join(verdicts, [linked.file == verdicts.at_file, linked.line == verdicts.at_line])
    is_open = (joined.outcome == CARRIED) & (joined.visit_outcome == CARRIED)
    return joined.select(
        "file",
        "line",
        "visit_file",
        "visit_line",
        outcome=is_open.ifelse(joined.verdict.fill_null(UNUSED), joined.outcome),
        reason=is_open.ifelse(joined.verdict.isnull().ifelse("without a value", joined.why), joined.reason),
    )
