"""What of a FHIR resource may pass. The list itself is data: `allow.toml`, for review by people who read no Python."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from raretriage.privacy.errors import UnknownModifier, UnknownResource


class Treatment(StrEnum):
    """What happens to an allowed field before it may land. The meaning of each is written in `allow.toml`."""

    KEEP = "keep"
    CODE = "code"
    PSEUDONYM = "pseudonym"
    SHIFT = "shift"
    AGE = "age"
    REGION = "region"
    SCRUB = "scrub"
    GUARD = "guard"


@cache
def _document() -> Mapping[str, Mapping[str, object]]:
    return tomllib.loads(files("raretriage.privacy").joinpath("allow.toml").read_text(encoding="utf-8"))


@cache
def _lists() -> Mapping[str, Mapping[str, Treatment]]:
    lists: dict[str, Mapping[str, Treatment]] = {}
    for resource_type, fields in _document()["allow"].items():
        if not isinstance(fields, Mapping):
            raise TypeError(f"allow.toml: [allow.{resource_type}] must be a table")
        lists[resource_type] = MappingProxyType({path: Treatment(name) for path, name in fields.items()})
    return MappingProxyType(lists)


def allowed_resources() -> tuple[str, ...]:
    """The resource types of which anything may pass."""
    return tuple(_lists())


def allowed_fields(resource_type: str) -> Mapping[str, Treatment]:
    """Dotted paths (through lists as through objects) that may be read of this type, with their treatment.

    Raises:
        UnknownResource: nothing of this type may pass.
    """
    try:
        return _lists()[resource_type]
    except KeyError:
        raise UnknownResource(
            f"the allow-list knows no such resource type; known: {', '.join(allowed_resources())}"
        ) from None


def understood_modifiers() -> frozenset[str]:
    """URLs of the modifier extensions that do not reject their resource."""
    understood = _document()["modifiers"]["understood"]
    if not isinstance(understood, list):
        raise TypeError("allow.toml: [modifiers] understood must be a list")
    return frozenset(map(str, understood))


def require_understood(modifier_urls: Iterable[str | None]) -> None:
    """Pass when every modifier extension of a resource is understood.

    Raises:
        UnknownModifier: one is not. The URL is not in the message: it is the sender's text.
    """
    unknown = sum(1 for url in modifier_urls if url not in understood_modifiers())
    if unknown:
        raise UnknownModifier(
            f"modifierExtension: {unknown} with a URL that is not understood; the resource's meaning may be "
            "reversed, so all of it is rejected. Add the URL to allow.toml once its meaning is handled"
        )


@cache
def _code_forms() -> Mapping[str, re.Pattern[str]]:
    return {system: re.compile(str(form)) for system, form in _document()["codes"].items()}


def code_may_pass(system: str | None, code: str | None) -> bool:
    """True when the system is on the list and the code has that system's form."""
    if system is None or code is None:
        return False
    form = _code_forms().get(system)
    return form is not None and form.fullmatch(code) is not None


def project(resource: Mapping[str, object]) -> dict[str, object]:
    """The allowed part of one parsed FHIR resource, untreated; everything else is gone.

    Raises:
        UnknownResource: nothing of this type may pass.
        UnknownModifier: a modifier extension at the resource or at one of the elements read is not understood.
    """
    resource_type = resource.get("resourceType")
    paths = allowed_fields(resource_type if isinstance(resource_type, str) else "")
    kept = _keep(resource, [tuple(path.split(".")) for path in paths])
    return kept if isinstance(kept, dict) else {}


def _keep(node: object, paths: list[tuple[str, ...]]) -> object:
    """The node with the listed paths only; None where nothing is left."""
    if isinstance(node, list):
        items = [part for item in node if (part := _keep(item, paths)) is not None]
        return items or None
    if not isinstance(node, Mapping):
        return None  # a scalar where the list says there is more below: not the shape that was reviewed
    _require_understood_at(node)
    kept: dict[str, object] = {}
    for name in dict.fromkeys(path[0] for path in paths):
        below = [path[1:] for path in paths if path[0] == name and len(path) > 1]
        value = node.get(name)
        passed = _keep(value, below) if below else _scalar(value)
        if passed is not None:
            kept[name] = passed
    return kept or None


def _require_understood_at(node: Mapping[str, object]) -> None:
    modifiers = node.get("modifierExtension")
    if modifiers is None:
        return
    entries = modifiers if isinstance(modifiers, list) else [modifiers]
    require_understood(entry.get("url") if isinstance(entry, Mapping) else None for entry in entries)


def _scalar(value: object) -> object:
    # A list or object where a scalar was reviewed is not what the list allows.
    return value if isinstance(value, (str, int, float, bool)) else None
