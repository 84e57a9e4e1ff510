"""A verified package as something that can score patients."""

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnxruntime as ort

from raretriage.bucket import EXPLANATION_FILE, BucketError, GraphContract, ModelPackage
from raretriage.differential import DamagedDifferential, Explainer, Ranker, load
from raretriage.domain import InputTier, Presentation, State, tier_of
from raretriage.features import Encoder, FeatureError, ModelInput, columns_of
from raretriage.knowledge import Knowledge, KnowledgeError, load_knowledge
from raretriage.serving.differential import Differential
from raretriage.serving.errors import ModelUnusable
from raretriage.serving.explanation import explanation_of
from raretriage.serving.mapped import mapped
from raretriage.serving.phenotypes import Phenotypes
from raretriage.serving.shapley import MarginExplainer
from raretriage.serving.wire import Explanation

ENGINE: str = ort.__version__
"""Version of ONNX Runtime; with one thread it gives the same bits for the same input."""
MARGIN_TOLERANCE = 1e-4
"""How far the probability of an explanation may be from the graph's, which rounds to float32 (measured: 4e-7)."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the model says of one patient."""

    states: Mapping[State, float]
    """Probabilities; they sum to 1."""
    rare: float
    """Probability of a rare disease."""
    tier: InputTier
    graph_input_sha256: str
    """Of the very numbers that went into the graph."""


class Scorer:
    """One model, its ontology and its encoder. Safe for several threads."""

    def __init__(self, package: ModelPackage) -> None:
        """Load the graph and check that it keeps its contract.

        Raises:
            ModelUnusable: it does not, or it does not fit the knowledge or this version of the program.
        """
        self.manifest = package.manifest
        self.manifest_sha256 = package.manifest_sha256
        self.knowledge = _knowledge(package)
        try:
            self._encoder = Encoder(package.manifest.features, self.knowledge)
        except (FeatureError, KnowledgeError) as error:
            raise ModelUnusable(f"model {package.manifest.version}: {error}") from error
        self._session = _session(package)
        _check_contract(self._session, package)
        self._explainer = _explainer(package)
        self.differential = _differential(package, self.knowledge)
        """None: this version ranks no diseases."""
        self._try()

    @cached_property
    def phenotypes(self) -> Phenotypes:
        """Search and reading of findings. Built when first asked for: triage does not wait for it."""
        return Phenotypes.of(self.knowledge)

    def warm_up(self) -> None:
        """Build what would otherwise be built when it is first asked for, and have Python not look for garbage in it.

        A full collection walks all that is loaded: 0.1 s in which nobody is answered.
        """
        _ = self.phenotypes
        gc.collect()
        gc.freeze()

    def score(self, presentations: Sequence[Presentation]) -> list[Score]:
        """Scores in the order of `presentations`, whose findings are resolved to current ids."""
        if not presentations:
            return []
        rows = self._encoder.encode(columns_of(presentations))
        states, rare = self._run(rows)
        return [
            Score(
                states={state: float(states[i, j]) for j, state in enumerate(State)},
                rare=float(rare[i]),
                tier=tier_of(presentation),
                graph_input_sha256=row_hash,
            )
            for i, (presentation, row_hash) in enumerate(zip(presentations, rows.row_hashes(), strict=True))
        ]

    def explain(self, presentation: Presentation) -> Explanation | None:
        """What the rare probability of this patient is made of; None where the model's file does not say."""
        if self._explainer is None:
            return None
        row = self._encoder.encode(columns_of([presentation]))
        parts = self._explainer.parts(row)
        return explanation_of(parts, row, presentation, self._encoder, self.knowledge)

    def _run(self, rows: ModelInput) -> "tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]":
        graph = self.manifest.graph
        inputs = {
            graph.numeric: rows.numeric,
            graph.categorical: rows.categorical,
            graph.phenotypes: rows.phenotypes,
        }
        states, rare = self._session.run([graph.state_probabilities, graph.rare_probability], inputs)
        return np.asarray(states), np.asarray(rare)

    def _try(self) -> None:
        """One patient of whom nothing is known: a graph that cannot answer for them must not be served."""
        try:
            row = self._encoder.encode(columns_of([Presentation()]))
            states, rare = self._run(row)
        except Exception as error:  # onnxruntime's errors have no common class of their own
            raise ModelUnusable(f"the graph of {self.manifest.version} does not run: {type(error).__name__}") from error
        if states.shape != (1, len(State)) or rare.shape != (1,):
            raise ModelUnusable(
                f"the graph of {self.manifest.version} answers with shapes {states.shape} and {rare.shape}, "
                f"expected (1, {len(State)}) and (1,)"
            )
        values = np.concatenate([states[0], rare])
        if not ((values >= 0) & (values <= 1)).all() or abs(float(states.sum()) - 1) > 1e-3:
            raise ModelUnusable(f"the graph of {self.manifest.version} answers with numbers that are no probabilities")
        if self._explainer is not None:
            _check_explanation(self._explainer, row, float(rare[0]), self.manifest.version)


