"""What people read, in Spanish and English: one table, `texts.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from raretriage.serving.wire import Bilingual

Language = Literal["es", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@cache
def text_table() -> Mapping[str, Mapping[str, str]]:
    """Every text by its key, then by language."""
    content = files("raretriage.serving").joinpath("texts.toml").read_text(encoding="utf-8")
    return tomllib.loads(content)


class Texts:
    """The texts of one language.

    >>> Texts("es")("state.acute")
    'Enfermedad aguda'
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, **values: object) -> str:
        """A text with its `{places}` filled in. KeyError for a key that the table does not have."""
        return text_table()[key][self.language].format(**values)

    def of(self, text: Bilingual) -> str:
        """A text that comes in both languages, in this one."""
        return text.es if self.language == "es" else text.en


def bilingual(key: str) -> Bilingual:
    """A text in both languages."""
    return Bilingual(es=Texts("es")(key), en=Texts("en")(key))


def language_of(asked: str | None, accept_language: str) -> Language:
    """The language to show: the one asked for, else the browser's first that we have, else Spanish.

    >>> language_of(None, "fr, en-GB;q=0.8, es;q=0.5")
    'en'
    >>> language_of("es", "en")
    'es'
    >>> language_of("xx", "")
    'es'
    """
    if asked is not None and (wanted := _find_language(asked)) is not None:
        return wanted
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag[:2].lower()))
        except ValueError:
            continue
    for _, tag in sorted(wishes, key=lambda wish: wish[0]):
        if (wanted := _find_language(tag)) is not None:
            return wanted
    return "es"


def _find_language(tag: str) -> Language | None:
    return next((language for language in LANGUAGES if language == tag), None)
