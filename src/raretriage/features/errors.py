"""Everything `features` can raise.

FeatureError
├── UnknownFinding     a finding that the ontology does not hold; resolve it at the border first
└── ContractMismatch   a stored contract that this code cannot serve
"""


class FeatureError(ValueError):
    """Something about an input row that is not the patient's fault."""


class UnknownFinding(FeatureError):
    """A finding is coded with an id that the loaded ontology does not hold."""


class ContractMismatch(FeatureError):
    """The model was fitted with columns that this version of the code does not make."""
