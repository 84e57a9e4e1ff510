"""Free text without its identifiers, as far as rules can find them.

What is found: e-mails, URLs, IP addresses, telephone numbers, dates, ages over 89, national ids and record numbers,
addresses, postcodes, names after a title, a label or a word of kinship, and every name given as known. What is not: a
name in running text that nothing announces and nobody told the scrubber ("vino con Marta"), a nickname, a
description that fits one person in town. No recall is claimed. That is why free text is dropped from the lake unless
a hospital switches it on.
"""

import re
import unicodedata
from collections.abc import Iterable

from raretriage.privacy.identifiers import RULES, TAGS, Rule

# While the rules run, a tag is one private-use character, which no rule can match or split.
_FIRST_MARK = 0xE000
_MARK_OF = {tag: chr(_FIRST_MARK + place) for place, tag in enumerate(TAGS)}
_TAG_OF = {mark: f"[{tag}]" for tag, mark in _MARK_OF.items()}
_TAG = re.compile(rf"\[({'|'.join(TAGS)})\]")
_MARK = re.compile(f"[{''.join(_TAG_OF)}]")

_NAME_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
# Words that stand in names and everywhere else.
_NOT_TELLING = frozenset(
    ("de", "del", "la", "las", "los", "el", "y", "e", "i", "da", "das", "do", "dos", "van", "von", "der", "den", "di")
)
_MOST_PASSES = 20


class Scrubber:
    """Replaces identifiers by tags such as [NAME]. Scrubbing twice is scrubbing once.

    >>> Scrubber(known=["Lucía Rojas"]).scrub("Lucia vino el 3/4/2024 con la Dra. Pérez, tel. 600 123 456; TA 120/80")
    '[NAME] vino el [DATE] con la Dra. [NAME], tel. [PHONE]; TA 120/80'
    """

    __slots__ = ("_known",)

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Args: known: names of this patient and relatives, found whatever their case and accents, word by word."""
        words = {_fold(word) for name in known for word in _NAME_TOKEN.findall(unicodedata.normalize("NFC", name))}
        self._known = frozenset(words - _NOT_TELLING - {""})

    def __repr__(self) -> str:
        return f"Scrubber(known={len(self._known)} words)"

    def scrub(self, text: str) -> str:
        """The text with every identifier that was found replaced by its tag.

        One identifier's tag can lay bare another, so passes repeat until nothing changes: that makes the result
        stable by construction. A text that does not settle is replaced as a whole, by [TEXT].
        """
        for _ in range(_MOST_PASSES):
            scrubbed = self._pass(text)
            if scrubbed == text:
                return text
            text = scrubbed
        return "[TEXT]"

    def _pass(self, text: str) -> str:
        text = _TAG.sub(lambda found: _MARK_OF[found[1]], _plain(text))
        if self._known:
            text = _NAME_TOKEN.sub(self._hide_known, text)
        for rule in RULES:
            text = _apply(rule, text)
        return _MARK.sub(lambda found: _TAG_OF[found[0]], text)

    def _hide_known(self, token: re.Match[str]) -> str:
        word = token[0]
        if _fold(word) not in self._known:
            return word
        # Two letters are a word of every language; as a name they start with a capital.
        return word if len(word) < 3 and not word[0].isupper() else _MARK_OF["NAME"]


def _apply(rule: Rule, text: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if not rule.is_meant(found[0]):
            return found[0]
        kept = found["keep"] if "keep" in rule.pattern.groupindex else None
        return (kept or "") + _MARK_OF[rule.tag]

    return rule.pattern.sub(replace, text)


def _plain(text: str) -> str:
    """Composed letters, and no invisible characters (Cf) or private-use ones (Co) that could part an identifier."""
    visible = "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Co", "Cs"})
    return unicodedata.normalize("NFC", visible)


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word).casefold()
    return "".join(char for char in decomposed if char.isalnum())
