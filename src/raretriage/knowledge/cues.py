"""The table of cues (`cues.toml`) as it is read."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def cue_table() -> Mapping[str, Mapping[str, Any]]:
    """Section -> key -> value, as written."""
    return tomllib.loads(files("raretriage.knowledge").joinpath("cues.toml").read_text(encoding="utf-8"))