def _knowledge(package: ModelPackage) -> Knowledge:
    try:
        knowledge = load_knowledge(package.knowledge)
    except KnowledgeError as error:
        raise ModelUnusable(f"the knowledge of {package.manifest.version} cannot be read: {error}") from error
    wanted = {package.manifest.features.knowledge_version, package.manifest.knowledge.version}
    if wanted != {knowledge.version}:
        raise ModelUnusable(
            f"model {package.manifest.version} was made with knowledge {', '.join(sorted(wanted))}, "
            f"but the bucket holds {knowledge.version}: publish it again"
        )
    return knowledge


def _differential(package: ModelPackage, knowledge: Knowledge) -> Differential | None:
    files, ref = package.differential, package.manifest.differential
    if files is None or ref is None:
        return None
    try:
        ranker = Ranker(load(mapped(files.arrays), knowledge_version=knowledge.version), files.graph)
    except DamagedDifferential as error:
        raise ModelUnusable(f"the ranking of {package.manifest.version} cannot be used: {error}") from error
    return Differential(ref.version, ranker, Explainer(ranker, knowledge), knowledge)


def _session(package: ModelPackage) -> ort.InferenceSession:
    version = package.manifest.version
    options = ort.SessionOptions()
    # Weights in a file beside the graph are covered by no hash: their folder is one that holds nothing.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    options.intra_op_num_threads = 1  # the same bits for one patient and for many
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(package.onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class of their own
        raise ModelUnusable(
            f"the graph of {version} cannot be loaded ({type(error).__name__}): export it again, as one file"
        ) from error


def _explainer(package: ModelPackage) -> MarginExplainer | None:
    if package.explanation is None:
        return None
    try:
        return MarginExplainer(package.explanation, package.manifest.features)
    except (BucketError, ModelUnusable, ValueError, IndexError) as error:
        raise ModelUnusable(f"{EXPLANATION_FILE} of {package.manifest.version} cannot be used: {error}") from error


def _check_explanation(explainer: MarginExplainer, row: ModelInput, rare: float, version: str) -> None:
    """An explanation of another model would be believed as readily as the right one."""
    try:
        explained = explainer.parts(row).probability
    except (ValueError, IndexError) as error:
        raise ModelUnusable(f"{EXPLANATION_FILE} of {version} does not fit together: {error}") from error
    if not abs(explained - rare) <= MARGIN_TOLERANCE:
        raise ModelUnusable(
            f"{EXPLANATION_FILE} of {version} explains a probability of {explained:.6f} where the graph says "
            f"{rare:.6f}: it belongs to another model; train and publish again"
        )


def _check_contract(session: ort.InferenceSession, package: ModelPackage) -> None:
    graph: GraphContract = package.manifest.graph
    features = package.manifest.features
    expected = {
        graph.numeric: ("tensor(float)", len(features.numeric)),
        graph.categorical: ("tensor(string)", len(features.categorical)),
        graph.phenotypes: ("tensor(float)", len(features.vocabulary)),
    }
    found = {one.name: (one.type, one.shape[-1] if one.shape else None) for one in session.get_inputs()}
    if found != expected:
        raise ModelUnusable(
            f"the graph of {package.manifest.version} has inputs {found}, its contract names {expected}"
        )
    outputs = {one.name: one.type for one in session.get_outputs()}
    wanted = dict.fromkeys((graph.state_probabilities, graph.rare_probability), "tensor(float)")
    if outputs != wanted:
        raise ModelUnusable(
            f"the graph of {package.manifest.version} has outputs {outputs}, its contract names {wanted}"
        )
