"""Everything `release` can raise.

ReleaseError
├── CannotExplain       the rare head's trees have a form that the explanation's file lacks
├── ParityError         the exported graph does not give the fitted pipelines' probabilities
├── GateFailed          the gate of the environment is red
├── IncompleteRun       the run's folder lacks a file, or a file is not what the manifest says
├── SigningKeyUnusable  the key that signs versions cannot be read, or is of another kind
└── NotForProduction    a promise calibrated on simulated patients needs an explicit, recorded flag for prod
"""


class ReleaseError(Exception):
    """A model cannot be released as it is."""


class CannotExplain(ReleaseError):
    """The rare head has parts that the explanation's file cannot hold; the message names them."""


class ParityError(ReleaseError):
    """The exported graph and the fitted pipelines disagree."""


class GateFailed(ReleaseError):
    """A refusal: the model does not meet the conditions of the environment; the message names them."""


class IncompleteRun(ReleaseError):
    """A run's folder is not whole."""


class NotForProduction(ReleaseError):
    """A refusal: this model may not be served in prod as asked."""


class SigningKeyUnusable(ReleaseError):
    """There is no key that can sign."""
