"""What a fitter remembers of the rows that it fits on."""

import numpy as np
import pytest

from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract
from raretriage.training.candidates import EstimatorKind, of_kind
from raretriage.training.comparison import Fitter, Task
from raretriage.training.dataset import labelled_rows
from raretriage.training.inputs import tier_inputs


@pytest.mark.parametrize("head", ["state", "rare"])
def test_the_mean_row_is_of_what_the_head_was_fitted_on_masked_copies_and_all(make_encounters, ontology, head) -> None:
    """A scaler was fitted on the same rows, so its numbers' mean is 0 there and nowhere else."""
    rows, _ = labelled_rows(make_encounters(300))
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=("HP:0001250",), knowledge_version="toy-1"
    )
    inputs = tier_inputs(rows.columns, Encoder(contract, ontology))
    fitter = Fitter(rows, inputs, contract, seed=3, workers=1, progress=lambda _n: None)
    some = np.arange(200)
    [model], _ = fitter.fit([Task(head, of_kind(EstimatorKind.LOGISTIC_REGRESSION), some)])
    mean = fitter.mean_row(model, head, some)
    assert mean.shape == (model.named_steps["estimator"].n_features_in_,)
    assert np.allclose(mean[: len(NUMERIC)], 0, atol=1e-5), "as near as float32 comes"
    assert abs(fitter.mean_row(model, head, np.arange(100))[: len(NUMERIC)]).max() > 0.01
    given, _ = inputs.mixed(some, np.random.default_rng(3), head)
    assert len(given) > len(some)
    assert 0 < mean[-1] == pytest.approx(given.iloc[:, -1].mean())
