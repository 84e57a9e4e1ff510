"""Urgent signs in the words of a complaint, Spanish or English: `wording.toml`.

A wording counts unless its own clause sets it aside: negated, only feared or warned of, somebody else's, or long over.
The rules for that follow the idea of NegEx (Chapman et al. 2001, J Biomed Inform 34:301): cues with a limited reach.
They are simple on purpose and lean towards the alarm.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from raretriage.domain.red_flags.flags import Alarm, RedFlag
from raretriage.domain.red_flags.tables import read_text

Pattern = re.Pattern[str]

_NEAR_WORDS, _PHRASE_WORDS = 3, 6
_SENTENCE_END = re.compile(r"[.;!?](?=\s|$)|\n")
_LIST_GOES_ON = re.compile(r"\b(?:ni|o|u|or|nor)\b")
_LIST_GOES_ON_AFTER = re.compile(r"(?: \w+)?,? (?:ni|o|u|or|nor)\b")
_WORD = re.compile(r"\w+")
_NOT_TURNED = r"(?<!\bno )(?<!\bni )(?<!\bsi )(?<!\bnot )(?<!\bif )"
"""`no presenta …` says nothing new."""


@dataclass(frozen=True, slots=True)
class WordingRule:
    """One sign and the ways in which it is written."""

    id: str
    flag: RedFlag
    source: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that set aside what follows them, and how far they reach."""

    kind: str
    reach: str
    words: Pattern
    blocks: Pattern | None

    def reaches(self, before: str, after: str) -> bool:
        """Whether one of the words stands in `before`, near enough to its end."""
        text = before if self.reach == "list" or _continues_a_list(before, after) else before.rpartition(",")[2]
        for found in self.words.finditer(text):
            between = text[found.end() :]
            if self.reach == "list":
                return True
            limit = _NEAR_WORDS if self.reach == "near" else _PHRASE_WORDS
            own = between.rpartition(",")[2]
            if len(_WORD.findall(own)) <= limit and not (self.blocks and self.blocks.search(own)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Language:
    signs: tuple[WordingRule, ...]
    cues: tuple[Cue, ...]
    turns: Pattern
    not_a_negation: Pattern
    recent: Pattern
    negated_after: Pattern
    past_after: Pattern


def folded(text: str) -> str:
    """Small letters without accents, straight apostrophes, single spaces; line ends stay.

    >>> folded("Opresión  en el PECHO, can’t breathe")
    "opresion en el pecho, can't breathe"
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("’", "'")
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^\S\n]+", " ", plain)


def wording_rules() -> tuple[WordingRule, ...]:
    """The signs in the table's order."""
    return _language().signs


def wording_alarms(complaint: str) -> Iterator[Alarm]:
    """One alarm for each sign that the complaint states of this patient, now."""
    if not complaint:
        return
    sentences = [sentence for sentence in _SENTENCE_END.split(folded(complaint)) if sentence.strip()]
    for rule in wording_rules():
        if any(_states(rule, sentence) for sentence in sentences):
            yield Alarm(rule.flag, rule.id, rule.source)


def _states(rule: WordingRule, sentence: str) -> bool:
    return any(
        not _is_set_aside(sentence[: found.start()], sentence[found.end() :])
        for found in rule.pattern.finditer(sentence)
    )


def _is_set_aside(before: str, after: str) -> bool:
    language = _language()
    before = language.not_a_negation.sub(lambda found: "," * (found[0] != ""), _since_the_last(language.turns, before))
    after = language.turns.split(after, maxsplit=1)[0]
    if language.negated_after.search(after):
        return True
    is_recent = bool(language.recent.search(before.rpartition(",")[2]) or language.recent.search(after.split(",")[0]))
    if not is_recent and language.past_after.search(after):
        return True
    return any(cue.reaches(before, after) for cue in language.cues if not (cue.kind == "past" and is_recent))


def _since_the_last(turns: Pattern, text: str) -> str:
    end = max((found.end() for found in turns.finditer(text)), default=0)
    return text[end:]


def _continues_a_list(before: str, after: str) -> bool:
    """`sin fiebre, tos ni …` and `sin fiebre, … ni tos`: what holds for the list holds for this."""
    own = before.rpartition(",")[2]
    return bool(_LIST_GOES_ON.search(own) or _LIST_GOES_ON_AFTER.match(after))


@cache
def _language() -> _Language:
    table: dict[str, Any] = tomllib.loads(read_text("wording.toml"))
    return _Language(
        signs=tuple(
            WordingRule(f"wording.{sign['flag']}", RedFlag(sign["flag"]), sign["source"], _any_of(sign["patterns"]))
            for sign in table["sign"]
        ),
        cues=tuple(
            Cue(
                kind=cue["kind"],
                reach=cue["reach"],
                words=_words(cue["words"]),
                blocks=_words(cue["blocks"]) if "blocks" in cue else None,
            )
            for cue in table["cue"]
        ),
        turns=re.compile(_NOT_TURNED + _words(table["turns"]["words"]).pattern),
        not_a_negation=_words(table["not_a_negation"]["words"]),
        recent=_words(table["recent"]["words"]),
        negated_after=_any_of(table["after"]["negation"]),
        past_after=_any_of(table["after"]["past"]),
    )


def _any_of(patterns: Iterable[str]) -> Pattern:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _words(patterns: Iterable[str]) -> Pattern:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")
