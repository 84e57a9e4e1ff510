"""Nothing that the knowledge has read of a case helps to rank it where it must not."""

from dataclasses import replace

import pytest

from raretriage.benchmark import CaseFile, Column, Fair, RankedCase, Rankers, place_all, sort_cases
from raretriage.benchmark import columns as columns_module
from raretriage.differential import Patient, Ranker
from raretriage.differential.build import build_differential
from raretriage.knowledge import Knowledge
from tests.differential.conftest import SMALL


def case(name: str, disease: str, paper: str, *observed: str) -> RankedCase:
    return RankedCase(name, (disease,), Patient(observed or ("HP:0001250",)), frozenset({paper} if paper else ()))


CASES = (
    case("seen", "OMIM:1", "11"),
    case("seen under the twin's name", "ORPHA:30", "13", "HP:0000518"),
    case("unseen", "OMIM:2", "99"),
    case("unseen, paper read for another disease", "OMIM:5", "11", "HP:0001251"),
    case("not there", "OMIM:77", "11"),
)


@pytest.fixture
def file() -> CaseFile:
    return CaseFile(CASES, has_papers=True, read=len(CASES), unused={})


def test_a_case_is_seen_when_its_disease_or_twin_cites_its_paper(file: CaseFile, knowledge: Knowledge) -> None:
    found = {c: [x.id for x in cases] for c, cases in sort_cases(file, knowledge).cases.items()}
    assert found[Column.SEEN] == found[Column.SEEN_REMOVED] == ["seen", "seen under the twin's name"]
    assert found[Column.UNSEEN] == found[Column.UNSEEN_STRICT] == ["unseen", "unseen, paper read for another disease"]
    assert found[Column.NOT_IN_KNOWLEDGE] == ["not there"]
    assert found[Column.ALL] == []


def test_cases_without_papers_have_a_column_of_their_own(file: CaseFile, knowledge: Knowledge) -> None:
    found = sort_cases(replace(file, has_papers=False), knowledge).cases
    assert [len(found[c]) for c in (Column.ALL, Column.SEEN, Column.UNSEEN, Column.NOT_IN_KNOWLEDGE)] == [4, 0, 0, 1]


@pytest.fixture
def rankers(file: CaseFile, knowledge: Knowledge, ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> Rankers:
    def quickly(of: Knowledge, **given: object) -> object:
        return build_differential(of, **{"training": SMALL, **given})  # type: ignore[arg-type]

    monkeypatch.setattr(columns_module, "build_differential", quickly)
    return Rankers(knowledge, lambda: ranker, sort_cases(file, knowledge), progress=lambda _: None)


def references(rankers: Rankers, column: Column) -> set[str]:
    known = rankers.of(column).knowledge
    return {row.reference for d in known.diseases for row in known.annotations(d.id)}


def test_each_column_withholds_what_it_must(rankers: Rankers) -> None:
    assert "PMID:11" not in references(rankers, Column.UNSEEN)  # read for another disease
    assert "PMID:13" in references(rankers, Column.UNSEEN)
    removed = references(rankers, Column.SEEN_REMOVED)
    assert removed.isdisjoint({"PMID:11", "PMID:13"})
    assert "PMID:12" in removed
    strict = references(rankers, Column.UNSEEN_STRICT)
    assert strict.isdisjoint({"PMID:11", "OMIM:1", "OMIM:4", "OMIM:5"})
    assert {"PMID:12", "ORPHA:10"} <= strict
    assert {"PMID:11", "OMIM:1"} <= references(rankers, Column.SEEN)


def test_a_disease_with_nothing_left_is_counted_and_not_ranked(rankers: Rankers, file: CaseFile) -> None:
    found = place_all(Column.UNSEEN_STRICT, rankers.of(Column.UNSEEN_STRICT), [CASES[2], CASES[3]])
    assert [placed.case.id for placed in found.placed] == ["unseen"]
    assert found.nothing_left == 1


def test_a_case_counts_as_found_at_its_best_listed_entry_or_twin(ranker: Ranker, knowledge: Knowledge) -> None:
    told = Patient(("HP:0001639", "HP:0000518"))
    both = RankedCase("x", ("OMIM:5", "ORPHA:30"), told, frozenset())
    (placed,) = place_all(Column.ALL, Fair(ranker, knowledge), [both]).placed
    assert placed.place == 1
    assert placed.yardstick == 1
    assert placed.series <= placed.place


def test_only_entries_of_omim_compete_where_that_is_asked(ranker: Ranker, knowledge: Knowledge) -> None:
    own = RankedCase("x", ("ORPHA:70",), Patient(("HP:0000639",)), frozenset())
    fair = Fair(ranker, knowledge)
    assert place_all(Column.ALL, fair, [own]).placed[0].place == 1
    left = place_all(Column.ALL, fair, [own], only_omim=True)
    assert (left.nothing_left, left.candidates) == (1, len(ranker.arrays.candidates) - 1)
