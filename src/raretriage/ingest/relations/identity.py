"""Which copy of a resource counts, and which resources cannot be used at all."""

import ibis
import ibis.expr.types as ir

from raretriage.ingest.relations.expressions import DUPLICATE, no_text


def identified(raw: ir.Table) -> ir.Table:
    """Add `fault`: null for a resource that counts.

    The first copy of an id counts. A later one with the same projected content is a `duplicate`; with other content
    it is a `conflict`, as nothing says which one is right. A resource with a modifier extension may mean the opposite
    of what it says (hl7.org/fhir/R4/extensibility.html#modifierExtension), so all of it is refused.
    """
    copies = ibis.window(group_by=[raw.id, raw.modified], order_by=[raw.file, raw.line])
    is_first = ibis.row_number().over(copies) == 0
    fault = ibis.cases(
        (raw.modified, "modifier_extension"),
        (raw.id.isnull() | (raw.id.strip() == ""), "missing_id"),
        (is_first, no_text()),
        (raw.content == raw.content.first().over(copies), DUPLICATE),
        else_="conflict",
    )
    return raw.mutate(fault=fault)
