"""Code systems by their canonical FHIR URI, and the other spellings that exports really use."""

from collections.abc import Mapping
from types import MappingProxyType

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
HPO = "http://human-phenotype-ontology.org"
ORPHA = "http://www.orpha.net"
OMIM = "http://www.omim.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
V2_YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"
TRIAGE = "urn:raretriage:triage"
"""This project's own codes for an adjudicated label: `state` and `rare`."""
STATE = "urn:raretriage:state"
"""The four states, as values of the `state` code."""

KNOWN_SYSTEMS: frozenset[str] = frozenset({LOINC, SNOMED, HPO, ORPHA, OMIM, ICD10, ICD10_CM, V2_YES_NO, TRIAGE, STATE})

# The diagnosis that is kept when a Condition carries several codings: the most specific vocabulary first.
DIAGNOSIS_SYSTEMS: tuple[str, ...] = (ORPHA, OMIM, ICD10, ICD10_CM, SNOMED)

# The prefix under which `knowledge` knows a disease of that system. ICD and SNOMED groups are no single disease.
DISEASE_PREFIX: Mapping[str, str] = MappingProxyType({ORPHA: "ORPHA", OMIM: "OMIM"})

# HL7 OIDs and the URLs of the terminologies themselves, as seen in exports.
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "urn:oid:2.16.840.1.113883.6.1": LOINC,
        "https://loinc.org": LOINC,
        "urn:oid:2.16.840.1.113883.6.96": SNOMED,
        "https://snomed.info/sct": SNOMED,
        "http://purl.obolibrary.org/obo/hp.owl": HPO,
        "http://purl.obolibrary.org/obo/hp.fhir": HPO,
        "https://human-phenotype-ontology.org": HPO,
        "http://www.human-phenotype-ontology.org": HPO,
        "https://hpo.jax.org": HPO,
        "https://www.orpha.net": ORPHA,
        "https://www.omim.org": OMIM,
        "https://omim.org": OMIM,
        "urn:oid:2.16.840.1.113883.6.174": OMIM,
        "urn:oid:2.16.840.1.113883.6.3": ICD10,
        "urn:oid:2.16.840.1.113883.6.90": ICD10_CM,
    }
)


def canonical_system(uri: str) -> str:
    """The canonical URI of a code system; an unknown one comes back as it is, without a closing slash.

    >>> canonical_system("urn:oid:2.16.840.1.113883.6.1")
    'http://loinc.org'
    >>> canonical_system("http://snomed.info/sct/")
    'http://snomed.info/sct'
    """
    bare = uri.strip().rstrip("/")
    return _ALIASES.get(bare, bare)


def disease_id(system: str, code: str) -> str | None:
    """How `knowledge` names a coded disease, such as `ORPHA:558`; None where the system names no single disease.

    >>> disease_id("http://www.orpha.net", "558"), disease_id("http://www.orpha.net", "ORPHA:558")
    ('ORPHA:558', 'ORPHA:558')
    >>> disease_id("http://hl7.org/fhir/sid/icd-10", "J06.9")
    """
    prefix = DISEASE_PREFIX.get(canonical_system(system))
    if prefix is None:
        return None
    return f"{prefix}:{code.rpartition(':')[2].strip()}"
