"""What can go wrong for a patient: a table of data, `hazards.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class Hazard:
    name: str
    harm: str
    lessened: str
    """By the system."""
    site: str
    """What the place that uses it must do."""
    when: Literal["always", "simulated"] = "always"


def hazards(*, simulated: bool) -> tuple[Hazard, ...]:
    """Those that apply; that of simulated training only where it was."""
    return tuple(hazard for hazard in _all() if simulated or hazard.when == "always")


@cache
def _all() -> tuple[Hazard, ...]:
    text = files("raretriage.release").joinpath("hazards.toml").read_text(encoding="utf-8")
    return tuple(Hazard(**row) for row in tomllib.loads(text)["hazard"])
