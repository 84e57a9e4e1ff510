"""What does each clause of the rarity rule decide, and how do the rule's two forms differ?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raretriage.knowledge.annotations import parse_hpoa
from raretriage.knowledge.build import known_diseases
from raretriage.knowledge.orphanet import Orphanet
from raretriage.knowledge.rarity import RARE_PER_10000, Clause, RarityRule, load_common_table


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A disease of phenotype.hpoa that the two forms of the rule see differently."""

    disease_id: str
    name: str
    without_tables: Clause
    with_tables: Clause


@dataclass(frozen=True, slots=True)
class RarityReport:
    """Clause -> number of diseases that it decides, for each form of the rule; None without Orphanet's tables."""

    rule_without_tables: str
    without_tables: Mapping[Clause, int]
    rule_with_tables: str | None = None
    with_tables: Mapping[Clause, int] | None = None
    """Annotated diseases only, so that both columns count the same."""
    only_in_tables: Mapping[Clause, int] | None = None
    """Disorders and clinical groups without annotations, which only the tables know."""
    changes: tuple[VerdictChange, ...] = ()
    """Every annotated disease whose verdict (rare, not rare, none) differs, sorted by id."""


def rarity_report(
    phenotype_hpoa: Path | bytes, orphanet: Orphanet | None = None, *, rare_per_10000: float = RARE_PER_10000
) -> RarityReport:
    """Judge all diseases by the rule without Orphanet's tables and, where they are given, by the rule with them.

    Raises:
        MalformedSource: phenotype.hpoa breaks its format.
        ValueError: `rare_per_10000` is no share.
    """
    content = phenotype_hpoa if isinstance(phenotype_hpoa, bytes) else phenotype_hpoa.read_bytes()
    annotated = parse_hpoa(content).names
    common = load_common_table()
    plain = RarityRule(common)
    before = plain.judge(annotated).clauses
    if orphanet is None:
        return RarityReport(str(plain), _counted(before))
    full = RarityRule(common, orphanet, rare_per_10000)
    after = full.judge(known_diseases(annotated, orphanet)).clauses
    return RarityReport(
        rule_without_tables=str(plain),
        without_tables=_counted(before),
        rule_with_tables=str(full),
        with_tables=_counted({x: after[x] for x in annotated}),
        only_in_tables=_counted({x: clause for x, clause in after.items() if x not in annotated}),
        changes=tuple(
            VerdictChange(x, annotated[x], before[x], after[x])
            for x in sorted(annotated)
            if before[x].is_rare is not after[x].is_rare
        ),
    )


def _counted(clauses: Mapping[str, Clause]) -> dict[Clause, int]:
    found = Counter(clauses.values())
    return {clause: found[clause] for clause in Clause if found[clause]}
