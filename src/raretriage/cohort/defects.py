"""Which records of an export are bad? A few encounters have one defect, of the kinds that real exports have.

Each kind costs no more than its record, or its encounter: the file around it can be read. `cohort.json` counts them
by kind, so that what a pipeline set aside can be held against what was wrong. The table says what should become of it.

| kind | what is wrong | what it costs |
|---|---|---|
| `impossible_vital` | a vital sign is 999, as devices say that they measured nothing | that reading |
| `unknown_unit` | a vital sign has a unit that nothing is measured in | that reading |
| `truncated_line` | the line of an observation or diagnosis breaks off in the middle | that record |
| `missing_subject` | the encounter names no patient | the encounter and what belongs to it |
| `unparsable_date` | the encounter's start is no date | the encounter and what belongs to it |
| `identical_resources` | a resource is there twice, letter by letter | nothing: the copy is a duplicate |
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import cast

import orjson

Resource = dict[str, object]
Line = tuple[str, bytes]
"""Resource type, and the line with its end."""

_Defect = Callable[[Sequence[Resource], Random], list[Line] | None]


def line_of(resource: Mapping[str, object]) -> Line:
    """A resource as a line of NDJSON."""
    return str(resource["resourceType"]), orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE)


def spoil(resources: Sequence[Resource], chance: Random) -> tuple[str, list[Line]]:
    """An encounter's lines with one defect, drawn from those that its resources can have.

    Args:
        resources: the Encounter and all that belongs to it.
        chance: what decides.

    Returns:
        The kind of defect, a key of `DEFECTS`, and the lines.
    """
    kinds = list(DEFECTS)
    chance.shuffle(kinds)
    for kind in kinds:
        lines = DEFECTS[kind](resources, chance)
        if lines is not None:
            return kind, lines
    raise AssertionError("an encounter can always be there twice")


def _impossible_vital(resources: Sequence[Resource], chance: Random) -> list[Line] | None:
    return _with_quantity(resources, chance, {"value": 999})


def _unknown_unit(resources: Sequence[Resource], chance: Random) -> list[Line] | None:
    return _with_quantity(resources, chance, {"unit": "unidades", "code": "[arb'U]"})


def _with_quantity(resources: Sequence[Resource], chance: Random, wrong: Resource) -> list[Line] | None:
    measured = [n for n, resource in enumerate(resources) if "valueQuantity" in resource]
    if not measured:
        return None
    place = chance.choice(measured)
    quantity = cast("Resource", resources[place]["valueQuantity"])
    return _with(resources, place, {"valueQuantity": {**quantity, **wrong}})


def _truncated_line(resources: Sequence[Resource], chance: Random) -> list[Line] | None:
    places = [n for n, resource in enumerate(resources) if resource["resourceType"] != "Encounter"]
    if not places:
        return None
    lines, place = [line_of(resource) for resource in resources], chance.choice(places)
    kind, line = lines[place]
    text = line.decode()
    lines[place] = kind, text[: len(text) // 2].encode() + b"\n"
    return lines


def _missing_subject(resources: Sequence[Resource], _chance: Random) -> list[Line]:
    place = _encounter(resources)
    bare = {name: value for name, value in resources[place].items() if name != "subject"}
    return [line_of(bare if n == place else resource) for n, resource in enumerate(resources)]


def _unparsable_date(resources: Sequence[Resource], _chance: Random) -> list[Line]:
    place = _encounter(resources)
    period = cast("Resource", resources[place]["period"])
    start = str(period["start"])
    return _with(resources, place, {"period": {**period, "start": f"{start[8:10]}.{start[5:7]}.{start[:4]}"}})


def _identical_resources(resources: Sequence[Resource], chance: Random) -> list[Line]:
    lines = [line_of(resource) for resource in resources]
    place = chance.randrange(len(lines))
    return [*lines[:place], lines[place], *lines[place:]]


def _encounter(resources: Sequence[Resource]) -> int:
    return next(n for n, resource in enumerate(resources) if resource["resourceType"] == "Encounter")


def _with(resources: Sequence[Resource], place: int, wrong: Resource) -> list[Line]:
    return [line_of({**r, **wrong} if n == place else r) for n, r in enumerate(resources)]


DEFECTS: Mapping[str, _Defect] = MappingProxyType(
    {
        "impossible_vital": _impossible_vital,
        "unknown_unit": _unknown_unit,
        "truncated_line": _truncated_line,
        "missing_subject": _missing_subject,
        "unparsable_date": _unparsable_date,
        "identical_resources": _identical_resources,
    }
)
