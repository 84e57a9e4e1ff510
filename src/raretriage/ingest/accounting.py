"""After landing is decided: the outcome of every record, and every fault that goes to quarantine."""

from collections import Counter
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from raretriage.ingest import relations as r
from raretriage.ingest.engine import Engine
from raretriage.ingest.landing import FAILURES_TABLE, LANDED_TABLE
from raretriage.ingest.problems import PROBLEMS
from raretriage.ingest.rows import TABLE, judged_rows

_COLUMNS = tuple(PROBLEMS.names)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Counts of records by (type, outcome, reason), and the faults with the records that each costs."""

    counts: Counter[tuple[str, str, str]]
    faults: ir.Table


def account_fhir(engine: Engine) -> Accounts:
    """What became of every Patient, Encounter, Condition and Observation."""
    table = engine.table
    visits, usable, diagnoses, by_id = (table(name) for name in ("visits", "usable", "diagnoses", "visits_by_id"))
    final = engine.store("final_visits", r.visit_outcomes(visits, table(LANDED_TABLE)))
    links = r.condition_links(usable, by_id, diagnoses)
    conditions = engine.store("condition_outcomes", r.condition_outcomes(usable, links, diagnoses, final))
    observations = engine.store("final_observations", r.follow_visit(table("observation_outcomes"), final))
    patients = engine.store("patient_outcomes", r.patient_outcomes(table("patient"), final))
    counts = Counter[tuple[str, str, str]]()
    for name, outcomes in (
        ("Patient", patients),
        ("Encounter", final),
        ("Condition", conditions),
        ("Observation", observations),
    ):
        counts.update(_counted(engine, name, outcomes))
    lost = _lost_with_visits(observations, conditions)
    return Accounts(counts, _with_carried(_faults_of_fhir(engine), lost))


def account_rows(engine: Engine, record_type: str) -> Accounts:
    """What became of every CSV row or phenopacket that could be read."""
    rows = judged_rows(engine.table(TABLE))
    landed = engine.table(LANDED_TABLE).select(at_file="file", at_line="line", landing="landing")
    joined = rows.left_join(landed, [rows.file == landed.at_file, rows.line == landed.at_line])
    outcomes = joined.select(
        outcome=ibis.cases(
            (joined.fault == "duplicate", "duplicate"), (joined.fault.notnull(), "quarantined"), else_=joined.landing
        ),
        reason=ibis.null("string"),
    )
    conflicts = rows.filter(rows.fault == "conflict")
    faults = _fault(conflicts, record_type, rule="conflict", field="encounter_id", value=conflicts.raw_encounter_id)
    everything = _union(engine.table("problems"), engine.table(FAILURES_TABLE), faults)
    counts = _counted(engine, record_type, outcomes)
    counts.update(_counted_refusals(engine, record_type))
    return Accounts(counts, everything)


def _counted_refusals(engine: Engine, record_type: str) -> Counter[tuple[str, str, str]]:
    problems = engine.table("problems")
    mine = problems.filter(problems.resource_type == record_type)
    total = engine.fetch(mine.aggregate(n=mine.records.sum().fill_null(0)))["n"][0].as_py()
    return Counter({(record_type, "quarantined", ""): int(total)})


def _counted(engine: Engine, record_type: str, outcomes: ir.Table) -> Counter[tuple[str, str, str]]:
    grouped = outcomes.group_by("outcome", "reason").agg(count=outcomes.count())
    return Counter(
        {
            (record_type, str(row["outcome"]), row["reason"] or ""): int(row["count"])
            for row in engine.fetch(grouped).to_pylist()
        }
    )


def _faults_of_fhir(engine: Engine) -> ir.Table:
    """All faults as `PROBLEMS`, before what each carried is added."""
    table = engine.table
    visits, patients, linked = table("visits"), table("patient"), table("linked")
    usable, said, readings = table("usable"), table("statements"), table("readings")
    lost_visits = visits.filter(visits.outcome == "quarantined")
    bad_patients = patients.filter(patients.fault.notnull() & (patients.fault != "duplicate"))
    odd = r.patient_faults(patients)
    lost_links = linked.filter(linked.outcome == "quarantined")
    lost_conditions = usable.filter(usable.outcome == "quarantined")
    bad_words = said.filter(said.outcome == "quarantined")
    return _union(
        table("problems"),
        table(FAILURES_TABLE),
        _fault(
            bad_patients, "Patient", rule=bad_patients.fault, field=_field_of(bad_patients.fault), value=bad_patients.id
        ),
        _fault(odd, "Patient", rule=odd["rule"], field=odd["field"], value=odd["value"], records=0),
        _named(lost_visits, "Encounter"),
        _named(lost_links, "Observation"),
        _fault(
            lost_conditions, "Condition", rule=lost_conditions.reason, field=_field_of(lost_conditions.reason),
            value=lost_conditions.condition_id,
        ),
        _named(bad_words, "Observation"),
        _of_readings(readings),
    )  # fmt: skip


def _field_of(fault: ir.StringValue) -> ir.StringValue:
    return (fault == "modifier_extension").ifelse("modifierExtension", "id")


def _of_readings(readings: ir.Table) -> ir.Table:
    """Every faulty value of a record; the first one costs the record."""
    bad = readings.filter(readings.fault.notnull())
    order = ibis.window(group_by=[bad.file, bad.line], order_by=[bad.field, bad.fault, bad.text])
    ranked = bad.mutate(is_first=ibis.row_number().over(order) == 0)
    records = ranked.is_first.ifelse(1, 0)
    return _fault(ranked, "Observation", rule=ranked.fault, field=ranked.field, value=ranked.text, records=records)


def _named(rows: ir.Table, record_type: str) -> ir.Table:
    return _fault(rows, record_type, rule=rows.reason, field=rows["field"], value=rows["value"])


def _fault(
    rows: ir.Table,
    record_type: str,
    *,
    rule: ir.StringValue | str,
    field: ir.StringValue | str,
    value: ir.StringValue,
    records: ir.IntegerValue | int = 1,
) -> ir.Table:
    return rows.select(
        file=rows.file.cast("int32"),
        line=rows.line.cast("int64"),
        resource_type=ibis.literal(record_type),
        rule=rule if not isinstance(rule, str) else ibis.literal(rule),
        field=field if not isinstance(field, str) else ibis.literal(field),
        value=value,
        records=(records if not isinstance(records, int) else ibis.literal(records)).cast("int64"),
    )


def _union(*tables: ir.Table) -> ir.Table:
    first, *others = (table.select(*_COLUMNS) for table in tables)
    return first.union(*others)


def _lost_with_visits(observations: ir.Table, conditions: ir.Table) -> ir.Table:
    """(visit, lost): the records that went to quarantine only because their encounter did."""
    lost = [
        table.filter((table.outcome == "quarantined") & table.reason.isnull() & table.visit_file.notnull())
        .select("visit_file", "visit_line")
        for table in (observations, conditions)
    ]  # fmt: skip
    both = lost[0].union(lost[1])
    return both.group_by("visit_file", "visit_line").agg(lost=both.count())


def _with_carried(faults: ir.Table, lost: ir.Table) -> ir.Table:
    joined = faults.left_join(lost, [faults.file == lost.visit_file, faults.line == lost.visit_line])
    costs = (joined.records > 0).ifelse(joined.records + joined.lost.fill_null(0), joined.records)
    return joined.mutate(records=costs.cast("int64")).select(*_COLUMNS)


def ordered(faults: ir.Table) -> ir.Table:
    """One row for each (record, rule, field), in the order of the source; its records are added up."""
    keys = ("file", "line", "rule", "field")
    merged = faults.group_by(*keys).agg(
        resource_type=faults.resource_type.max(), value=faults.value.min(), records=faults.records.sum().cast("int64")
    )
    return merged.select(*_COLUMNS).order_by("file", "line", "rule", "field")
