"""Which resource a FHIR reference points at."""

import re

# One group: the logical id, after `Type/`, an absolute URL ending in it, or a URN; a version is ignored.
# RE2 syntax, since DuckDB and Spark run the same text.
_PATTERN = r"^(?:(?:.*/)?{type}/|urn:uuid:|urn:oid:)([^/|?#\s]{{1,128}})(?:/_history/[^/]+)?$"


def reference_pattern(resource_type: str) -> str:
    """The regular expression whose first group is the id of a referenced `resource_type`."""
    return _PATTERN.format(type=re.escape(resource_type))


def reference_id(reference: str | None, resource_type: str) -> str | None:
    """The id a literal reference names; None for a conditional, contained or foreign one.

    >>> reference_id("https://hospital.example/fhir/Patient/p1/_history/2", "Patient")
    'p1'
    >>> reference_id("urn:uuid:0a1b", "Encounter")
    '0a1b'
    >>> reference_id("Encounter/e1", "Patient")
    """
    if reference is None:
        return None
    match = re.match(reference_pattern(resource_type), reference)
    return match.group(1) if match else None
