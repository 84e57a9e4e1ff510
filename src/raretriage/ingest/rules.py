"""What each quarantine rule means, in words for the person who has to repair the source."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def rules() -> Mapping[str, str]:
    """Rule -> sentence with the fix."""
    text = resources.files("raretriage.ingest").joinpath("rules.toml").read_text(encoding="utf-8")
    return {name: str(sentence) for name, sentence in tomllib.loads(text).items()}


def message(rule: str, field: str | None) -> str:
    """The sentence for a fault; it names the field and never a value.

    >>> message("not_a_boolean", "valueBoolean")
    'valueBoolean is neither true nor false'
    """
    return rules()[rule].format(field=field or "the field")
