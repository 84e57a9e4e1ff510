"""What was said rather than measured: findings, onset, pregnancy, and the adjudicated labels."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import (
    CARRIED,
    PLACE,
    QUARANTINED,
    UNUSED,
    VISIT,
    date_of,
    days_between,
    is_malformed_date,
    moment_of,
    no_text,
)

_USES = ("finding", "onset", "pregnancy", "state", "rare")


def _alive(linked: ir.Table) -> ir.Table:
    return linked.filter((linked.outcome == CARRIED) & (linked.visit_outcome == CARRIED) & linked.use.isin(_USES))


def answer_codings(linked: ir.Table) -> ir.Table:
    """(file, line, system, code), one row a coding of a coded answer."""
    alive = _alive(linked)
    coded = alive.select(*PLACE, coding=alive.valueCodeableConcept["coding"].unnest())
    return coded.select(*PLACE, system=coded.coding["system"], code=coded.coding["code"])


def statements(linked: ir.Table, codings: ir.Table, answers: ir.Table) -> ir.Table:
    """Statements with their meaning: (file, line, visit, use, target, meaning, onset, said, issued, ...).

    Args:
        codings: from `answer_codings`. answers: (system, code, meaning).
    """
    understood = codings.inner_join(answers, ["system", "code"])
    meanings = understood.group_by("file", "line").agg(answer=understood.meaning.min())
    meanings = meanings.select(at_file="file", at_line="line", answer="answer")
    alive = _alive(linked)
    joined = alive.left_join(meanings, [alive.file == meanings.at_file, alive.line == meanings.at_line])
    is_finding = joined.use == "finding"
    flag = joined.valueBoolean
    meaning = ibis.cases(
        (is_finding & joined.answer.isin(("present", "absent")), joined.answer),
        (is_finding & (flag == "true"), "present"),
        (is_finding & (flag == "false"), "absent"),
        ((joined.use == "pregnancy") & joined.answer.isin(("pregnant", "not_pregnant")), joined.answer),
        ((joined.use == "state") & joined.answer.startswith("state:"), joined.answer.substr(len("state:"))),
        ((joined.use == "rare") & flag.isin(("true", "false")), flag),
        (joined.use == "onset", joined.valueDateTime),
        else_=no_text(),
    )
    onset = ibis.cases(
        (joined.use == "onset", joined.valueDateTime), (is_finding, joined.effectivePeriod["start"]), else_=no_text()
    )
    code_given = joined.valueCodeableConcept["coding"][0]["code"]
    return joined.select(
        *PLACE, *VISIT, "use", "target",
        meaning=meaning,
        onset_text=onset,
        onset_days=days_between(date_of(onset), joined.visit_date),
        given=ibis.coalesce(code_given, flag, joined.valueDateTime),
        said=moment_of(ibis.coalesce(joined.effectiveDateTime, joined.effectivePeriod["start"])),
        issued=joined.issued,
    )  # fmt: skip


def judge_statements(said: ir.Table) -> ir.Table:
    """Add outcome, reason, field and value. Of several on one matter one is carried:

    a finding that is present before an absent one, then the earlier onset; the first answer on onset and pregnancy;
    the last adjudication of a label.
    """
    judged = said.mutate(**_faults(said))
    is_label = judged.use.isin(("state", "rare"))
    issued = moment_of(judged.issued).epoch_seconds()
    first = ibis.cases(((judged.use == "finding") & (judged.meaning == "absent"), 1), else_=0)
    second = ibis.cases(
        (is_label, -issued),
        (judged.use == "finding", -judged.onset_days.cast("int64")),
        else_=judged.said.epoch_seconds(),
    )
    keyed = judged.mutate(first=first, second=second)
    in_order = ibis.window(
        group_by=[keyed.visit_file, keyed.visit_line, keyed.use, keyed.target, keyed.outcome],
        order_by=[keyed["first"], keyed["second"].asc(nulls_first=False), keyed.file, keyed.line],
    )
    ranked = keyed.mutate(is_later=ibis.row_number().over(in_order) > 0)
    is_spare = (ranked.outcome == CARRIED) & ranked.is_later
    return ranked.mutate(
        outcome=is_spare.ifelse(UNUSED, ranked.outcome),
        reason=is_spare.ifelse(
            ranked.use.isin(("state", "rare")).ifelse("superseded label", "later reading"), ranked.reason
        ),
    ).drop("first", "second", "is_later")


def _faults(said: ir.Table) -> dict[str, ir.Value]:
    bad_date = is_malformed_date(said.onset_text)
    too_late = (said.onset_days < 0).fill_null(False)
    is_mute = said.meaning.isnull()
    is_wrong = is_mute & said.given.notnull() & said.use.isin(("state", "rare"))
    is_coarse = (said.use == "onset") & said.onset_text.notnull() & said.onset_days.isnull()
    is_faulty = bad_date | too_late | is_wrong
    return {
        "outcome": ibis.cases((is_faulty, QUARANTINED), (is_mute | is_coarse, UNUSED), else_=CARRIED),
        "reason": ibis.cases(
            (bad_date, "not_a_date"),
            (too_late, "onset_after_encounter"),
            (is_wrong, "unknown_label"),
            (is_mute & said.given.isnull(), "without a value"),
            (is_mute, "answer not used"),
            (is_coarse, "onset without a day"),
            else_=no_text(),
        ),
        "field": ibis.cases(
            ((bad_date | too_late) & (said.use == "onset"), "valueDateTime"),
            (bad_date | too_late, "effectivePeriod.start"),
            (is_wrong, "value"),
            else_=no_text(),
        ),
        "value": ibis.cases((is_wrong, said.given), else_=no_text()),
    }
