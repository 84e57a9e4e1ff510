"""Which findings does the complaint name? Proposed as rows of the form, to be confirmed by who sees the patient."""

from dataclasses import dataclass

from raretriage.knowledge import Assertion, Language
from raretriage.serving.form import FindingRow, Form, hpo_id_in
from raretriage.serving.phenotypes import Phenotypes
from raretriage.serving.texts import Texts


@dataclass(frozen=True, slots=True)
class Proposal:
    rows: tuple[FindingRow, ...]
    """One for each finding that the form does not have yet."""
    left_out: tuple[str, ...]
    """Words of the text that speak of a relative, or of what is feared or looked for."""
    days: float | None
    """How long it has lasted."""


def proposed(form: Form, phenotypes: Phenotypes, language: Language) -> Proposal:
    """What the form's complaint says of the patient. What it says of a finding first, counts.

    Raises:
        TextTooLong: see `Extractor.extract`.
    """
    given = {hpo_id_in(row.text) or phenotypes.named(row.text) for row in form.findings if row.text}
    found = phenotypes.extract(form.value("complaint"), language=language)
    rows: dict[str, FindingRow] = {}
    left_out: dict[str, None] = {}
    for mention in found.mentions:
        if mention.assertion not in {Assertion.OBSERVED, Assertion.EXCLUDED}:
            left_out[mention.text] = None
        elif mention.hpo_id not in given:
            is_excluded = mention.assertion is Assertion.EXCLUDED
            rows.setdefault(mention.hpo_id, FindingRow(f"{mention.label} ({mention.hpo_id})", is_excluded))
    return Proposal(tuple(rows.values()), tuple(left_out), found.days)


def proposal_lines(found: Proposal, t: Texts) -> tuple[str, ...]:
    """What was done, in words."""
    count = len(found.rows)
    key = "proposal.none" if count == 0 else "proposal.one" if count == 1 else "proposal.several"
    lines = [t(key, count=count)]
    if found.left_out:
        lines.append(t("proposal.left_out", words=", ".join(f"“{words}”" for words in found.left_out)))
    return tuple(lines)
