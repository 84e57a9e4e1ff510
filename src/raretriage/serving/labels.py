"""What a finding is called, in both languages."""

from raretriage.knowledge import Knowledge
from raretriage.serving.wire import Bilingual


def finding_label(hpo_id: str, knowledge: Knowledge) -> Bilingual:
    """The labels of a current finding; English in both where there is no Spanish one. Raises `UnknownTerm`."""
    english = knowledge.label(hpo_id)
    return Bilingual(es=knowledge.label_es(hpo_id) or english, en=english)
