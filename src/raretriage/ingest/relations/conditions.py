"""Conditions: the diagnosis of an encounter, and what the patient had before it."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import (
    CARRIED,
    DUPLICATE,
    PLACE,
    QUARANTINED,
    UNUSED,
    VISIT,
    date_of,
    no_text,
    referenced_id,
)

_WITHDRAWN = ("entered-in-error", "refuted")
_NO_LABEL = ("provisional", "differential", "unconfirmed")
_ACTIVE = ("active", "recurrence", "relapse")
MOST_COUNTED = 5


def diagnosis_codes(conditions: ir.Table) -> ir.Table:
    """(file, line, system, code), one row a coding of every Condition that counts."""
    good = conditions.filter(conditions.fault.isnull())
    coded = good.select(*PLACE, coding=good.code["coding"].unnest())
    return coded.select(*PLACE, system=coded.coding["system"], code=coded.coding["code"])


def usable_conditions(conditions: ir.Table, codings: ir.Table, systems: ir.Table) -> ir.Table:
    """Conditions with one code each and what else is needed, and an outcome (`carried`: may be used).

    Args:
        systems: (system, code, rank, diagnosis_system, diagnosis_code, is_rare). A lower rank is preferred; rows
            without a diagnosis_system are codes that count as a comorbidity but are no label.
    """
    ranked = codings.inner_join(systems, ["system", "code"])
    order = ibis.window(group_by=[ranked.file, ranked.line], order_by=[ranked["rank"], ranked.code])
    best = ranked.mutate(place_in_order=ibis.row_number().over(order))
    best = best.filter(best.place_in_order == 0).select(
        at_file="file", at_line="line", rank="rank", named_system="diagnosis_system", named_code="diagnosis_code",
        is_rare="is_rare", key=best.system.fill_null("").concat("|", best.code),
    )  # fmt: skip
    joined = conditions.left_join(best, [conditions.file == best.at_file, conditions.line == best.at_line])
    verification = joined.verificationStatus["coding"][0]["code"]
    withdrawn = verification.isin(_WITHDRAWN).fill_null(False)
    category = joined.category[0]["coding"][0]["code"]
    return joined.select(
        *PLACE, "key", "rank", "named_system", "named_code", "is_rare",
        patient_id=referenced_id(joined.subject["reference"], "Patient"),
        encounter_id=referenced_id(joined.encounter["reference"], "Encounter"),
        is_diagnosis=(category.isnull() | (category == "encounter-diagnosis"))
        & verification.notin(_NO_LABEL).fill_null(True),
        clinical=joined.clinicalStatus["coding"][0]["code"],
        began=ibis.coalesce(date_of(joined.onsetDateTime), date_of(joined.recordedDate)),
        ended=date_of(joined.abatementDateTime),
        recorded=date_of(joined.recordedDate),
        condition_id=joined.id,
        outcome=ibis.cases(
            (joined.fault == DUPLICATE, DUPLICATE),
            (joined.fault.notnull(), QUARANTINED),
            (withdrawn | joined.key.isnull(), UNUSED),
            else_=CARRIED,
        ),
        reason=ibis.cases(
            (joined.fault.notnull(), joined.fault),
            (withdrawn, "withdrawn by the sender"),
            (joined.key.isnull(), "condition without a code"),
            else_=no_text(),
        ),
    )  # fmt: skip


def diagnoses(usable: ir.Table, visits_of_ids: ir.Table) -> ir.Table:
    """The diagnosis of each visit: the best coded, then the first recorded, of those that name the encounter."""
    named = usable.filter((usable.outcome == CARRIED) & usable.is_diagnosis & usable.named_system.notnull())
    own = named.inner_join(visits_of_ids, named.encounter_id == visits_of_ids.visit_id)
    is_same = (own.patient_id == own.visit_patient).fill_null(True)
    own = own.filter(is_same | (own.visit_outcome != CARRIED))
    order = ibis.window(
        group_by=[own.visit_file, own.visit_line],
        order_by=[own["rank"], own.recorded.asc(nulls_first=False), own.file, own.line],
    )
    first = own.mutate(place_in_order=ibis.row_number().over(order))
    return first.filter(first.place_in_order == 0).select(
        *PLACE, *VISIT, "key", "recorded", "is_rare", diagnosis_system="named_system", diagnosis_code="named_code"
    )  # fmt: skip


def condition_links(usable: ir.Table, visits_of_ids: ir.Table, chosen: ir.Table) -> ir.Table:
    """(file, line, visit, key): which Condition was there before which visit of the same patient.

    Active before the encounter: begun (else recorded) before its day, and ended on or after it or still active. A
    Condition that names this very encounter, or has the code of its diagnosis, is left out: it would tell the label.
    """
    own = chosen.select(own_file="visit_file", own_line="visit_line", own_key="key")
    stays = visits_of_ids.filter((visits_of_ids.visit_outcome == CARRIED) & visits_of_ids.visit_date.notnull())
    stays = stays.left_join(own, [stays.visit_file == own.own_file, stays.visit_line == own.own_line])
    known = usable.filter((usable.outcome == CARRIED) & usable.began.notnull())
    pairs = known.inner_join(stays, known.patient_id == stays.visit_patient)
    still_there = ibis.cases(
        (pairs.ended.notnull(), pairs.ended >= pairs.visit_date), else_=pairs.clinical.fill_null("active").isin(_ACTIVE)
    )
    names_it = (pairs.encounter_id == pairs.visit_id).fill_null(False)
    is_own = (pairs.key == pairs.own_key).fill_null(False)
    before = pairs.filter((pairs.began < pairs.visit_date) & still_there & ~names_it & ~is_own)
    return before.select(*PLACE, *VISIT, "key")


def comorbidities(links: ir.Table) -> ir.Table:
    """One row a visit: the number of different conditions, at most 5."""
    counted = links.group_by(*VISIT).agg(found=links.key.nunique())
    return counted.select(*VISIT, comorbidity=ibis.least(counted.found, MOST_COUNTED).cast("float64"))
