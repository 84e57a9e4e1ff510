"""What had the knowledge read of a case? The columns of the table, and for each a ranking that is fair to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from raretriage.benchmark.cases import CaseFile, RankedCase
from raretriage.benchmark.structures import STRUCTURES, Structure
from raretriage.differential import Patient, Ranker
from raretriage.differential.build import build_differential, build_on, ground_of, reweighted
from raretriage.differential.embedding import FindingVectors
from raretriage.differential.ranker import Parts
from raretriage.knowledge import Annotation, Knowledge, papers_of, rests_on_summary, withhold


class Column(StrEnum):
    NOT_IN_KNOWLEDGE = "not_in_knowledge"
    """No finding is annotated to the disease or to its twin: it cannot be ranked, and is counted only."""
    UNSEEN = "unseen"
    """No annotation of the disease or its twin cites the case's paper; those of other diseases that do are withheld."""
    UNSEEN_STRICT = "unseen_strict"
    """As unseen, and annotations whose only reference is a summary of OMIM are withheld: they may rest on the paper."""
    SEEN = "seen"
    """The knowledge has read the paper. Flattering, and how the service meets a published case."""
    SEEN_REMOVED = "seen_own_paper_removed"
    """As seen, with the papers of all seen cases withheld: a lower bound, for often little else is known."""
    ALL = "all"
    """Cases that name no papers, with everything that is known."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The cases of each column; unseen and seen stand in two columns each."""

    cases: Mapping[Column, tuple[RankedCase, ...]]


def sort_cases(file: CaseFile, knowledge: Knowledge) -> Sorted:
    """Every case into its columns."""
    described = {d.id for d in knowledge.diseases if any(not row.excluded for row in knowledge.annotations(d.id))}
    papers_by_disease = {d.id: _papers(knowledge, d.id) for d in knowledge.diseases}
    columns: dict[Column, list[RankedCase]] = {column: [] for column in Column}
    for case in file.cases:
        twins = twins_of(case, knowledge)
        if twins.isdisjoint(described):
            columns[Column.NOT_IN_KNOWLEDGE].append(case)
        elif not file.has_papers:
            columns[Column.ALL].append(case)
        elif any(case.papers & papers_by_disease.get(twin, frozenset()) for twin in twins):
            columns[Column.SEEN].append(case)
            columns[Column.SEEN_REMOVED].append(case)
        else:
            columns[Column.UNSEEN].append(case)
            columns[Column.UNSEEN_STRICT].append(case)
    return Sorted({column: tuple(found) for column, found in columns.items()})


def twins_of(case: RankedCase, knowledge: Knowledge) -> frozenset[str]:
    """The case's diseases under every vocabulary."""
    return frozenset(case.diseases) | {m for d in case.diseases for m in knowledge.members(knowledge.group(d))}


@dataclass(frozen=True, slots=True)
class Fair:
    """What a column is ranked with: a ranking, and the knowledge that it was made from."""

    ranker: Ranker
    knowledge: Knowledge


class Rankers:
    """Makes the ranking of each column, learning as seldom as possible.

    What is learnt never saw a paper of any case: once without all of them, and once more without OMIM's summaries.
    """

    def __init__(
        self, knowledge: Knowledge, served: Callable[[], Ranker], cases: Sorted, *, progress: Callable[[int], object]
    ) -> None:
        """
        Args:
            served: gives the ranking that is in use, for the columns where everything known may be used.
            progress: told after each training step.
        """
        self._knowledge = knowledge
        self._served = served
        self._progress = progress
        self._unseen = _papers_of_all(cases.cases[Column.UNSEEN])
        self._seen = _papers_of_all(cases.cases[Column.SEEN])
        self._unread: FindingVectors | None = None

    def of(self, column: Column) -> Fair:
        """What a column is ranked with. `NOT_IN_KNOWLEDGE` cannot be ranked: with what is served."""
        match column:
            case Column.ALL | Column.SEEN | Column.NOT_IN_KNOWLEDGE:
                return Fair(self._served(), self._knowledge)
            case Column.UNSEEN:
                return self._without(_citing(self._unseen))
            case Column.SEEN_REMOVED:
                return self._without(_citing(self._seen))
            case Column.UNSEEN_STRICT:
                cites = _citing(self._unseen)
                reduced = withhold(self._knowledge, lambda row: cites(row) or rests_on_summary(row))
                built = build_differential(reduced, progress=self._progress)
                return Fair(Ranker(built.arrays, built.onnx), reduced)

    def unseen_by_structure(self) -> Iterator[tuple[Structure, Callable[[Patient], Parts]]]:
        """The unseen column's ranking in every structure, as what gives the parts of a patient's scores."""
        ground = ground_of(withhold(self._knowledge, _citing(self._unseen)))
        built = build_on(ground, self._learnt())
        for structure in STRUCTURES:
            made = reweighted(built, ground, structure.weights, structure.kin)
            yield structure, partial(_parts, Ranker(made.arrays, made.onnx))

    def _without(self, is_withheld: Callable[[Annotation], bool]) -> Fair:
        reduced = withhold(self._knowledge, is_withheld)
        built = build_on(ground_of(reduced), self._learnt())
        return Fair(Ranker(built.arrays, built.onnx), reduced)

    def _learnt(self) -> FindingVectors:
        """Learnt once, without the papers of all cases."""
        if self._unread is None:
            unread = withhold(self._knowledge, _citing(self._unseen | self._seen))
            self._unread = build_differential(unread, progress=self._progress).learnt
        return self._unread


def _papers(knowledge: Knowledge, disease: str) -> frozenset[str]:
    return frozenset().union(*(papers_of(row.reference) for row in knowledge.annotations(disease)))


def _papers_of_all(cases: Iterable[RankedCase]) -> frozenset[str]:
    return frozenset().union(*(case.papers for case in cases))


def _citing(papers: frozenset[str]) -> Callable[[Annotation], bool]:
    return lambda row: not papers.isdisjoint(papers_of(row.reference))


def _parts(ranker: Ranker, patient: Patient) -> Parts:
    return ranker.rank(patient).parts
