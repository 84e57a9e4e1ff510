"""The graph as a service of BentoML 1.4: arrays in, an array out, one worker."""

from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
import onnxruntime
from bentoml.validators import DType


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Triage:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # as raretriage has it
        path = Path(__file__).with_name("model.onnx")
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @bentoml.api
    def predict(
        self,
        numeric: Annotated[np.ndarray, DType("float32")],
        categorical: Annotated[np.ndarray, DType("object_")],
        phenotypes: Annotated[np.ndarray, DType("float32")],
    ) -> np.ndarray:
        inputs = {"numeric": numeric, "categorical": categorical, "phenotypes": phenotypes}
        states, rare = self._session.run(["state_probabilities", "rare_probability"], inputs)
        return np.column_stack([states, rare])
