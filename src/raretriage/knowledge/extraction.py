"""Which findings does a note tell of? Names are found, then what stands around them says whose they are.

Offline and by written rules: a dictionary of all names of the findings in both languages, the longest first, and the
cues of `cues.toml`. It proposes; a clinician confirms.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files

from raretriage.knowledge.errors import TextTooLong
from raretriage.knowledge.knowledge import Knowledge
from raretriage.knowledge.lexicon import spanish_labels, wordings
from raretriage.knowledge.spells import find_duration_days
from raretriage.knowledge.words import Word, fold, within_edits, words_of

LONGEST_TEXT = 20_000
_SENTENCE_END = re.compile(r"[.;!?\n](?=\s|$)|\n")
_LONGEST_NAME = 8
_MENDED_FROM = 6
"""Letters that a word must have before a typing error in it is mended."""
_SHORTEST_NAME = 3
_ASKED = frozenset({"tiene", "presenta", "refiere", "has", "lleva"})
"""Verbs that follow a negation at once and belong to it: 'ni tiene fiebre'."""
_CONFUSED = {"b": "v", "v": "b"}
"""First letters that are taken for each other in Spanish."""
_REACH_AFTER = 4
"""Words between a finding and the cue behind it."""


_GO_ON = frozenset({"si", "con", "with", "hoy"})
"""Ends of a negation that do not end a supposition."""


class Assertion(StrEnum):
    """What a note says of a finding."""

    OBSERVED = "observed"
    EXCLUDED = "excluded"
    FAMILY = "family"
    """Somebody else's."""
    HYPOTHETICAL = "hypothetical"
    """Feared, looked for or warned of."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One finding in the text, `text[start:end]`."""

    hpo_id: str
    assertion: Assertion
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a text tells."""

    mentions: tuple[Mention, ...]
    """In the order of the text, without overlaps; those of relatives and mere possibilities too."""
    days: float | None
    """How long the illness has lasted; None where nothing is written."""

    def findings(self) -> dict[str, Assertion]:
        """The patient's findings, each once: observed where it is observed anywhere, else excluded."""
        found: dict[str, Assertion] = {}
        for mention in self.mentions:
            if mention.assertion in {Assertion.OBSERVED, Assertion.EXCLUDED}:
                known = found.get(mention.hpo_id)
                found[mention.hpo_id] = mention.assertion if known is not Assertion.OBSERVED else known
        return found


@dataclass(slots=True)
class _Node:
    """A place in the tree of names: the next words, and the finding whose name ends here."""

    below: "dict[str, _Node]" = field(default_factory=dict)
    hpo_id: str | None = None
    rank: int = 99


