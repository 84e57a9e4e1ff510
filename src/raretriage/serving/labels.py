"""What a finding is called, in both languages."""

from raretriage.knowledge import Knowledge, spanish_labels
from raretriage.serving.wire import Bilingual


def finding_label(hpo_id: str, knowledge: Knowledge) -> Bilingual:
    """The labels of a current finding; English in both where our table has no Spanish one. Raises `UnknownTerm`."""
    english = knowledge.label(hpo_id)
    return Bilingual(es=spanish_labels().get(hpo_id, english), en=english)
