"""The projection is the allow-list: the privacy officer's file and the reader say the same."""

import json

import pytest

from raretriage.fhir import FIELDS, USED_TYPES, paths, structure
from raretriage.privacy import allowed_fields, allowed_resources


@pytest.mark.parametrize("resource_type", USED_TYPES)
def test_what_is_read_is_what_is_allowed(resource_type: str) -> None:
    assert paths(resource_type) | {"resourceType"} == set(allowed_fields(resource_type))


def test_every_allowed_resource_is_read_and_no_other() -> None:
    assert set(USED_TYPES) == set(allowed_resources())


@pytest.mark.parametrize("resource_type", USED_TYPES)
def test_every_leaf_is_read_as_text(resource_type: str) -> None:
    def leaves(node: object) -> list[object]:
        if isinstance(node, dict):
            return [leaf for below in node.values() for leaf in leaves(below)]
        return leaves(node[0]) if isinstance(node, list) else [node]

    found = leaves(json.loads(structure(resource_type)))
    assert len(found) == len(FIELDS[resource_type])
    assert set(found) == {"VARCHAR"}
