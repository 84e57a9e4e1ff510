"""Errors as RFC 9457 problem documents: which field, what about it, what is allowed, what to do. Never a value."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from http import HTTPStatus

from fastapi.responses import JSONResponse

from raretriage.domain import RANGES, FindingStatus, Pregnancy, Sex, VisitType
from raretriage.serving.errors import FieldFault
from raretriage.serving.wire import PredictRequest

MEDIA_TYPE = "application/problem+json"
_HPO_FORM = "an HPO id such as HP:0001250"
_UNITS = {"a": "years", "d": "days", "{score}": "points", "{count}": "diseases", "Cel": "°C", "mm[Hg]": "mmHg"}
_ENUMS: Mapping[str, type[StrEnum]] = {
    "sex": Sex,
    "pregnant": Pregnancy,
    "visit_type": VisitType,
    "status": FindingStatus,
}
_NUMBER_TYPES = {"float_type", "float_parsing", "int_type", "int_parsing", "finite_number"}


class Problem(JSONResponse):
    """The response itself."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        body: dict[str, object] = {
            "type": "about:blank",  # RFC 9457, 4.2.1: the title is the status's own phrase
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
        }
        if faults:
            body["errors"] = [
                {"field": f.field, "problem": f.problem, "allowed": f.allowed, "fix": f.fix} for f in faults
            ]
        super().__init__(body, status_code=status.value, headers=dict(headers or {}))


def invalid(faults: Sequence[FieldFault]) -> Problem:
    """422 with one entry a fault."""
    named = ", ".join(dict.fromkeys(fault.field or "the body" for fault in faults))
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{len(faults)} problem(s) in: {named}", faults=faults)


def faults_of(errors: Iterable[Mapping[str, object]]) -> list[FieldFault]:
    """Pydantic's errors of a request as faults. What was sent is left out."""
    return [_fault(error) for error in errors]


def _fault(error: Mapping[str, object]) -> FieldFault:
    place = error["loc"]
    path = [part for part in place if part != "body"] if isinstance(place, tuple) else []
    field, name = _spelled(path), _last_name(path)
    kind = str(error["type"])
    allowed = _allowed(name)
    if kind == "missing":
        return FieldFault(field, "is missing", allowed, f"send {name}")
    if kind == "extra_forbidden":
        return _unknown_field(field, name)
    if kind in _NUMBER_TYPES:
        problem = "is not a finite number" if kind == "finite_number" else "is not a number"
        return FieldFault(field, problem, allowed, "send a JSON number, without quotation marks; leave out unknowns")
    if kind in {"greater_than_equal", "less_than_equal"}:
        side = "below" if kind == "greater_than_equal" else "above"
        return FieldFault(field, f"is {side} the allowed range", allowed, "check the value and its unit")
    if kind in {"string_too_long", "too_long", "string_too_short"}:
        return FieldFault(field, "has a length that is not allowed", _length(error), "shorten it or leave it out")
    if not field:
        return FieldFault(
            "", "is not a JSON object", "one JSON object", 'send {"fever": ..., "pain": ..., "days": ...}'
        )
    return FieldFault(field, "is not of the right kind", allowed, "send one of the allowed values or leave it out")


def _spelled(path: Sequence[object]) -> str:
    spelled = ""
    for part in path:
        spelled += f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}"
    return spelled.removeprefix(".")


def _last_name(path: Sequence[object]) -> str:
    return next((str(part)[:60] for part in reversed(path) if isinstance(part, str)), "")


def _allowed(name: str) -> str:
    field = "age_years" if name == "age" else "days" if name == "onset_days" else name
    if field in RANGES:
        limits = RANGES[field]
        return f"a number from {limits.low:g} to {limits.high:g} ({_UNITS.get(limits.unit, limits.unit)})"
    if name in _ENUMS:
        return ", ".join(_ENUMS[name])
    return {"hpo_id": _HPO_FORM, "phenotypes": "a list of {hpo_id, status, onset_days}"}.get(name, "a text")


def _unknown_field(field: str, name: str) -> FieldFault:
    known = list(PredictRequest.model_fields) if "." not in field else ["hpo_id", "status", "onset_days"]
    near = get_close_matches(name, known, n=1)
    fix = f"did you mean {near[0]}?" if near else "leave it out"
    return FieldFault(field, "is not a field of this request", ", ".join(known), fix)


def _length(error: Mapping[str, object]) -> str:
    context = error.get("ctx")
    limits = context if isinstance(context, dict) else {}
    low, high = limits.get("min_length"), limits.get("max_length")
    return f"at most {high}" if high is not None else f"at least {low}"
