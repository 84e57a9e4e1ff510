"""A small bench of made-up patients, and few trees in every model."""

from collections.abc import Iterator

import pytest

from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract
from raretriage.knowledge import Knowledge, build_knowledge
from raretriage.study.bench import Bench
from raretriage.training.candidates import PARAMETERS, RARE_LIGHTGBM, RARE_XGBOOST, EstimatorKind
from raretriage.training.dataset import LabelledRows, labelled_rows
from raretriage.training.inputs import tier_inputs
from raretriage.training.splits import patient_folds
from tests.cli.test_recalibrate import OBO
from tests.serving.tiny_model import HPOA_HEADER
from tests.training.conftest import BRANCHES, RARE_ONLY, ToyOntology, made_up_encounters

SEED = 5


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for parameters in (*(PARAMETERS[kind] for kind in EstimatorKind), RARE_LIGHTGBM, RARE_XGBOOST):
            if "n_estimators" in parameters:
                patch.setitem(parameters, "n_estimators", 12)
        yield


@pytest.fixture(scope="session")
def rows() -> LabelledRows:
    return labelled_rows(made_up_encounters(360, visits=0.5, rare_share=0.15))[0]


@pytest.fixture(scope="session")
def contract() -> FeatureContract:
    vocabulary = tuple(sorted([*BRANCHES, *(kind for kinds in BRANCHES.values() for kind in kinds)]))
    return FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=vocabulary, knowledge_version="toy-1"
    )


@pytest.fixture(scope="session")
def bench(rows: LabelledRows, contract: FeatureContract) -> Bench:
    return Bench(
        rows=rows,
        inputs=tier_inputs(rows.columns, Encoder(contract, ToyOntology())),
        contract=contract,
        folds=patient_folds(rows, folds=2, seed=SEED),
        seed=SEED,
        workers=2,
        progress=lambda _n: None,
    )


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The toy ontology, and made-up diseases each with two findings of one branch."""
    lines = [
        f"ORPHA:{10 * number + place}\tMade-up {number}-{place}\t\t{term}\tORPHA:1\tTAS\t\tHP:0040281\t\t\tP\tx\n"
        for number, terms in enumerate(BRANCHES.values(), start=1)
        for place in range(len(terms))
        for term in (terms[place], terms[place - 1])
    ]
    rare = [
        f"ORPHA:{900 + number}\tMade-up rare {number}\t\t{term}\tORPHA:1\tTAS\t\tHP:0040281\t\t\tP\tx\n"
        for number, term in enumerate(RARE_ONLY)
    ]
    return build_knowledge(OBO.encode(), (HPOA_HEADER + "".join(lines + rare)).encode())
