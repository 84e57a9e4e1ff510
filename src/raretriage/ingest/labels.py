"""The labels of an encounter, by a written rule.

1. State: the last adjudication (`urn:raretriage:triage|state`) by its date of issue; else unknown. Nothing else says
   how ill somebody was: a diagnosis code does not.
2. Rare: the last adjudication (`urn:raretriage:triage|rare`); else the rarity of the encounter's diagnosis where the
   code names a single disease (Orphanet, OMIM) and the knowledge has a verdict; else unknown.
3. `label_source` is that of the weakest part: `confirmed` when all that is known was adjudicated, `coded` when the
   rarity rests on the code. Without state and rarity there is no source.
4. `label_date` is the later of the dates of what was used: from then on the label was known. It is the issue date
   of an adjudication and the recorded date of a diagnosis.

An adjudicated rarity that contradicts the diagnosis code wins: adjudicators see more than the code.
"""

import ibis
import ibis.expr.types as ir


def with_labels(rows: ir.Table) -> ir.Table:
    """Replace the parts by the labels.

    Args:
        rows: with `said_state` (text), `state_date`, `said_rare` (boolean), `rare_date`, `coded_rare` (boolean) and
            `coded_date`; any of them may be null.

    Returns:
        The rows without the parts, with `state`, `rare`, `label_source` and `raw_label_date`.
    """
    uses_code = rows.said_rare.isnull() & rows.coded_rare.notnull()
    is_adjudicated = rows.said_state.notnull() | rows.said_rare.notnull()
    none = ibis.null("date")
    return rows.mutate(
        state=rows.said_state,
        rare=ibis.coalesce(rows.said_rare, rows.coded_rare),
        label_source=ibis.cases((uses_code, "coded"), (is_adjudicated, "confirmed"), else_=ibis.null("string")),
        raw_label_date=_latest(
            rows.said_state.notnull().ifelse(rows.state_date, none),
            rows.said_rare.notnull().ifelse(rows.rare_date, none),
            uses_code.ifelse(rows.coded_date, none),
        ),
    ).drop("said_state", "state_date", "said_rare", "rare_date", "coded_rare", "coded_date")


def _latest(*dates: ir.DateValue) -> ir.DateValue:
    """The latest of the dates that are known. Written out: engines differ on GREATEST with nulls."""
    latest = dates[0]
    for date in dates[1:]:
        latest = ibis.cases((latest.isnull(), date), (date.isnull(), latest), (date > latest, date), else_=latest)
    return latest
