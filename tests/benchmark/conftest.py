import pytest

from raretriage.differential import Ranker
from raretriage.differential.build import build_differential
from raretriage.knowledge import Knowledge
from tests.differential.conftest import SMALL
from tests.differential.small import small_knowledge


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return small_knowledge()


@pytest.fixture(scope="session")
def ranker(knowledge: Knowledge) -> Ranker:
    built = build_differential(knowledge, training=SMALL)
    return Ranker(built.arrays, built.onnx)
