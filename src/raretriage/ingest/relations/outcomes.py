"""The final outcome of every record, once it is known what became of each visit."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import CARRIED, DUPLICATE, PLACE, QUARANTINED, UNUSED, VISIT, no_text

ACCEPTED = "accepted"


def visit_outcomes(visits: ir.Table, landed: ir.Table) -> ir.Table:
    """(file, line, outcome, reason): `landed` (file, line, landing) decides for those that were carried so far."""
    fate = landed.select(at_file="file", at_line="line", landing="landing")
    joined = visits.left_join(fate, [visits.file == fate.at_file, visits.line == fate.at_line])
    return joined.select(
        *PLACE, "encounter_id", "patient_id", "reason", outcome=ibis.coalesce(joined.landing, joined.outcome)
    )


def follow_visit(outcomes: ir.Table, final: ir.Table) -> ir.Table:
    """Records that are `carried` take the outcome of their visit."""
    fate = final.select(at_file="file", at_line="line", landing="outcome")
    joined = outcomes.left_join(fate, [outcomes.visit_file == fate.at_file, outcomes.visit_line == fate.at_line])
    is_carried = joined.outcome == CARRIED
    return joined.select(
        *PLACE, *VISIT, outcome=is_carried.ifelse(joined.landing, joined.outcome),
        reason=is_carried.ifelse(no_text(), joined.reason),
    )  # fmt: skip


def patient_outcomes(patients: ir.Table, final: ir.Table) -> ir.Table:
    """A Patient is accepted with the first encounter of his that is; one without any is not used."""
    best = _best(final, "patient_id")
    good = best.select(owner="patient_id", best="best")
    joined = patients.left_join(good, patients.id == good.owner)
    fate = ibis.cases((joined.best == 0, ACCEPTED), (joined.best == 1, DUPLICATE), else_=UNUSED)
    return joined.select(
        *PLACE,
        outcome=ibis.cases((joined.fault == DUPLICATE, DUPLICATE), (joined.fault.notnull(), QUARANTINED), else_=fate),
        reason=ibis.cases(
            (joined.fault.notnull(), joined.fault),
            (joined.best.isnull(), "patient without encounter"),
            (joined.best > 1, "patient without an encounter that landed"),
            else_=no_text(),
        ),
    )


def condition_outcomes(usable: ir.Table, links: ir.Table, chosen: ir.Table, final: ir.Table) -> ir.Table:
    """A Condition goes where the visits go that it says something of, as diagnosis or as an earlier illness.

    The diagnosis of a quarantined visit is quarantined with it, unless another visit uses it.
    """
    uses = links.select(*PLACE, *VISIT).union(chosen.select(*PLACE, *VISIT))
    fate = final.select(at_file="file", at_line="line", outcome="outcome")
    used = uses.inner_join(fate, [uses.visit_file == fate.at_file, uses.visit_line == fate.at_line])
    best = _best(used, *PLACE).select(used_file="file", used_line="line", best="best")
    home = chosen.select(home_file="file", home_line="line", visit_file="visit_file", visit_line="visit_line")
    joined = usable.left_join(best, [usable.file == best.used_file, usable.line == best.used_line])
    joined = joined.left_join(home, [joined.file == home.home_file, joined.line == home.home_line])
    is_own = joined.home_file.notnull()
    is_carried = joined.outcome == CARRIED
    fate_of_use = ibis.cases(
        (joined.best == 0, ACCEPTED), (joined.best == 1, DUPLICATE), ((joined.best == 2) & is_own, QUARANTINED),
        else_=UNUSED,
    )  # fmt: skip
    return joined.select(
        *PLACE, *VISIT,
        outcome=is_carried.ifelse(fate_of_use, joined.outcome),
        reason=ibis.cases(
            (~is_carried, joined.reason),
            (joined.best.isnull(), "condition not used by any encounter"),
            (fate_of_use == UNUSED, "condition of no encounter that landed"),
            else_=no_text(),
        ),
    )  # fmt: skip


def _best(rows: ir.Table, *by: str) -> ir.Table:
    order = rows.outcome.cases((ACCEPTED, 0), (DUPLICATE, 1), (QUARANTINED, 2), else_=3)
    return rows.group_by(*by).agg(best=order.min())
