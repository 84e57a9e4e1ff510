"""Which findings does a note tell of? Names are found, then what stands around them says whose they are.

Offline and by written rules: a dictionary of all names of the findings in both languages, the longest first, and the
cues of `cues.toml`. It proposes; a clinician confirms.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from raretriage.knowledge.assertion import Assertion, Sentence, cues
from raretriage.knowledge.collector import collector_paused
from raretriage.knowledge.errors import TextTooLong
from raretriage.knowledge.knowledge import Knowledge
from raretriage.knowledge.names import Name, Origin, names_of
from raretriage.knowledge.spells import find_duration_days
from raretriage.knowledge.words import Word, fold, within_edits, words_of

LONGEST_TEXT = 20_000
_SENTENCE_END = re.compile(r"[.;!?\n](?=\s|$)|\n")
_LONGEST_NAME = 8
_MENDED_FROM = 6
"""Letters that a word must have before a typing error in it is mended."""
_SHORTEST_NAME = 3
_CONFUSED = {"b": "v", "v": "b"}
"""First letters that are taken for each other in Spanish."""


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

    def __init__(self, knowledge: Knowledge) -> None:
        """Build it: half a second for the whole of HPO."""
        with collector_paused():
            self._build(knowledge)

    def _build(self, knowledge: Knowledge) -> None:
        self._root = _Node()
        self._words: dict[tuple[str, int], list[str]] = {}
        for name in names_of(knowledge):
            if (rank := _rank(name)) is not None:
                is_spanish_label = name.origin is Origin.LABEL and name.language == "es"
                self._add(name.hpo_id, _BRACKETS.sub(" ", name.text) if is_spanish_label else name.text, rank)
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
            read = Sentence(text, sentence, [(first, last) for first, last, _ in names])
            for first, last, hpo_id in names:
                assertion = read.assertion(first, last)
                mentions.append(Mention(hpo_id, assertion, sentence[first].start, sentence[last].end))
            mentions += [
                Mention(hpo_id, Assertion.EXCLUDED, sentence[i].start, sentence[i].end) for i, hpo_id in read.absent()
            ]
        return Extraction(tuple(_apart(mentions)), find_duration_days(text))

    def _found(self, words: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
        """(first word, last word, finding) of the names, the longest at each place, without overlaps."""
        at = 0
        while at < len(words):
            best: tuple[int, str] | None = None
            if words[at].folded not in cues().skipped:
                best = self._longest(words, at)
            if best is None:
                at += 1
                continue
            yield at, best[0], best[1]
            at = best[0] + 1

    def _longest(self, words: Sequence[Word], at: int) -> tuple[int, str] | None:
        node = self._root
        best: tuple[int, str] | None = None
        skipped = 0
        for i in range(at, min(len(words), at + _LONGEST_NAME + 4)):
            word = words[i]
            following = node.below.get(word.stem)
            is_skipped = word.folded in cues().skipped or word.folded in cues().sides
            if following is None and is_skipped and i > at and skipped < 2:
                skipped += 1
                continue
            if following is None and len(word.folded) >= _MENDED_FROM:
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
        stems = [w.stem for w in words_of(text) if w.folded not in cues().skipped]
        if not stems or len(stems) > _LONGEST_NAME or _is_too_short(text, _SHORTEST_NAME - int(rank == _ABBREVIATION)):
            return
        node = self._root
        for part in stems:
            node = node.below.setdefault(part, _Node())
        if rank < node.rank:
            node.hpo_id, node.rank = hpo_id, rank


_LABEL, _OWN, _EXACT, _ABBREVIATION, _LOOSE = range(5)
"""Which name wins where two findings share one."""
_RANKS = {
    Origin.LABEL: _LABEL,
    Origin.CLINICAL: _OWN,
    Origin.LAY: _OWN,
    Origin.ABBREVIATION: _ABBREVIATION,
}


def _rank(name: Name) -> int | None:
    """None for a name that is not read: HPO's broad and related synonyms often say something else, so only lay
    people's are, and none that is short or an abbreviation."""
    if name.synonym is None:
        return _RANKS[name.origin]
    if len(name.text) <= _SHORTEST_NAME or name.text.isupper():
        return None
    if name.synonym.scope == "EXACT":
        return _EXACT
    return _LOOSE if name.synonym.scope == "NARROW" or "layperson" in name.synonym.kind else None


def _is_too_short(text: str, least: int) -> bool:
    return len(text) <= 2 * least and len(fold(text)) < least  # no name loses half of its letters by being folded


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
