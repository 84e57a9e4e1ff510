"""What a fitted model expects as input, stored beside it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from raretriage.domain import HPO_ID_PATTERN


class FeatureContract(BaseModel):
    """The three inputs of the graph, column by column.

    `numeric` float32 (n, len(numeric)), NaN where unknown; `categorical` strings (n, len(categorical)), "" where
    unknown; `phenotypes` float32 (n, len(vocabulary)): 1 observed, -1 excluded, 0 not mentioned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    vocabulary: tuple[Annotated[str, Field(pattern=HPO_ID_PATTERN)], ...]
    """Findings that people without a rare disease have too; rarer terms are rolled up to these by `is_a`."""
    knowledge_version: str
    """The ontology by which findings were rolled up; the service must load the same."""
