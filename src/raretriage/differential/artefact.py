"""The ranking as two files: arrays (safetensors) and the learnt part (ONNX). Built once, only loaded by the service."""

from dataclasses import dataclass, field
from math import prod
from mmap import mmap
from sys import intern
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import safetensors.numpy

from raretriage.differential.errors import DamagedDifferential
from raretriage.domain import Sex

Buffer: TypeAlias = "bytes | mmap"

_FORMAT = 2
SEXES = (Sex.FEMALE, Sex.MALE)
"""The rows of `Arrays.sex`."""
_DTYPES = {"U8": np.uint8, "I32": np.int32, "F32": np.float32}
_ARRAYS = {
    "levels": np.uint8,
    "content": np.float32,
    "onset": np.float32,
    "onset_by_age": np.float32,
    "prior": np.float32,
    "sex": np.float32,
    "prevalence": np.float32,
    "rows": np.int32,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of the ranking, as stored."""

    id: str
    entries: tuple[str, ...]
    """Its own id first."""
    umbrellas: tuple[str, ...]
    kin: tuple[str, ...]
    """Siblings by gene or by series, for the column 'series hit'."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """Everything that the ranking needs but the learnt part.

    Shapes: t findings of the vocabulary, c candidates, p periods of onset.
    """

    knowledge_version: str
    candidates: tuple[Ranked, ...]
    terms: tuple[str, ...]
    """All findings of the release, of which `rows` tells the row."""
    rows: npt.NDArray[np.int32]
    levels: npt.NDArray[np.uint8] = field(repr=False)
    """Soft best match, shape (t, c): `level_low + level_step * levels` is log(floor + P)."""
    level_low: float
    level_step: float
    content: npt.NDArray[np.float32]
    """Information content, shape (t,)."""
    onset: npt.NDArray[np.float32]
    """Log ratios for an onset in a period, shape (p, c)."""
    onset_by_age: npt.NDArray[np.float32]
    """The same for an age with the onset unknown."""
    prior: npt.NDArray[np.float32]
    """Shape (c,)."""
    sex: npt.NDArray[np.float32]
    """Log ratios of `SEXES`, shape (2, c)."""
    prevalence: npt.NDArray[np.float32]
    """Log of the prevalence against the average candidate's, shape (c,)."""
    weights: dict[str, float]


def quantised(levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], float, float]:
    """(codes, low, step): values in 255 equal steps. The error is at most half a step, some 0.02 nats a finding."""
    low, high = float(levels.min()), float(levels.max())
    step = (high - low) / 255 or 1.0
    return np.rint((levels - low) / step).astype(np.uint8), low, step


def dump(arrays: Arrays) -> bytes:
    """The file's bytes; the same arrays give the same bytes."""
    facts = {
        "format": _FORMAT,
        "knowledge_version": arrays.knowledge_version,
        "level_low": arrays.level_low,
        "level_step": arrays.level_step,
        "weights": dict(sorted(arrays.weights.items())),
        "terms": " ".join(arrays.terms),
        "candidates": ["|".join(map(" ".join, (c.entries, c.umbrellas, c.kin))) for c in arrays.candidates],
    }
    tensors = {name: np.ascontiguousarray(getattr(arrays, name)) for name in _ARRAYS}
    return safetensors.numpy.save({**tensors, "facts": np.frombuffer(orjson.dumps(facts), np.uint8)})


def load(content: Buffer, *, knowledge_version: str) -> Arrays:
    """Read what `dump` wrote.

    Args:
        content: bytes, or a file that is mapped into the memory: the arrays are views of it.
        knowledge_version: of the knowledge that it will be used with.

    Raises:
        DamagedDifferential: not such a file, cut, of another format, of other shapes, or of another knowledge.
    """
    try:
        tensors = _tensors(content)
        facts = orjson.loads(tensors.pop("facts").tobytes())
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DamagedDifferential(f"not an artefact of the differential: {error}") from error
    if facts.get("format") != _FORMAT:
        raise DamagedDifferential(f"format {facts.get('format')!r}; this program reads {_FORMAT}: build it again")
    if facts["knowledge_version"] != knowledge_version:
        raise DamagedDifferential(
            f"it ranks the diseases of {facts['knowledge_version']}, the knowledge is {knowledge_version}: "
            "build it again with `raretriage differential build`"
        )
    candidates = tuple(_candidate(line) for line in facts["candidates"])
    terms = tuple(facts["terms"].split())
    _check(tensors, terms=len(terms), candidates=len(candidates))
    return Arrays(
        knowledge_version=knowledge_version,
        candidates=candidates,
        terms=terms,
        level_low=facts["level_low"],
        level_step=facts["level_step"],
        weights=facts["weights"],
        **tensors,
    )


def _tensors(content: Buffer) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file as views of its bytes: the library's reader would copy 120 MB.

    Format: the header's length (8 bytes, little-endian), the header as JSON with dtype, shape and extent of each
    tensor, the tensors. Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for anything else.
    """
    begin = 8 + int.from_bytes(content[:8], "little")
    header = orjson.loads(content[8:begin])
    header.pop("__metadata__", None)
    found, end = {}, begin
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        array = np.frombuffer(content, _DTYPES[tensor["dtype"]], offset=begin + first, count=prod(tensor["shape"]))
        if array.nbytes != last - first:
            raise ValueError(f"{name} has another extent than its shape")
        found[name] = array.reshape(tensor["shape"])
        end = max(end, begin + last)
    if end != len(content):
        raise ValueError(f"{len(content)} bytes, expected {end}")
    return found


def _candidate(line: str) -> Ranked:
    # an id stands in the lines of all its kin: one text for all
    entries, umbrellas, kin = (tuple(map(intern, part.split())) for part in line.split("|"))
    return Ranked(id=entries[0], entries=entries, umbrellas=umbrellas, kin=kin)


def _check(tensors: dict[str, np.ndarray], *, terms: int, candidates: int) -> None:
    found = {name: tensor.dtype for name, tensor in tensors.items()}
    if found != {name: np.dtype(kind) for name, kind in _ARRAYS.items()}:
        raise DamagedDifferential(f"expected the arrays {sorted(_ARRAYS)}, found {sorted(found)}")
    findings = len(tensors["content"])
    periods = len(tensors["onset"])
    expected = {
        "levels": (findings, candidates),
        "onset": (periods, candidates),
        "onset_by_age": (periods, candidates),
        "prior": (candidates,),
        "sex": (len(SEXES), candidates),
        "prevalence": (candidates,),
        "rows": (terms,),
    }
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise DamagedDifferential(f"{name} has the shape {tensors[name].shape}, expected {shape}: build it again")
    if terms and not 0 <= tensors["rows"].min() <= tensors["rows"].max() < findings:
        raise DamagedDifferential("a finding's row lies outside of the levels: build it again")
