"""Encounters with their patients: one row for each Encounter resource."""

import ibis
import ibis.expr.types as ir

from raretriage.fhir import visit_classes
from raretriage.ingest.relations.expressions import (
    CARRIED,
    DUPLICATE,
    QUARANTINED,
    UNUSED,
    date_of,
    is_malformed_date,
    no_text,
    referenced_id,
)

_DID_NOT_HAPPEN = ("cancelled", "entered-in-error", "planned")
_SEXES = ("female", "male", "other")


def patient_faults(patients: ir.Table) -> ir.Table:
    """Values of good Patients that cannot be read: the patient stays, the value is missing."""
    good = patients.filter(patients.fault.isnull())
    births = good.filter(is_malformed_date(good.birthDate)).select(
        "file", "line", rule=ibis.literal("not_a_date"), field=ibis.literal("birthDate"), value="birthDate"
    )
    known = (*_SEXES, "unknown")
    sexes = good.filter(good.gender.notnull() & good.gender.notin(known)).select(
        "file", "line", rule=ibis.literal("unknown_code"), field=ibis.literal("gender"), value="gender"
    )
    return births.union(sexes)


def visits(encounters: ir.Table, patients: ir.Table) -> ir.Table:
    """Encounters joined to their patients, with the outcome as far as the encounter itself decides it.

    An encounter whose patient is not in the export (or is refused) is quarantined: whose it is cannot be known.
    """
    good = patients.filter(patients.fault.isnull())
    home = good.address[0]
    people = good.select(
        found_id=good.id,
        birth_date=date_of(good.birthDate),
        sex=good.gender.isin(_SEXES).ifelse(good.gender, no_text()),
        postcode=home["postalCode"],
        admin_area=home["state"],
        country=home["country"],
    )
    start = encounters.period["start"]
    provider = encounters.serviceProvider
    stays = encounters.mutate(
        patient_id=referenced_id(encounters.subject["reference"], "Patient"),
        start=start,
        encounter_date=date_of(start),
        visit_type=encounters["class"]["code"].cases(*visit_classes().items(), else_=no_text()),
        raw_site=ibis.coalesce(
            referenced_id(provider["reference"], "Organization"), provider["reference"], provider["display"]
        ),
        complaint=encounters.reasonCode[0]["text"],
    )
    joined = stays.left_join(people, stays.patient_id == people.found_id)
    decided = joined.mutate(**_decision(joined))
    return decided.select(
        "file", "line", "outcome", "reason", "field", "value", "patient_id", "encounter_date", "visit_type",
        "raw_site", "complaint", "birth_date", "sex", "postcode", "admin_area", "country",
        encounter_id="id",
    )  # fmt: skip


def _decision(joined: ir.Table) -> dict[str, ir.Value]:
    is_lost = joined.found_id.isnull()
    bad_start = is_malformed_date(joined.start)
    did_not_happen = joined.status.isin(_DID_NOT_HAPPEN).fill_null(False)
    return {
        "outcome": ibis.cases(
            (joined.fault == DUPLICATE, DUPLICATE),
            (joined.fault.notnull(), QUARANTINED),
            (did_not_happen, UNUSED),
            (is_lost | bad_start, QUARANTINED),
            else_=CARRIED,
        ),
        "reason": ibis.cases(
            (joined.fault.notnull(), joined.fault),
            (did_not_happen, "encounter did not take place"),
            (is_lost, "unknown_patient"),
            (bad_start, "not_a_date"),
            else_=no_text(),
        ),
        "field": ibis.cases(
            (joined.fault == "modifier_extension", "modifierExtension"),
            (joined.fault.notnull(), "id"),
            (is_lost, "subject.reference"),
            (bad_start, "period.start"),
            else_=no_text(),
        ),
        "value": ibis.cases(
            (joined.fault.notnull(), joined.id),
            (is_lost, joined.patient_id),
            (bad_start, joined.start),
            else_=no_text(),
        ),
    }


def visits_by_id(all_visits: ir.Table) -> ir.Table:
    """One visit for each encounter id: what a reference to that id means. A usable copy goes before a refused one."""
    known = all_visits.filter(all_visits.encounter_id.notnull() & (all_visits.outcome != DUPLICATE))
    order = ibis.window(
        group_by=[known.encounter_id],
        order_by=[(known.outcome == CARRIED).ifelse(0, 1), known.file, known.line],
    )
    first = known.mutate(copy=ibis.row_number().over(order))
    return first.filter(first["copy"] == 0).select(
        visit_file="file",
        visit_line="line",
        visit_outcome="outcome",
        visit_id="encounter_id",
        visit_patient="patient_id",
        visit_date="encounter_date",
    )
