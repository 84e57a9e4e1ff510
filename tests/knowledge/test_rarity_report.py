from pathlib import Path

import pytest

from raretriage.knowledge import Clause, VerdictChange, rarity_report, read_orphanet
from tests.knowledge.orphanet_tables import tables


def test_without_tables_there_is_one_count(hpoa_text: str) -> None:
    report = rarity_report(hpoa_text.encode())
    assert report.without_tables == {
        Clause.COMMON_TABLE: 1,
        Clause.ORPHA_ENTRY: 1,
        Clause.OMIM_JOINED_BY_NAME: 1,
        Clause.NO_VERDICT: 1,
    }
    assert (report.with_tables, report.only_in_tables, report.changes) == (None, None, ())


def test_every_annotated_disease_whose_verdict_changes_is_named(hpoa_text: str) -> None:
    orphanet = tables([(1, "Clinical subtype"), (5,), (6, "Category")], omim=[(5, 2, "E")])
    report = rarity_report(hpoa_text.encode(), orphanet)
    assert report.changes == (
        VerdictChange("OMIM:1", "Syndrome, made-up", Clause.OMIM_JOINED_BY_NAME, Clause.NO_VERDICT),
        VerdictChange("OMIM:2", "Made-up syndrome 2", Clause.NO_VERDICT, Clause.OMIM_EXACT),
        VerdictChange("ORPHA:1", "Made-up syndrome", Clause.ORPHA_ENTRY, Clause.SUBTYPE),
    )
    assert report.only_in_tables == {Clause.NO_FIGURE: 1}


def test_another_clause_with_the_same_verdict_is_no_change(hpoa_text: str) -> None:
    report = rarity_report(hpoa_text.encode(), tables([(1,)]))
    assert report.changes == ()
    assert report.with_tables is not None
    assert report.with_tables[Clause.NO_FIGURE] == 1


def test_the_threshold_is_used(hpoa_text: str) -> None:
    orphanet = tables([(1,)], [(1, "Point prevalence", "1-5 / 10 000", "Europe", "30.0")])
    assert [
        [c.with_tables for c in rarity_report(hpoa_text.encode(), orphanet, rare_per_10000=x).changes]
        for x in (5.0, 2.0)
    ] == [[], [Clause.OMIM_OF_COMMON, Clause.COMMON_POINT_PREVALENCE]]


@pytest.mark.shared_data
def test_both_rules_count_every_annotated_disease_once(sources: tuple[Path, Path, Path], shared_data: Path) -> None:
    folder = shared_data / "orphanet"
    orphanet = read_orphanet(lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None)
    report = rarity_report(sources[1], orphanet)
    assert report.with_tables is not None
    assert sum(report.with_tables.values()) == sum(report.without_tables.values()) == 12_687
    assert report.with_tables[Clause.SUBTYPE] + report.with_tables[Clause.SUBTYPE_OF_RARE] == 365
    assert report.with_tables[Clause.OMIM_EXACT] > 3_000
