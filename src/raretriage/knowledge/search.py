"""Which finding does somebody mean who types a few letters? Search over every name, in Spanish and English.

All words of the query must occur in a name, the last one may be the beginning of a word. Where a word is in no name, a
near one is taken: a letter more, less, other or swapped, two from nine letters on.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from raretriage.knowledge.collector import collector_paused
from raretriage.knowledge.knowledge import Knowledge
from raretriage.knowledge.lexicon import Language
from raretriage.knowledge.names import Name, Origin, names_of
from raretriage.knowledge.words import stem, within_edits, words_of

LONGEST_QUERY = 200
_ID = re.compile(r"(?i)^\s*(?:hp:?)?(\d{7})\s*$")
_SHORTEST_TYPO = 4
_TWO_EDITS_FROM = 9
_MOST_NEAR_WORDS = 8
_EMPTY = np.zeros(0, np.intp)


class Why(StrEnum):
    """How a name met the query; the earlier, the better."""

    ID = "id"
    EXACT = "exact"
    BEGINNING = "beginning"
    WORDS = "words"
    TYPO = "typo"


@dataclass(frozen=True, slots=True)
class TermMatch:
    """One finding that may be meant."""

    hpo_id: str
    label: str
    language: Language
    """Of the label: English where there is no Spanish one."""
    matched: str
    """The name that met the query."""
    why: Why


@dataclass(frozen=True, slots=True)
class _Name:
    term: int
    text: str
    stems: tuple[str, ...]
    language: Language
    is_label: bool


class TermIndex:
    """The findings of one release, by all their names. Safe for several threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Build it: half a second for the whole of HPO."""
        with collector_paused():
            self._build(knowledge)

    def _build(self, knowledge: Knowledge) -> None:
        self._find = knowledge.find
        self._terms = [t.id for t in knowledge.ontology.current_terms() if knowledge.is_finding(t.id)]
        self._number = number = {t: i for i, t in enumerate(self._terms)}
        named = [(number[name.hpo_id], name) for name in names_of(knowledge)]
        labels = [(term, name) for term, name in named if name.origin is Origin.LABEL]
        self._english = {term: name.text for term, name in labels if name.language == "en"}
        self._spanish = {term: name.text for term, name in labels if name.language == "es"}
        self._names = [made for term, name in named if (made := _name(term, name)).stems]
        self._commonness = _commonness(knowledge, number)
        self._by_stem = _postings(self._names)
        self._stems = sorted(self._by_stem)
        self._letters = _signatures(self._stems)
        self._lengths = np.asarray([len(s) for s in self._stems])

    def search(self, query: str, *, language: Language = "es", limit: int = 10) -> tuple[TermMatch, ...]:
        """The findings that may be meant, the likeliest first; none for an empty query.

        What is beyond `LONGEST_QUERY` characters is not read.
        """
        query = query[:LONGEST_QUERY]
        if (named := self._by_id(query, language)) is not None:
            return (named,)
        words = [w.folded for w in words_of(query)]
        if not words:
            return ()
        ends_word = query[-1:].isspace()
        found: dict[int, tuple[tuple[int, ...], _Name, Why]] = {}
        asked = tuple(stem(w) for w in words)
        for i, is_typo in self._meeting(words, is_last_whole=ends_word):
            name = self._names[i]
            why = _why(asked, name, is_typo=is_typo)
            order = (
                list(Why).index(why),
                int(name.language != language),
                len(name.stems) - len(asked),
                int(not name.is_label),
                -self._commonness[name.term],
                name.term,
            )
            if name.term not in found or order < found[name.term][0]:
                found[name.term] = (order, name, why)
        best = sorted(found.values(), key=lambda one: one[0])[:limit]
        return tuple(self._match(name.term, language, name.text, why) for _, name, why in best)

    def label(self, hpo_id: str, language: Language) -> str:
        """The label of a current finding in the language, in English where there is none. KeyError for another id."""
        return self._label(self._number[hpo_id], language)[0]

    def _by_id(self, query: str, language: Language) -> TermMatch | None:
        if (digits := _ID.match(query)) is None:
            return None
        term = self._number.get(self._find(f"HP:{digits[1]}") or "")
        return None if term is None else self._match(term, language, f"HP:{digits[1]}", Why.ID)

    def _match(self, term: int, language: Language, matched: str, why: Why) -> TermMatch:
        label, shown = self._label(term, language)
        return TermMatch(self._terms[term], label, shown, matched, why)

    def _label(self, term: int, language: Language) -> tuple[str, Language]:
        spanish = self._spanish.get(term)
        return (spanish, "es") if language == "es" and spanish is not None else (self._english[term], "en")

    def _meeting(self, words: list[str], *, is_last_whole: bool) -> Iterator[tuple[int, bool]]:
        """(name, whether a word had to be mended) of the names with all words."""
        meets: np.ndarray | None = None
        is_typo = False
        for k, word in enumerate(words):
            own = self._with(word, is_beginning=k == len(words) - 1 and not is_last_whole)
            if not len(own):
                own, is_typo = self._near(word), True
            meets = own if meets is None else np.intersect1d(meets, own, assume_unique=True)
            if not len(meets):
                return
        if meets is not None:
            yield from ((int(i), is_typo) for i in meets)

    def _with(self, word: str, *, is_beginning: bool) -> np.ndarray:
        exact = self._by_stem.get(stem(word), _EMPTY)
        if not is_beginning:
            return exact
        parts = [exact]
        for at in range(bisect_left(self._stems, word), len(self._stems)):
            if not self._stems[at].startswith(word):
                break
            parts.append(self._by_stem[self._stems[at]])
        return np.unique(np.concatenate(parts))

    def _near(self, word: str) -> np.ndarray:
        wanted = stem(word)
        if len(wanted) < _SHORTEST_TYPO:
            return _EMPTY
        most = 2 if len(wanted) >= _TWO_EDITS_FROM else 1
        letters = _signature(wanted)
        differ = np.bitwise_count(self._letters ^ np.uint64(letters))
        close = np.flatnonzero((differ <= 2 * most) & (np.abs(self._lengths - len(wanted)) <= most))
        near = [self._stems[i] for i in close if within_edits(wanted, self._stems[i], most)][:_MOST_NEAR_WORDS]
        return np.unique(np.concatenate([self._by_stem[s] for s in near])) if near else _EMPTY


def _name(term: int, name: Name) -> _Name:
    stems = tuple(w.stem for w in words_of(name.text))
    return _Name(term, name.text, stems, name.language, name.origin is Origin.LABEL)


def _why(asked: tuple[str, ...], name: _Name, *, is_typo: bool) -> Why:
    if is_typo:
        return Why.TYPO
    if name.stems == asked:
        return Why.EXACT
    begins = name.stems[: len(asked) - 1] == asked[:-1] and name.stems[len(asked) - 1].startswith(asked[-1])
    return Why.BEGINNING if begins else Why.WORDS


def _postings(names: Iterable[_Name]) -> dict[str, np.ndarray]:
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        for part in dict.fromkeys(name.stems):
            found.setdefault(part, []).append(i)
    return {part: np.asarray(places, np.intp) for part, places in found.items()}


def _commonness(knowledge: Knowledge, number: Mapping[str, int]) -> list[int]:
    """How many annotations each finding has."""
    columns = knowledge.columns
    counts = Counter(columns.hpo)
    found = [0] * len(number)
    for code, n in counts.items():
        if (term := number.get(columns.texts[code])) is not None:
            found[term] += n
    return found


def _signatures(stems: list[str]) -> np.ndarray:
    return np.asarray([_signature(s) for s in stems], np.uint64)


def _signature(word: str) -> int:
    """One bit a letter: words an edit apart differ in two bits at most."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 64)
    return bits
