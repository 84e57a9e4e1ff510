"""The graph as a custom runtime of MLServer, in its simplified interface: arguments decoded by the NumPy codec."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import decode_args
from mlserver.utils import get_model_uri


class Graph(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # as raretriage has it
        path = await get_model_uri(self._settings)
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return True

    @decode_args
    async def predict(
        self, numeric: np.ndarray, categorical: np.ndarray, phenotypes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        inputs = {"numeric": numeric, "categorical": categorical, "phenotypes": phenotypes}
        states, rare = self._session.run(["state_probabilities", "rare_probability"], inputs)
        return states, rare