class Extractor:
    """Reads texts with the names of one release. Safe for several threads."""

    def __init__(self, knowledge: Knowledge, *, translated: Mapping[str, str] | None = None) -> None:
        """
        Args:
            translated: HPO id -> Spanish label of an official translation, where one is given.
        """
        self._root = _Node()
        self._words: dict[tuple[str, int], list[str]] = {}
        for hpo_id, text, rank in _names(knowledge, translated or {}):
            self._add(hpo_id, text, rank)
        self._known = {s for node in _nodes(self._root) for s in node.below}
        for word in self._known:
            if len(word) >= _MENDED_FROM - 1:
                self._words.setdefault((word[0], len(word)), []).append(word)

    def extract(self, text: str) -> Extraction:
        """The findings of a text and how long it has lasted.

        Raises:
            TextTooLong: more than `LONGEST_TEXT` characters.
        """
        if len(text) > LONGEST_TEXT:
            raise TextTooLong(
                f"the text has {len(text)} characters, at most {LONGEST_TEXT} are read: send a part of it"
            )
        words = words_of(text)
        mentions: list[Mention] = []
        for sentence in _sentences(text, words):
            names = list(self._found(sentence))
            read = _Sentence(text, sentence, [(first, last) for first, last, _ in names])
            for first, last, hpo_id in names:
                assertion = read.assertion(first, last)
                mentions.append(Mention(hpo_id, assertion, sentence[first].start, sentence[last].end))
            mentions.extend(read.absent())
        return Extraction(tuple(_apart(mentions)), find_duration_days(text))

    def _found(self, words: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
        """(first word, last word, finding) of the names, the longest at each place, without overlaps."""
        at = 0
        while at < len(words):
            best: tuple[int, str] | None = None
            if words[at].folded not in _cues().skipped:
                best = self._longest(words, at)
            if best is None:
                at += 1
                continue
            yield at, best[0], best[1]
            at = best[0] + 1

    def _longest(self, words: Sequence[Word], at: int) -> tuple[int, str] | None:
        node: _Node | None = self._root
        best: tuple[int, str] | None = None
        skipped = 0
        for i in range(at, min(len(words), at + _LONGEST_NAME + 4)):
            word = words[i]
            following = node.below.get(word.stem) if node is not None else None
            is_skipped = word.folded in _cues().skipped or word.folded in _cues().sides
            if following is None and is_skipped and i > at and skipped < 2:
                skipped += 1
                continue
            if following is None and node is not None and len(word.folded) >= _MENDED_FROM:
                following = self._mended(node, word)
            if following is None:
                break
            skipped = 0
            node = following
            if node.hpo_id is not None:
                best = i, node.hpo_id
        return best

    def _mended(self, node: _Node, word: Word) -> _Node | None:
        """The next node by a word that is misspelt: none of our words, and one letter off one that may follow."""
        if word.stem in self._known:
            return None
        most = 2 if len(word.stem) > 9 else 1
        if node is not self._root:
            near = [s for s in node.below if len(s) >= _MENDED_FROM - 1 and within_edits(word.stem, s, most)]
        else:
            near = [
                s
                for length in range(len(word.stem) - most, len(word.stem) + most + 1)
                for first in {word.stem[0], _CONFUSED.get(word.stem[0], word.stem[0])}
                for s in self._words.get((first, length), ())
                if s in node.below and within_edits(word.stem, s, most)
            ]
        return node.below[min(near)] if near else None

    def _add(self, hpo_id: str, text: str, rank: int) -> None:
        stems = [w.stem for w in words_of(text) if w.folded not in _cues().skipped]
        if not stems or len(stems) > _LONGEST_NAME or len(fold(text)) < _SHORTEST_NAME - int(rank == _ABBREVIATION):
            return
        node = self._root
        for part in stems:
            node = node.below.setdefault(part, _Node())
        if rank < node.rank:
            node.hpo_id, node.rank = hpo_id, rank


_LABEL, _OWN, _EXACT, _ABBREVIATION, _LOOSE = range(5)
"""Which name wins where two findings share one."""
_RANK_OF_KIND = {"clinical": _OWN, "lay": _OWN, "abbr": _ABBREVIATION}


def _names(knowledge: Knowledge, translated: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """(finding, name, rank). HPO's broad and related synonyms often say something else: only lay people's are taken."""
    spanish = {**translated, **spanish_labels()}
    for term in knowledge.ontology.current_terms():
        if not knowledge.is_finding(term.id):
            continue
        yield term.id, term.name, _LABEL
        if term.id in spanish:
            yield term.id, _BRACKETS.sub(" ", spanish[term.id]), _LABEL
        for synonym in term.synonyms:
            is_short = len(synonym.text) <= _SHORTEST_NAME or synonym.text.isupper()
            if synonym.scope == "EXACT" and not is_short:
                yield term.id, synonym.text, _EXACT
            elif (synonym.scope == "NARROW" or "layperson" in synonym.kind) and not is_short:
                yield term.id, synonym.text, _LOOSE
    for language in ("es", "en"):
        for wording in wordings(language):
            current = knowledge.find(wording.hpo_id)
            if current is not None:
                yield current, wording.text, _RANK_OF_KIND[wording.kind]


_BRACKETS = re.compile(r"\([^)]*\)")


def _nodes(root: _Node) -> Iterator[_Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.below.values())


def _sentences(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    sentence: list[Word] = []
    for word in words:
        while ends and ends[0] <= word.start:
            ends.pop(0)
            if sentence:
                yield sentence
                sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def _apart(mentions: Iterable[Mention]) -> Iterator[Mention]:
    end = 0
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if mention.start >= end:
            yield mention
            end = mention.end


@dataclass(frozen=True, slots=True)
class _Cues:
    """Cues as tuples of folded words, the longest first."""

    negation: tuple[tuple[str, ...], ...]
    negation_after: tuple[tuple[str, ...], ...]
    apparent: tuple[tuple[str, ...], ...]
    ends: frozenset[str]
    strong: tuple[tuple[str, ...], ...]
    relatives: tuple[tuple[str, ...], ...]
    tells: tuple[tuple[str, ...], ...]
    patient: frozenset[str]
    hypothetical: tuple[tuple[str, ...], ...]
    whole_sentence: tuple[tuple[str, ...], ...]
    absent: Mapping[str, str]
    skipped: frozenset[str]
    """Words that a name may have or lack."""
    sides: frozenset[str]
    """Words that a text may put into a name."""


@cache
def _cues() -> _Cues:
    table = tomllib.loads(files("raretriage.knowledge").joinpath("cues.toml").read_text(encoding="utf-8"))

    def phrases(of: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(sorted({tuple(w.folded for w in words_of(x)) for x in of}, key=lambda p: (-len(p), p)))

    return _Cues(
        negation=phrases(table["negation"]["before"]),
        negation_after=phrases(table["negation"]["after"]),
        apparent=phrases(table["negation"]["apparent"]),
        ends=frozenset(table["negation"]["ends"]),
        strong=phrases(table["negation"]["strong"]),
        relatives=phrases(table["family"]["relatives"]),
        tells=phrases(table["family"]["tells"]),
        patient=frozenset(table["family"]["patient"]),
        hypothetical=phrases(table["hypothetical"]["before"]),
        whole_sentence=phrases(table["hypothetical"]["whole_sentence"]),
        absent=table["absent"],
        skipped=frozenset(table["names"]["skipped"]),
        sides=frozenset(table["names"]["sides"]),
    )


class _Sentence:
    """The cues of one sentence, and what they say of each part of it."""

    def __init__(self, text: str, words: Sequence[Word], names: Sequence[tuple[int, int]]) -> None:
        """
        Args:
            names: first and last word of each finding; a cue that is part of a name ("no appetite") is none.
        """
        self._text, self._words = text, words
        named = {i for first, last in names for i in range(first, last + 1)}
        cues = _cues()
        self._plain = [w.folded for w in words]
        self._commas = [self._mark(i) for i in range(len(words))]
        apparent = {i for start, end in self._spans(cues.apparent) for i in range(start, end)}
        self._negations = [(s, e) for s, e in self._spans(cues.negation) if s not in apparent and s not in named]
        self._strong = {s for s, _ in self._spans(cues.strong)}
        self._after = self._spans(cues.negation_after)
        self._hypothetical = self._spans(cues.hypothetical)
        self._whole = {s for s, _ in self._spans(cues.whole_sentence)}
        self._relatives = self._spans(cues.relatives)
        self._tells = self._spans(cues.tells)

    def assertion(self, first: int, last: int) -> Assertion:
        """What the sentence says of the finding in these words."""
        if self._is_hypothetical(first):
            return Assertion.HYPOTHETICAL
        if self._is_of_family(first):
            return Assertion.FAMILY
        if self._is_negated(first) or self._is_negated_after(last):
            return Assertion.EXCLUDED
        return Assertion.OBSERVED

    def absent(self) -> Iterator[Mention]:
        """Words that say by themselves that something is not there."""
        for word in self._words:
            if hpo_id := _cues().absent.get(word.folded):
                yield Mention(hpo_id, Assertion.EXCLUDED, word.start, word.end)

    def _spans(self, phrases: Sequence[tuple[str, ...]]) -> list[tuple[int, int]]:
        found = []
        at = 0
        while at < len(self._plain):
            length = next((len(p) for p in phrases if tuple(self._plain[at : at + len(p)]) == p), 0)
            if length:
                found.append((at, at + length))
            at += length or 1
        return found

    def _mark(self, i: int) -> str:
        """What stands between this word and the one before."""
        return "" if i == 0 else self._text[self._words[i - 1].end : self._words[i].start]

    def _is_negated(self, first: int) -> bool:
        for start, end in self._negations:
            if end > first:
                break
            if self._reaches(start, end, first):
                return True
        return False

    def _reaches(self, start: int, end: int, first: int) -> bool:
        """Whether a negation in words start to end reaches the finding that begins at `first`."""
        between = range(end + int(end < first and self._plain[end] in _ASKED), first)
        if any(self._plain[i] in _cues().ends for i in between):
            return False
        if any(other != (start, end) and end <= other[0] < first for other in self._negations):
            return False  # the nearer one decides
        if any("(" in self._commas[i] or ")" in self._commas[i] for i in range(end, first + 1)):
            return False
        commas = [i for i in range(end, first + 1) if "," in self._commas[i] or ":" in self._commas[i]]
        if not commas or start in self._strong:
            return True
        return self._is_list(end)

    def _is_list(self, end: int) -> bool:
        """Whether the words after a negation are a list that ends in 'nor': then its commas do not end the reach."""
        for i in range(end, len(self._plain)):
            if self._plain[i] in _cues().ends:
                return False
            if self._plain[i] in {"ni", "nor", "or", "o"}:
                return True
        return False

    def _is_negated_after(self, last: int) -> bool:
        for start, _ in self._after:
            if last < start <= last + _REACH_AFTER and all(
                "," not in self._commas[i] and self._plain[i] not in _cues().ends for i in range(last + 1, start + 1)
            ):
                return True
        following = last + 1
        is_answer = following < len(self._plain) and ":" in self._mark(following)
        return is_answer and self._plain[following] in {"no", "negativo", "negative", "ausente", "absent"}

    def _is_hypothetical(self, first: int) -> bool:
        if any(end <= first and self._supposes(start, end, first) for start, end in self._hypothetical):
            return True
        return "?" in self._mark(first) or (first == 0 and self._text[: self._words[0].start].rstrip().endswith("?"))

    def _supposes(self, start: int, end: int, first: int) -> bool:
        """Whether a supposition in words start to end reaches the finding that begins at `first`."""
        if start in self._whole:
            return True
        has_end = any(self._plain[i] in _cues().ends - _GO_ON for i in range(end, first))
        return not has_end and not any("," in self._commas[i] for i in range(end, first + 1))

    def _is_of_family(self, first: int) -> bool:
        before = [(s, e) for s, e in self._relatives if e <= first]
        if not before:
            return False
        start, end = before[-1]
        if any(e <= first and s >= end - 1 for s, e in self._tells):
            return False
        if any(s < start for s, _ in self._tells) and any(s == start - 1 or s == start - 2 for s, _ in self._tells):
            return False
        return not any(self._plain[i] in _cues().patient for i in range(end, first))
