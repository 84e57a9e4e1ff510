"""Measured values: units, ranges, and the earliest reading of each field in an encounter.

At triage only what is known on arrival counts, so the earliest good reading is taken and later ones are not used.
"""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import CARRIED, PLACE, QUARANTINED, UNUSED, VISIT, moment_of, no_text

_PRESSURES = ("systolic_bp", "diastolic_bp")


def read_values(linked: ir.Table, components: ir.Table, concepts: ir.Table) -> ir.Table:
    """One row for each value that was given: (file, line, visit, moment, field, text, unit).

    Args:
        linked: from `linked_observations`.
        components: from `component_codings`; used of a blood pressure panel only.
    """
    alive = linked.filter((linked.outcome == CARRIED) & (linked.visit_outcome == CARRIED))
    timed = alive.mutate(moment=moment_of(ibis.coalesce(alive.effectiveDateTime, alive.effectivePeriod["start"])))
    single = timed.filter(timed.use == "vital")
    quantity = single.valueQuantity
    singles = single.select(
        *PLACE, *VISIT, "moment",
        field="target",
        text=ibis.coalesce(quantity["value"], single.valueInteger),
        unit=ibis.coalesce(quantity["code"], quantity["unit"]),
    )  # fmt: skip
    panel = timed.filter(timed.use == "panel").select(*PLACE, *VISIT, "moment")
    pressures = concepts.filter(concepts.target.isin(_PRESSURES)).select("system", "code", field="target")
    parts = components.inner_join(pressures, ["system", "code"]).select(
        at_file="file", at_line="line", field="field", text="value", unit="unit"
    )
    joined = panel.inner_join(parts, [panel.file == parts.at_file, panel.line == parts.at_line])
    values = singles.union(joined.select(*PLACE, *VISIT, "moment", "field", "text", "unit"))
    # A component with two codings of one meaning is one value.
    return values.filter(values.text.notnull()).distinct()


def judge_readings(values: ir.Table, units: ir.Table, limits: ir.Table) -> ir.Table:
    """Convert to the field's unit and add `fault`: null, `not_a_number`, `unknown_unit`, `out_of_range` or
    `systolic_above_diastolic`. A value without a unit is taken to be in the field's own; its range decides.

    Args:
        units: (field, unit, subtract, multiply). limits: (field, low, high), both ends included.
    """
    known = units.select(of_field="field", of_unit="unit", subtract="subtract", multiply="multiply")
    bounds = limits.select(bound_field="field", low="low", high="high")
    typed = values.mutate(raw=values.text.try_cast("float64"), unit=values.unit.nullif(""))
    converted = typed.left_join(known, [typed.field == known.of_field, typed.unit == known.of_unit]).inner_join(
        bounds, typed.field == bounds.bound_field
    )
    factor, offset = converted.multiply.fill_null(1.0), converted.subtract.fill_null(0.0)
    # Two decimals: more than any bedside device shows, so a converted temperature is as stable as a measured one.
    judged = converted.mutate(number=((converted.raw - offset) * factor).round(2).cast("float64"))
    judged = judged.mutate(
        fault=ibis.cases(
            (judged.raw.isnull(), "not_a_number"),
            (judged.unit.notnull() & judged.multiply.isnull(), "unknown_unit"),
            (judged.number.between(judged.low, judged.high), no_text()),
            else_="out_of_range",
        )
    )
    record = ibis.window(group_by=[judged.file, judged.line])
    good = judged.fault.isnull()
    systolic, diastolic = (
        (good & (judged.field == field)).ifelse(judged.number, ibis.null("float64")).max().over(record)
        for field in _PRESSURES
    )
    crossed = (good & (systolic <= diastolic)).fill_null(False)
    return judged.mutate(fault=crossed.ifelse("systolic_above_diastolic", judged.fault)).select(
        *PLACE, *VISIT, "moment", "field", "text", "number", "fault"
    )


def choose_readings(judged: ir.Table) -> ir.Table:
    """Add `is_faulty` (the record has a fault anywhere) and `is_chosen` (the earliest good one of its field)."""
    record = ibis.window(group_by=[judged.file, judged.line])
    marked = judged.mutate(is_faulty=judged.fault.notnull().sum().over(record) > 0)
    in_order = ibis.window(
        group_by=[marked.visit_file, marked.visit_line, marked.field, marked.is_faulty],
        order_by=[marked.moment.asc(nulls_first=False), marked.file, marked.line, marked.number],
    )
    ranked = marked.mutate(rank=ibis.row_number().over(in_order))
    return ranked.mutate(is_chosen=(ranked["rank"] == 0) & ~ranked.is_faulty).drop("rank")


def verdicts_of_readings(chosen: ir.Table) -> ir.Table:
    """(file, line, outcome, reason), one row a record."""
    records = chosen.group_by(*PLACE).agg(
        is_faulty=chosen.is_faulty.any(), is_chosen=chosen.is_chosen.any(), fault=chosen.fault.min()
    )
    return records.select(
        *PLACE,
        outcome=ibis.cases((records.is_faulty, QUARANTINED), (records.is_chosen, CARRIED), else_=UNUSED),
        reason=ibis.cases((records.is_faulty, records.fault), (records.is_chosen, no_text()), else_="later reading"),
    )


def vitals_of_visits(chosen: ir.Table, fields: tuple[str, ...]) -> ir.Table:
    """One row a visit, one column a field."""
    best = chosen.filter(chosen.is_chosen)
    return best.group_by(*VISIT).agg(**{field: best.number.max(where=best.field == field) for field in fields})
