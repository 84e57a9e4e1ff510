"""What a source file is called in the lake: file names can hold patients' names.

`Observation.000.ndjson.gz` says nothing of anybody and stays. `Maria_Perez_1234.json` becomes
`file-<keyed digest of the relative path>.json`. To find the file again, whoever holds the keyring names every
file of the export anew and compares: `find_source`.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from raretriage.privacy.keyring import Keyring, Kind

# Kept behind a digest, so that the kind of file stays visible.
_EXTENSIONS = frozenset({"ndjson", "jsonl", "json", "csv", "tsv", "parquet", "xml", "txt", "gz", "zst", "tar", "tgz"})

# Words that a file or folder name may consist of and still say nothing of a person: the FHIR R4 resource types that
# hospitals export (hl7.org/fhir/R4/resourcelist.html) and words for parts of an export.
_WORD = re.compile(
    r"""
    allergyintolerance |bundle |careplan |careteam |claim |communication |composition |condition |consent
    |coverage |device |diagnosticreport |documentreference |encounter |episodeofcare |explanationofbenefit
    |familymemberhistory |flag |goal |group |imagingstudy |immunization |location |medication
    |medicationadministration |medicationdispense |medicationrequest |medicationstatement |observation
    |organization |patient |practitioner |practitionerrole |procedure |provenance |questionnaireresponse
    |relatedperson |servicerequest |specimen |bulk |chunk |cohort |data |dev |encounters |export |fhir |labs |log
    |ndjson |output |part |phenopacket |phenopackets |synthetic |test |train |val |vitals
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,4}")  # part numbers; longer ones may be record numbers
_ALREADY_SAFE = re.compile(r"file-[0-9a-f]{32}(?:\.[a-z]+)*")


def safe_source(name: str, keyring: Keyring) -> str:
    """The name under which a source file may appear in lake, quarantine, report and log.

    Args:
        name: path relative to the export's root, with `/`.

    Returns:
        The name itself when every part of it is on a short list of words and numbers of up to four digits; else
        `file-`, 32 hexadecimal digits and the known extensions. A name made by this function is returned as it is.
    """
    parts = PurePosixPath(name).parts
    *folders, base = parts or ("",)
    stem, extensions = _split(base)
    if _ALREADY_SAFE.fullmatch(name) or (stem and all(_says_nothing(part) for part in (*folders, stem))):
        return name
    return ".".join((keyring.pseudonym(Kind.SOURCE, "/".join(parts) or "."), *extensions))


def find_source(safe: str, names: Iterable[str], keyring: Keyring) -> str | None:
    """The file of an export that appears as `safe`, or None when it is not among `names`."""
    return next((name for name in names if safe_source(name, keyring) == safe), None)


def rekey_source(safe: str, new: Keyring) -> str:
    """The name of the same file under the keyring after the last rotation; a name without a digest stays."""
    if not _ALREADY_SAFE.fullmatch(safe):
        return safe
    digest, *extensions = safe.split(".")
    return ".".join((new.rekey(Kind.SOURCE, digest), *extensions))


def _split(base: str) -> tuple[str, tuple[str, ...]]:
    """`a.b.ndjson.gz` to `("a.b", ("ndjson", "gz"))`: known extensions only."""
    words = base.split(".")
    end = len(words)
    while end > 1 and words[end - 1] in _EXTENSIONS:
        end -= 1
    return ".".join(words[:end]), tuple(words[end:])


def _says_nothing(part: str) -> bool:
    return all(_WORD.fullmatch(word) or _NUMBER.fullmatch(word) for word in re.split(r"[._-]", part))
