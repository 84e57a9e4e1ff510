"""What the service would answer to each of many patients, by the service's own code on the exported graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raretriage.bucket import KNOWLEDGE_FILE, MODEL_FILE, ModelPackage
from raretriage.domain import Presentation, RareFlag
from raretriage.release import Run
from raretriage.serving import Scorer, answer

UNSURE = "unsure"
_BATCH = 4_096

FloatArray = npt.NDArray[np.float64]
StringArray = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Answered:
    """n answers. All arrays have shape (n,)."""

    rare_probability: FloatArray
    rare: StringArray
    """`RareFlag` values."""
    state: StringArray
    """`State` values, or `unsure`."""
    is_outside: npt.NDArray[np.bool_]
    """Something about the patient is outside of what the model was trained on."""

    @property
    def is_flagged(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rare == RareFlag.YES.value, dtype=np.bool_)


def scorer_of(run: Run) -> Scorer:
    """The service's scorer on a run that is not published yet."""
    return Scorer(
        ModelPackage(
            manifest=run.manifest,
            manifest_sha256=run.manifest_sha256,
            onnx=run.read(MODEL_FILE),
            knowledge=run.read(KNOWLEDGE_FILE),
        )
    )


def ask(scorer: Scorer, presentations: Sequence[Presentation]) -> Answered:
    """The answers in the order of the patients, whose findings have current ids."""
    scores = [
        score
        for start in range(0, len(presentations), _BATCH)
        for score in scorer.score(presentations[start : start + _BATCH])
    ]
    decisions = [
        answer(score, presentation, scorer.manifest, urgent=())
        for score, presentation in zip(scores, presentations, strict=True)
    ]
    return Answered(
        rare_probability=np.array([score.rare for score in scores], dtype=np.float64),
        rare=np.array([decision.rare.value for decision in decisions], dtype=object),
        state=np.array([UNSURE if d.state is None else d.state.value for d in decisions], dtype=object),
        is_outside=np.array([bool(decision.outside) for decision in decisions], dtype=np.bool_),
    )
