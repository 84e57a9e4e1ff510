"""The tables of docs/red-flags.md, from the rules: `python -m tests.domain.red_flags.page` writes them anew."""

import re
from pathlib import Path

from raretriage.domain.red_flags import AgeBand, finding_rules, vital_rules, wording_rules

PAGE = Path(__file__).resolve().parents[3] / "docs" / "red-flags.md"
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PREGNANT = {True: "pregnant", False: "not known to be pregnant", None: ""}


def with_tables(text: str) -> str:
    """The page with the table of each block as the rules have it now."""
    return _BLOCK.sub(lambda found: found[1] + "".join(f"{line}\n" for line in TABLES[found[2]]()) + found[3], text)


def _vitals() -> list[str]:
    rows = [
        (
            f"`{rule.flag}`",
            f"{rule.field} {rule.compare} {rule.limit:g}",
            ", ".join(filter(None, (_ages(rule.ages), _PREGNANT[rule.pregnant]))),
            rule.source,
            rule.reason,
        )
        for rule in vital_rules().values()
    ]
    return _table(("flag", "urgent when", "for", "source", "why"), rows)


def _findings() -> list[str]:
    rows = []
    for rule in finding_rules():
        terms = {"with": " or ".join(rule.with_any), "but no": " or ".join(sorted(rule.but_not))}
        conditions = [f"{word} {which}" for word, which in terms.items() if which]
        if rule.within_days is not None:
            conditions.append(f"begun within {rule.within_days:g} days")
        if (ages := _ages(rule.ages)) != "any age":
            conditions.append(ages)
        rows.append((f"`{rule.flag}`", f"{rule.hpo_id} {rule.label}", "; ".join(conditions), rule.source, rule.reason))
    return _table(("flag", "finding, or a kind of it", "only", "source", "why"), rows)


def _wording() -> list[str]:
    return _table(("flag", "what makes the sign urgent"), [(f"`{rule.flag}`", rule.source) for rule in wording_rules()])


def _ages(ages: AgeBand) -> str:
    low, high = (None if age is None else _age(age) for age in (ages.from_years, ages.under_years))
    if low is None and high is None:
        return "any age"
    if low is None:
        return f"under {high}"
    return f"from {low}, or unknown" if high is None else f"{low} to under {high}"


def _age(years: float) -> str:
    return f"{round(12 * years)} months" if years < 1 else f"{years:g} years"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows)]


TABLES = {"vitals": _vitals, "findings": _findings, "wording": _wording}


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
