"""Patients and answers as Arrow IPC streams: one row a patient, columns by the names of the JSON interface."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import nanoarrow as na
from nanoarrow.ipc import InputStream, StreamWriter
from pydantic import TypeAdapter, ValidationError

from raretriage.domain import State
from raretriage.serving.errors import FieldFault, InvalidInput
from raretriage.serving.problems import faults_of
from raretriage.serving.wire import MOST_PATIENTS, PredictRequest, PredictResponse

_MOST_FAULTS = 50
_PATIENTS = TypeAdapter(tuple[PredictRequest, ...])
_COLUMNS = tuple(PredictRequest.model_fields)


def patients_of(stream: bytes) -> tuple[PredictRequest, ...]:
    """The requests of a stream. Null is unknown; `phenotypes` is a list of structs.

    Raises:
        InvalidInput: not such a stream, an unknown column, no or too many rows, or what is wrong with which row, the
            first fifty faults.
    """
    rows = _rows(stream)
    if not 1 <= len(rows) <= MOST_PATIENTS:
        raise InvalidInput([_fault("patients", "has no or too many rows", f"1 to {MOST_PATIENTS}", "split the table")])
    try:
        return _PATIENTS.validate_python([_told(row) for row in rows])
    except ValidationError as error:
        placed = [{**one, "loc": ("patients", *one["loc"])} for one in error.errors(include_url=False)[:_MOST_FAULTS]]
        raise InvalidInput(faults_of(placed)) from error


def _rows(stream: bytes) -> list[dict[str, Any]]:
    try:
        with na.ArrayStream(InputStream.from_readable(io.BytesIO(stream))) as batches:
            names = [field.name for field in batches.schema.fields]
            if unknown := [name for name in names if name not in _COLUMNS]:
                raise InvalidInput(
                    [_fault(name[:60], "is not a column of this table", ", ".join(_COLUMNS), "leave it out")
                     for name in unknown[:_MOST_FAULTS]]
                )  # fmt: skip
            rows: list[dict[str, Any]] = batches.read_all().to_pylist()
            return rows
    except (ValueError, RuntimeError, NotImplementedError, KeyError) as error:  # nanoarrow has no class of its own
        fault = _fault("", "is not an Arrow IPC stream of plain columns", "a stream with its schema first",
                       "write it with an IPC *stream* writer, without dictionaries or compression")  # fmt: skip
        raise InvalidInput([fault]) from error


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if value is not None}
    if "phenotypes" in told:
        told["phenotypes"] = [
            {name: value for name, value in one.items() if value is not None} if isinstance(one, dict) else one
            for one in told["phenotypes"]
        ]
    return told


def _fault(field: str, problem: str, allowed: str, fix: str) -> FieldFault:
    return FieldFault(field, problem, allowed, fix)


def stream_of(answers: Sequence[PredictResponse]) -> bytes:
    """The answers as a stream; the schema's metadata tells the model, the time and that it is triage, not diagnosis.

    Columns: `prediction_id`, `status`, `rare`, `review`, `tier` (texts; `review` a boolean), `rare_probability` and one
    `probability_<state>` a state (float64, null where the rules answered), `states`, `unsure`, `red_flags` and
    `outside` (lists of texts).
    """
    probabilities = [one.probabilities for one in answers]
    columns: dict[str, Any] = {
        "prediction_id": _texts(one.prediction_id for one in answers),
        "status": _texts(one.status for one in answers),
        "rare": _texts(one.rare.value for one in answers),
        "review": na.c_array([one.decision.review for one in answers], na.bool_()),
        "tier": _texts(one.decision.tier.value for one in answers),
        "rare_probability": _floats(None if p is None else p.rare for p in probabilities),
        **{
            f"probability_{state}": _floats(None if p is None else p.states[state] for p in probabilities)
            for state in State
        },
        "states": _lists([one.decision.states for one in answers]),
        "unsure": _lists([one.decision.unsure for one in answers]),
        "red_flags": _lists([one.decision.red_flags for one in answers]),
        "outside": _lists([one.decision.outside for one in answers]),
    }
    plain = na.c_schema(na.struct({name: column.schema for name, column in columns.items()}))
    schema = plain.modify(metadata=_metadata(answers[0]))
    table = na.c_array_from_buffers(schema, len(answers), [None], children=list(columns.values()))
    out = io.BytesIO()
    with StreamWriter.from_writable(out) as writer:
        writer.write_stream(na.c_array_stream(table))
    return out.getvalue()


def _metadata(one: PredictResponse) -> dict[str, str]:
    """What is the same for all."""
    model = {} if one.model is None else {"model_version": one.model.version, "model_sha256": one.model.sha256}
    notices = {"notice_es": one.notice.es, "notice_en": one.notice.en}
    return {**model, "fallback": str(one.fallback).lower(), "timestamp": one.timestamp.isoformat(), **notices}


def _texts(values: Iterable[str]) -> Any:
    return na.c_array(list(values), na.string())


def _floats(values: Iterable[float | None]) -> Any:
    return na.c_array(list(values), na.float64())


def _lists(lists: Sequence[Sequence[str]]) -> Any:
    offsets = [0]
    for one in lists:
        offsets.append(offsets[-1] + len(one))
    texts = _texts(str(text) for one in lists for text in one)
    return na.c_array_from_buffers(
        na.list_(na.string()), len(lists), [None, na.c_buffer(offsets, na.int32())], children=[texts]
    )
