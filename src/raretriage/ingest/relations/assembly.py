"""All parts of an encounter in one row, in the columns of `privacy.schemas.IDENTIFIED`."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.labels import with_labels
from raretriage.ingest.relations.expressions import CARRIED, VISIT, date_of, no_text


def assemble(
    visits: ir.Table,
    vitals: ir.Table,
    judged: ir.Table,
    chosen_diagnoses: ir.Table,
    comorbidity: ir.Table | None,
    carried: ir.Table,
    vital_fields: tuple[str, ...],
) -> ir.Table:
    """One row for each visit that may land.

    Args:
        vitals: from `vitals_of_visits`. judged: from `judge_statements`. comorbidity: from `comorbidities`, or None
            where the source has no Condition at all: then nothing is known of earlier illness, and it stays missing.
        carried: (visit, carried): how many records besides the Encounter the row stands for.
    """
    rows = visits.filter(visits.outcome == CARRIED)
    said = judged.filter(judged.outcome == CARRIED)
    for part in (vitals, _findings(said), _said(said), _diagnosed(chosen_diagnoses), carried):
        rows = _with(rows, part)
    if comorbidity is None:
        rows = rows.mutate(comorbidity=ibis.null("float64"))
    else:
        rows = _with(rows, comorbidity)
        known = rows.encounter_date.notnull()
        rows = rows.mutate(comorbidity=known.ifelse(rows.comorbidity.fill_null(0.0), ibis.null("float64")))
    return with_labels(
        rows.select(
            "file",
            "line",
            *vital_fields,
            "birth_date",
            "encounter_date",
            "raw_site",
            "postcode",
            "admin_area",
            "country",
            "complaint",
            "sex",
            "visit_type",
            "comorbidity",
            "phenotypes",
            "diagnosis_system",
            "diagnosis_code",
            "said_state",
            "state_date",
            "said_rare",
            "rare_date",
            "coded_rare",
            "coded_date",
            raw_encounter_id="encounter_id",
            raw_patient_id="patient_id",
            age_years=ibis.null("float64"),
            pregnant=rows.pregnant.fill_null("unknown"),
            days=ibis.coalesce(rows.days, rows.longest_days).cast("float64"),
            records=rows.carried.fill_null(0) + 1,
        )
    )


def _with(rows: ir.Table, part: ir.Table) -> ir.Table:
    return rows.left_join(part, [rows.file == part.visit_file, rows.line == part.visit_line]).drop(*VISIT)


def _findings(said: ir.Table) -> ir.Table:
    """The findings of each visit as a list in the order of their ids, so that equal content is equal bytes."""
    found = said.filter(said.use == "finding")
    status = (found.meaning == "present").ifelse("observed", "excluded")
    onset = (status == "observed").ifelse(found.onset_days.cast("float64"), ibis.null("float64"))
    item = ibis.struct({"hpo_id": found.target, "status": status, "onset_days": onset})
    return found.group_by(*VISIT).agg(
        phenotypes=item.collect(order_by=found.target),
        longest_days=onset.max(),
    )


def _said(said: ir.Table) -> ir.Table:
    issued = date_of(said.issued)
    is_state, is_rare = said.use == "state", said.use == "rare"
    return said.group_by(*VISIT).agg(
        days=said.onset_days.max(where=said.use == "onset"),
        pregnant=said.meaning.max(where=said.use == "pregnancy").cases(
            ("pregnant", "yes"), ("not_pregnant", "no"), else_=no_text()
        ),
        said_state=said.meaning.max(where=is_state),
        state_date=issued.max(where=is_state),
        said_rare=said.meaning.max(where=is_rare).cases(("true", True), ("false", False), else_=ibis.null("boolean")),
        rare_date=issued.max(where=is_rare),
    )


def _diagnosed(chosen: ir.Table) -> ir.Table:
    return chosen.select(*VISIT, "diagnosis_system", "diagnosis_code", coded_rare="is_rare", coded_date="recorded")
