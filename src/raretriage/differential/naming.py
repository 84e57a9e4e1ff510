"""What do two names have in common? Names of diseases as sets of words, and as members of a series.

OMIM numbers the members of a phenotypic series ("Noonan syndrome 2", "Retinitis pigmentosa 19"); without its own list
of series, the name without the numbering is the series.
"""

import re

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_WORD = re.compile(r"[a-z]+")
_NUMBERING = re.compile(r"(?:\d+[a-z]{0,2}|[ivx]+[a-z]?|[a-z])")
_INHERITANCE = re.compile(r"\b(?:type|autosomal|dominant|recessive|x-linked|digenic)\b")
_SAYS_NOTHING = frozenset(
    [
        *("syndrome", "disease", "disorder", "deficiency", "type"),
        *("of", "the", "and", "with", "or", "due", "to"),
        *("autosomal", "dominant", "recessive", "xlinked"),
    ]
)
_SHORTEST_WORD_OF_A_SERIES = 3


def words(name: str) -> frozenset[str]:
    """The words that tell a name from others: no brackets, numbers, plurals or words that most names have.

    >>> sorted(words("Ehlers-Danlos syndrome, type I (classic)"))
    ['ehlersdanlo']
    """
    plain = _BRACKETS.sub(" ", name.lower()).split(";", 1)[0].replace("-", "")
    return frozenset(w.rstrip("s") for w in _WORD.findall(plain) if len(w) > 1 and w not in _SAYS_NOTHING) - _ROMAN


def series(name: str) -> str:
    """The name without numbering and inheritance; members of one series have the same.

    >>> series("Noonan syndrome 2") == series("Noonan syndrome 14")
    True
    """
    plain = _INHERITANCE.sub(" ", _BRACKETS.sub(" ", name.lower()).split(";", 1)[0])
    kept = [w for w in re.findall(r"[a-z0-9]+", plain) if not _NUMBERING.fullmatch(w)]
    return " ".join(sorted(w for w in kept if len(w) >= _SHORTEST_WORD_OF_A_SERIES))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard index of two sets of words; 0 where both are empty."""
    return len(one & other) / len(one | other) if one | other else 0.0


_ROMAN = frozenset(["ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"])
