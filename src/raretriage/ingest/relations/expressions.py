"""Small expressions on FHIR's text values that several relations share."""

import ibis
import ibis.expr.types as ir

from raretriage.fhir import reference_pattern

CARRIED = "carried"
QUARANTINED = "quarantined"
DUPLICATE = "duplicate"
UNUSED = "unused"

PLACE = ("file", "line")
VISIT = ("visit_file", "visit_line")


def no_text() -> ir.StringScalar:
    return ibis.null("string")


def date_of(text: ir.StringValue) -> ir.DateValue:
    """The calendar day as the hospital wrote it, in its own time zone; null for a partial or malformed date."""
    return text.substr(0, 10).try_cast("date")


def is_malformed_date(text: ir.StringValue) -> ir.BooleanValue:
    """True for a text that is no FHIR date. A year or a month alone is one, though too coarse for us."""
    return (text.notnull() & date_of(text).isnull() & ~text.re_search(r"^\d{4}(-\d{2})?$")).fill_null(False)


def moment_of(text: ir.StringValue) -> ir.TimestampValue:
    """The instant, for putting readings in order. A time without a zone is taken as UTC; a lone day is its midnight."""
    return text.try_cast("timestamp('UTC')")


def referenced_id(reference: ir.StringValue, resource_type: str) -> ir.StringValue:
    """The id that a reference names, or null."""
    return reference.re_extract(reference_pattern(resource_type), 1).nullif("")


def days_between(earlier: ir.DateValue, later: ir.DateValue) -> ir.IntegerValue:
    return later.delta(earlier, unit="day")
