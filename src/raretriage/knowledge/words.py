"""Text as words that can be compared: without case, accents, plural and gender endings."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_APOSTROPHE = re.compile(r"['’]")
_LONG_ENOUGH_FOR_PLURAL = 4
_LONG_ENOUGH_FOR_GENDER = 6


class Word(NamedTuple):
    """One word of a text: `text[start:end]`."""

    start: int
    end: int
    folded: str
    """Lower case, no accents, no apostrophe."""
    stem: str


def fold(text: str) -> str:
    """Lower case without accents; folding twice is folding once.

    >>> fold("Cefalea MIGRAÑOSA")
    'cefalea migranosa'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


def stem(folded: str) -> str:
    """The word without the endings that Spanish and English give to number and gender.

    >>> stem("convulsiones"), stem("convulsion"), stem("seca"), stem("rojos"), stem("headaches"), stem("headache")
    ('convulsion', 'convulsion', 'seca', 'rojo', 'headach', 'headach')
    """
    word = folded
    if len(word) >= _LONG_ENOUGH_FOR_PLURAL and word.endswith("s") and not word.endswith("ss"):
        word = word[:-3] + "y" if word.endswith("ies") else word[:-1]
        if len(word) >= _LONG_ENOUGH_FOR_GENDER and word.endswith("e"):
            word = word[:-1]
    if len(word) >= _LONG_ENOUGH_FOR_GENDER and word[-1] in "aoe":
        word = word[:-1]
    return word


def words_of(text: str) -> list[Word]:
    """The words in their order."""
    found = []
    for match in _WORD.finditer(text):
        folded, stemmed = _read(match[0])
        if folded:
            found.append(Word(match.start(), match.end(), folded, stemmed))
    return found


@lru_cache(maxsize=32_768)
def _read(word: str) -> tuple[str, str]:
    """Folded, and its stem. 60,000 names are made of 15,000 words."""
    folded = _APOSTROPHE.sub("", fold(word))
    return folded, stem(folded)


def within_edits(one: str, other: str, most: int) -> bool:
    """True when insertions, deletions, exchanges and swaps of neighbours, `most` at most, make one the other.

    Optimal string alignment distance, in a band of the diagonal.
    """
    if abs(len(one) - len(other)) > most:
        return False
    before, last = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return False
        before, last = last, row
    return last[-1] <= most
