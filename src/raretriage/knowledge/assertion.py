"""What does a sentence say of a finding in it? Whether it is there, feared, or somebody else's.

By cues before and behind it, as NegEx does (Chapman et al. 2001, J Biomed Inform 34:301), with the cues of `cues.toml`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise

from raretriage.knowledge.cues import cue_table
from raretriage.knowledge.words import Word, words_of

_REACH_AFTER = 4
"""Words between a finding and the cue behind it."""


class Assertion(StrEnum):
    """What a note says of a finding."""

    OBSERVED = "observed"
    EXCLUDED = "excluded"
    FAMILY = "family"
    """Somebody else's."""
    HYPOTHETICAL = "hypothetical"
    """Feared, looked for or warned of."""


@dataclass(frozen=True, slots=True)
class Cues:
    """The table, its phrases as tuples of folded words, the longest first. `cues.toml` says what each is for."""

    negation: tuple[tuple[str, ...], ...]
    negation_after: tuple[tuple[str, ...], ...]
    apparent: tuple[tuple[str, ...], ...]
    ends: frozenset[str]
    verbs: frozenset[str]
    list_ends: frozenset[str]
    answers: frozenset[str]
    strong: tuple[tuple[str, ...], ...]
    relatives: tuple[tuple[str, ...], ...]
    tells: tuple[tuple[str, ...], ...]
    patient: frozenset[str]
    hypothetical: tuple[tuple[str, ...], ...]
    whole_sentence: tuple[tuple[str, ...], ...]
    go_on: frozenset[str]
    absent: Mapping[str, str]
    skipped: frozenset[str]
    """Words that a name may have or lack."""
    sides: frozenset[str]
    """Words that a text may put into a name."""


@cache
def cues() -> Cues:
    table = cue_table()

    def phrases(of: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(sorted({tuple(w.folded for w in words_of(x)) for x in of}, key=lambda p: (-len(p), p)))

    return Cues(
        negation=phrases(table["negation"]["before"]),
        negation_after=phrases(table["negation"]["after"]),
        apparent=phrases(table["negation"]["apparent"]),
        ends=frozenset(table["negation"]["ends"]),
        verbs=frozenset(table["negation"]["verbs"]),
        list_ends=frozenset(table["negation"]["list_ends"]),
        answers=frozenset(table["negation"]["answers"]),
        strong=phrases(table["negation"]["strong"]),
        relatives=phrases(table["family"]["relatives"]),
        tells=phrases(table["family"]["tells"]),
        patient=frozenset(table["family"]["patient"]),
        hypothetical=phrases(table["hypothetical"]["before"]),
        whole_sentence=phrases(table["hypothetical"]["whole_sentence"]),
        go_on=frozenset(table["hypothetical"]["go_on"]),
        absent=table["absent"],
        skipped=frozenset(table["names"]["skipped"]),
        sides=frozenset(table["names"]["sides"]),
    )


class Sentence:
    """The cues of one sentence, and what they say of each part of it."""

    def __init__(self, text: str, words: Sequence[Word], names: Sequence[tuple[int, int]]) -> None:
        """
        Args:
            names: first and last word of each finding; a cue that is part of a name ("no appetite") is none.
        """
        self._lead = text[: words[0].start]
        named = {i for first, last in names for i in range(first, last + 1)}
        table = cues()
        self._plain = [w.folded for w in words]
        self._marks = ["", *(text[a.end : b.start] for a, b in pairwise(words))]
        """What stands between a word and the one before."""
        apparent = {i for start, end in self._spans(table.apparent) for i in range(start, end)}
        self._negations = [(s, e) for s, e in self._spans(table.negation) if s not in apparent and s not in named]
        self._strong = {s for s, _ in self._spans(table.strong)}
        self._after = self._spans(table.negation_after)
        self._hypothetical = self._spans(table.hypothetical)
        self._whole = {s for s, _ in self._spans(table.whole_sentence)}
        self._relatives = self._spans(table.relatives)
        self._tells = self._spans(table.tells)

    def assertion(self, first: int, last: int) -> Assertion:
        """What the sentence says of the finding in these words."""
        if self._is_hypothetical(first):
            return Assertion.HYPOTHETICAL
        if self._is_of_family(first):
            return Assertion.FAMILY
        if self._is_negated(first) or self._is_negated_after(last):
            return Assertion.EXCLUDED
        return Assertion.OBSERVED

    def absent(self) -> Iterator[tuple[int, str]]:
        """(word, finding) of words that say by themselves that a finding is not there."""
        for i, plain in enumerate(self._plain):
            if hpo_id := cues().absent.get(plain):
                yield i, hpo_id

    def _spans(self, phrases: Sequence[tuple[str, ...]]) -> list[tuple[int, int]]:
        found = []
        at = 0
        while at < len(self._plain):
            length = next((len(p) for p in phrases if tuple(self._plain[at : at + len(p)]) == p), 0)
            if length:
                found.append((at, at + length))
            at += length or 1
        return found

    def _is_negated(self, first: int) -> bool:
        for start, end in self._negations:
            if end > first:
                break
            if self._reaches(start, end, first):
                return True
        return False

    def _reaches(self, start: int, end: int, first: int) -> bool:
        """Whether a negation in words start to end reaches the finding that begins at `first`."""
        between = range(end + int(end < first and self._plain[end] in cues().verbs), first)
        if any(self._plain[i] in cues().ends for i in between):
            return False
        if any(other != (start, end) and end <= other[0] < first for other in self._negations):
            return False  # the nearer one decides
        if any("(" in self._marks[i] or ")" in self._marks[i] for i in range(end, first + 1)):
            return False
        commas = [i for i in range(end, first + 1) if "," in self._marks[i] or ":" in self._marks[i]]
        if not commas or start in self._strong:
            return True
        return self._is_list(end)

    def _is_list(self, end: int) -> bool:
        """Whether the words after a negation are a list that ends in 'nor': then its commas do not end the reach."""
        for i in range(end, len(self._plain)):
            if self._plain[i] in cues().ends:
                return False
            if self._plain[i] in cues().list_ends:
                return True
        return False

    def _is_negated_after(self, last: int) -> bool:
        for start, _ in self._after:
            if last < start <= last + _REACH_AFTER and all(
                "," not in self._marks[i] and self._plain[i] not in cues().ends for i in range(last + 1, start + 1)
            ):
                return True
        following = last + 1
        is_answer = following < len(self._plain) and ":" in self._marks[following]
        return is_answer and self._plain[following] in cues().answers

    def _is_hypothetical(self, first: int) -> bool:
        if any(end <= first and self._supposes(start, end, first) for start, end in self._hypothetical):
            return True
        return "?" in self._marks[first] or (first == 0 and self._lead.rstrip().endswith("?"))

    def _supposes(self, start: int, end: int, first: int) -> bool:
        """Whether a supposition in words start to end reaches the finding that begins at `first`."""
        if start in self._whole:
            return True
        has_end = any(self._plain[i] in cues().ends - cues().go_on for i in range(end, first))
        return not has_end and not any("," in self._marks[i] for i in range(end, first + 1))

    def _is_of_family(self, first: int) -> bool:
        before = [(s, e) for s, e in self._relatives if e <= first]
        if not before:
            return False
        start, end = before[-1]
        if any(e <= first and s >= end - 1 for s, e in self._tells):
            return False
        if any(s in {start - 2, start - 1} for s, _ in self._tells):
            return False
        return not any(self._plain[i] in cues().patient for i in range(end, first))
