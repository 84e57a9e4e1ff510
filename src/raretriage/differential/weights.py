"""The constants of the ranking, in one place.

They were chosen on published cases whose papers the knowledge has not read, in folds that no disease shares;
`docs/differential.md` has what was tried and the command that prints the figures.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """How the parts of a score are weighed. The parts are standardised over all candidates before."""

    steepness: float = 2.5
    """Of the soft best match: how much the best fitting finding counts above the others (ranking notes' beta)."""
    exact: float = 1.5
    """Nats that the very same finding counts above one that only shares its kind."""
    floor: float = 2.0
    """What a finding that fits nothing still weighs, so that one strange finding does not rule a disease out."""
    match: float = 1.0
    likeness: float = 0.8
    """Of the learnt embedding."""
    onset: float = 0.4
    sex: float = 0.35
    """Of the log ratio of the sex: half of what it says, for women with X-linked diseases are published too."""
    resemblance: float = 0.22
    """How alike the catalogues describe it (part of the prior)."""
    kinship: float = 0.22
    """How surely Orphanet knows it too (part of the prior)."""
    gene: float = 0.15
    """Whether a gene is known (part of the prior)."""
    breadth: float = 0.15
    """How many findings are known of it (part of the prior)."""
    seniority: float = 0.2
    """How long ago OMIM described it (part of the prior)."""
    first_of_series: float = 0.15
    """How early in its series (part of the prior)."""
    counted: float = 0.15
    """Whether Orphanet gives a prevalence (part of the prior)."""
    sharpness: float = 0.55
    """From the sum of the parts to nats for one finding, so that the posterior is neither too sure nor too shy."""
    sharpness_growth: float = 0.3
    """Exponent of the number of findings: the more are told, the surer. Neither changes the order of diseases."""

    def nats(self, findings: int) -> float:
        """What the sum of the parts is multiplied with for so many findings."""
        return float(self.sharpness * findings**self.sharpness_growth)


WEIGHTS = Weights()
