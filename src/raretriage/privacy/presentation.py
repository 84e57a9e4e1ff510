"""The service's way through de-identification: one presentation, as the clinician sent it.

The age passes through the very function that the lake uses, so the model sees the same number on both sides.
"""

from typing import TypeVar

from raretriage.domain import Presentation
from raretriage.privacy.dates import coarsen_age
from raretriage.privacy.scrub import Scrubber

P = TypeVar("P", bound=Presentation)

COMPLAINT_LENGTH = 2_000
"""The longest complaint that `Presentation` takes; tags can be longer than what they stand for."""


def deidentify_presentation(presentation: P, scrubber: Scrubber | None) -> P:
    """The presentation with its age coarsened and its complaint scrubbed, or dropped where there is no scrubber.

    Everything else in a presentation is a number, a member of a closed set or an HPO id. Applying it twice changes
    nothing.
    """
    age, complaint = presentation.age_years, presentation.complaint
    if complaint is None and (age is None or coarsen_age(age) == age):
        return presentation
    return presentation.model_copy(
        update={
            "age_years": None if age is None else coarsen_age(age),
            "complaint": None if complaint is None or scrubber is None else _scrubbed(complaint, scrubber),
        }
    )


def _scrubbed(complaint: str, scrubber: Scrubber) -> str:
    text = scrubber.scrub(complaint)
    while len(text) > COMPLAINT_LENGTH:
        # Cut between words, so that no tag is left in halves, and scrub again what now stands at the end.
        shorter = text[: COMPLAINT_LENGTH + 1].rpartition(" ")[0]
        text = scrubber.scrub(shorter) if shorter else "[TEXT]"
    return text
