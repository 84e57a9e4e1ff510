"""The list of rare diseases for the page: what fits, what each finding weighs and where it is written, what to ask."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from raretriage.differential import Relation
from raretriage.serving.numbers import number, odds_factor
from raretriage.serving.texts import Texts
from raretriage.serving.wire import DifferentialOut, MetOut, RankedDisease

SHOWN = 5
"""Diseases on the page; the JSON answer has more."""

_PAGES: Mapping[str, str] = {
    "ORPHA": "https://www.orpha.net/en/disease/detail/{code}",
    "OMIM": "https://omim.org/entry/{code}",
}
"""Where each catalogue shows an entry. The page links there and loads nothing from there."""
_FREQUENCIES: Mapping[str, str] = {
    "HP:0040280": "frequency.obligate",
    "HP:0040281": "frequency.very_frequent",
    "HP:0040282": "frequency.frequent",
    "HP:0040283": "frequency.occasional",
    "HP:0040284": "frequency.very_rare",
}
_PAPER = re.compile(r"PMID:\d+")


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    address: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding for or against. `share` is 0 to 100 of the strongest on the page; `text` is what is read."""

    label: str
    detail: str
    is_for: bool
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class DiseaseLine:
    place: int
    name: str
    links: tuple[Link, ...]
    findings: tuple[FindingLine, ...]
    rest: str
    definition: str
    """English; '' where there is none."""
    codes: str
    """ICD-10 codes; '' where there are none."""
    excluded: str
    """Findings that were looked for, are not there, and that the disease may have; '' where there are none."""


@dataclass(frozen=True, slots=True)
class DiseaseList:
    """The section, in the order of reading."""

    lead: str
    lines: tuple[DiseaseLine, ...]
    questions: tuple[tuple[str, str], ...]
    """What to ask, and which disease a yes would speak for."""


def disease_list_of(found: DifferentialOut | None, t: Texts) -> DiseaseList | None:
    """None where no diseases were ranked."""
    if found is None or not found.diseases:
        return None
    shown = found.diseases[:SHOWN]
    strongest = max((abs(e.log_likelihood_ratio) for one in shown for e in one.evidence), default=0.0) or 1.0
    return DiseaseList(
        lead=t("differential.lead", compared=number(found.compared, t)),
        lines=tuple(_disease(one, strongest, t) for one in shown),
        questions=tuple((t.of(q.label), q.speaks_for_name) for q in found.questions),
    )


def _disease(one: RankedDisease, strongest: float, t: Texts) -> DiseaseLine:
    excluded = ", ".join(t.of(e.label).lower() for e in one.excluded)
    return DiseaseLine(
        place=one.place,
        name=one.name,
        links=tuple(link for entry in (*one.entries, *one.held_by) if (link := _link(entry)) is not None),
        findings=tuple(
            FindingLine(
                label=t.of(e.label),
                detail=_detail(e.met, t),
                is_for=e.log_likelihood_ratio >= 0,
                share=100 * abs(e.log_likelihood_ratio) / strongest,
                text=odds_factor(e.log_likelihood_ratio, t),
            )
            for e in one.evidence
        ),
        rest="; ".join(
            t(f"differential.{what}", weight=odds_factor(weight, t))
            for what, weight in (("onset", one.onset), ("sex", one.sex), ("prior", one.prior))
            if weight
        ),
        definition=one.definition or "",
        codes=t("differential.icd10", codes=", ".join(one.icd10)) if one.icd10 else "",
        excluded=t("differential.excluded", findings=excluded) if excluded else "",
    )


def _link(entry: str) -> Link | None:
    catalogue, _, code = entry.partition(":")
    return Link(entry, _PAGES[catalogue].format(code=code)) if catalogue in _PAGES else None


def _detail(met: MetOut, t: Texts) -> str:
    """What the disease has of it, how often, and who says so."""
    if met.relation is Relation.NONE or met.label is None:
        return t("differential.none")
    if met.frequency in _FREQUENCIES:
        often = t(_FREQUENCIES[met.frequency])
    else:
        often = met.frequency or t("frequency.unstated")
    paper = _PAPER.search(met.reference)
    source = paper[0] if paper else (met.entry or "")
    return t(f"differential.{met.relation}", finding=t.of(met.label), often=often, source=source)
