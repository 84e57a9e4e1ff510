"""How well are findings read from text? Labelled sentences against what the extractor says of them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from raretriage.benchmark.errors import UnreadableCases
from raretriage.benchmark.figures import Estimate
from raretriage.knowledge import Extractor

_DRAWS = 2_000
_SEED = 20261126


@dataclass(frozen=True, slots=True)
class Label:
    ids: frozenset[str]
    """Any of these counts as right."""
    status: str


@dataclass(frozen=True, slots=True)
class Sentence:
    id: str
    language: str
    text: str
    labels: tuple[Label, ...]
    days: float | None


@dataclass(frozen=True, slots=True)
class Read:
    """One sentence as it was read."""

    sentence: Sentence
    right: int
    missed: tuple[Label, ...]
    surplus: tuple[tuple[str, str], ...]
    """Finding and status that no label has."""
    days: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """Of one language and status; intervals by a bootstrap over sentences."""

    name: str
    sentences: int
    labels: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """JSON lines with `id`, `lang`, `text`, `findings` (`hpo_id`, `status`, optional `also`) and `days`.

    Raises:
        UnreadableCases: a line is not such an object.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            row = orjson.loads(line)
            labels = tuple(Label(frozenset([f["hpo_id"], *f.get("also", ())]), f["status"]) for f in row["findings"])
            found.append(Sentence(row["id"], row["lang"], row["text"], labels, row["days"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableCases(f"{path}, line {number}: not a labelled sentence ({error!r})") from error
    return tuple(found)


def read_all(sentences: Sequence[Sentence], extractor: Extractor) -> tuple[Read, ...]:
    """What the extractor says of each sentence."""
    return tuple(_read(sentence, extractor) for sentence in sentences)


def _read(sentence: Sentence, extractor: Extractor) -> Read:
    extraction = extractor.extract(sentence.text)
    left = {(hpo_id, assertion.value) for hpo_id, assertion in extraction.findings().items()}
    missed = []
    for label in sentence.labels:
        hit = next(((t, status) for t, status in sorted(left) if t in label.ids and status == label.status), None)
        if hit is None:
            missed.append(label)
        else:
            left.discard(hit)
    return Read(sentence, len(sentence.labels) - len(missed), tuple(missed), tuple(sorted(left)), extraction.days)


def scores(reads: Sequence[Read]) -> tuple[Score, ...]:
    """Of all, by language, and by status within each language."""
    languages = sorted({read.sentence.language for read in reads})
    found = [_score("all", reads, None)]
    for language in languages:
        part = [read for read in reads if read.sentence.language == language]
        found += [
            _score(language, part, None),
            *(_score(f"{language}, {s}", part, s) for s in ("observed", "excluded")),
        ]
    return tuple(found)


def _score(name: str, reads: Sequence[Read], status: str | None) -> Score:
    counts = np.asarray([_counts(read, status) for read in reads], float)
    rng = np.random.default_rng(_SEED)
    drawn = counts[rng.integers(len(counts), size=(_DRAWS, len(counts)))].sum(axis=1)
    whole, spread = _rates(counts.sum(axis=0)[np.newaxis]), _rates(drawn)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a part without labels has no rate
        low, high = np.nanpercentile(spread, [2.5, 97.5], axis=0)
    precision, recall, f1 = (Estimate(float(whole[0, i]), float(low[i]), float(high[i])) for i in range(3))
    return Score(name, len(reads), int(counts[:, [0, 2]].sum()), precision, recall, f1)


def _counts(read: Read, status: str | None) -> tuple[int, int, int]:
    """(right, surplus, missed)."""
    missed = sum(status in {None, label.status} for label in read.missed)
    surplus = sum(status in {None, found} for _, found in read.surplus)
    labels = sum(status in {None, label.status} for label in read.sentence.labels)
    return labels - missed, surplus, missed


def _rates(counts: np.ndarray) -> np.ndarray:
    right, surplus, missed = counts.T
    with np.errstate(invalid="ignore"):
        return np.stack(
            [right / (right + surplus), right / (right + missed), 2 * right / (2 * right + surplus + missed)], 1
        )
