"""A Bundle as the resources it holds, each as an export would have written it.

Inside a Bundle, resources may point at each other by `fullUrl` (`urn:uuid:...`) or by a search on an identifier
(`Patient?identifier=system|value`). Both are rewritten to `Type/id`, so that everything after this module knows one
kind of reference. A resource without an id takes it from its `urn:uuid:` fullUrl.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raretriage.fhir.nodes import at, items_at, text_at
from raretriage.fhir.projection import USED_TYPES

_LINKS = ("subject", "encounter")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a Bundle. `number` counts from 1; `resource` is None for an entry that carries none."""

    number: int
    resource: Mapping[str, object] | None


def is_bundle(document: object) -> bool:
    return at(document, "resourceType") == "Bundle"


def entries(bundle: Mapping[str, object]) -> Iterator[Entry]:
    """The entries in order, with ids and references as in a bulk export."""
    found = [(item, _identified(item)) for item in items_at(bundle, "entry")]
    addresses = _addresses(found)
    for number, (_, resource) in enumerate(found, start=1):
        yield Entry(number, None if resource is None else _relinked(resource, addresses))


def _identified(item: object) -> Mapping[str, object] | None:
    resource = at(item, "resource")
    if not isinstance(resource, Mapping):
        return None
    full_url = text_at(item, "fullUrl")
    if "id" in resource or full_url is None or not full_url.startswith("urn:uuid:"):
        return resource
    return {**resource, "id": full_url.removeprefix("urn:uuid:")}


def _addresses(found: list[tuple[object, Mapping[str, object] | None]]) -> dict[str, str]:
    """Every way in which an entry may be referred to -> `Type/id`."""
    addresses: dict[str, str] = {}
    for item, resource in found:
        resource_type, logical_id = text_at(resource, "resourceType"), text_at(resource, "id")
        if resource_type not in USED_TYPES or logical_id is None:
            continue
        address = f"{resource_type}/{logical_id}"
        if (full_url := text_at(item, "fullUrl")) is not None:
            addresses[full_url] = address
        for identifier in items_at(resource, "identifier"):
            system, value = text_at(identifier, "system"), text_at(identifier, "value")
            if value is not None:
                addresses[f"{resource_type}?identifier={system or ''}|{value}"] = address
    return addresses


def _relinked(resource: Mapping[str, object], addresses: Mapping[str, str]) -> Mapping[str, object]:
    changed = {
        link: {"reference": addresses[reference]}
        for link in _LINKS
        if (reference := text_at(resource, link, "reference")) is not None and reference in addresses
    }
    return {**resource, **changed} if changed else resource
