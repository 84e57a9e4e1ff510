"""Which fields of a resource are read: the projection, which is also the allow-list at the door.

A field that is not named here never leaves the JSON text. `raretriage.privacy.allowed_fields` says the same as
reviewable data; a test compares the two. Every leaf is text: a number or a date is parsed later, where a wrong one
can be quarantined by name, while a cast at the door would turn it into a silent null.

A path goes through objects by `.` and through lists by `[]`.
"""

import json
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_CODING = ("system", "code")
_QUANTITY = ("value", "unit", "code")

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Patient": (
            "id",
            "gender",
            "birthDate",
            "address[].state",
            "address[].postalCode",
            "address[].country",
            "modifierExtension[].url",
        ),
        "Encounter": (
            "id",
            "status",
            "class.code",
            "subject.reference",
            "period.start",
            "serviceProvider.reference",
            "serviceProvider.display",
            "reasonCode[].text",
            "modifierExtension[].url",
        ),
        "Condition": (
            "id",
            "clinicalStatus.coding[].code",
            "verificationStatus.coding[].code",
            "category[].coding[].code",
            *(f"code.coding[].{part}" for part in _CODING),
            "subject.reference",
            "encounter.reference",
            "onsetDateTime",
            "abatementDateTime",
            "recordedDate",
            "modifierExtension[].url",
        ),
        "Observation": (
            "id",
            "status",
            *(f"code.coding[].{part}" for part in _CODING),
            "subject.reference",
            "encounter.reference",
            "effectiveDateTime",
            "effectivePeriod.start",
            "issued",
            *(f"valueQuantity.{part}" for part in _QUANTITY),
            *(f"valueCodeableConcept.coding[].{part}" for part in _CODING),
            "valueBoolean",
            "valueInteger",
            "valueDateTime",
            *(f"component[].code.coding[].{part}" for part in _CODING),
            *(f"component[].valueQuantity.{part}" for part in _QUANTITY),
            "modifierExtension[].url",
        ),
    }
)

USED_TYPES: tuple[str, ...] = tuple(FIELDS)
"""The resource types we read; every other type is counted and left."""

_Tree = dict[str, "_Tree | None"]


def paths(resource_type: str) -> frozenset[str]:
    """The dotted paths that are read of a type, as `raretriage.privacy.allowed_fields` writes them."""
    return frozenset(path.replace("[]", "") for path in FIELDS[resource_type])


@cache
def structure(resource_type: str) -> str:
    """The projection as JSON in the shape of the resource, every leaf `VARCHAR`: what DuckDB's json_transform takes.

    >>> structure("Patient")[:55]
    '{"id":"VARCHAR","gender":"VARCHAR","birthDate":"VARCHAR'
    """
    tree: _Tree = {}
    for path in FIELDS[resource_type]:
        node = tree
        *branches, leaf = path.split(".")
        for name in branches:
            below = node.setdefault(name, {})
            if below is None:
                raise ValueError(f"{resource_type}.{path}: a leaf cannot hold further fields")
            node = below
        node[leaf] = None
    return json.dumps(_shape(tree), separators=(",", ":"))


def _shape(tree: _Tree) -> dict[str, object]:
    shape: dict[str, object] = {}
    for name, below in tree.items():
        node: object = "VARCHAR" if below is None else _shape(below)
        bare = name.removesuffix("[]")
        shape[bare] = node if bare == name else [node]
    return shape
