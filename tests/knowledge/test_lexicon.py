"""The project's own words for findings are of findings, and each means one."""

import pytest

from raretriage.knowledge import Knowledge, spanish_labels, wordings
from raretriage.knowledge.words import fold


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_wording_is_of_a_current_finding_and_of_one_only(released: Knowledge, language: str) -> None:
    rows = wordings(language)  # type: ignore[arg-type]
    assert len(rows) > 500
    meanings: dict[str, set[str]] = {}
    for row in rows:
        assert released.find(row.hpo_id) == row.hpo_id
        assert released.is_finding(row.hpo_id)
        assert row.kind in {"clinical", "lay", "abbr"}
        meanings.setdefault(fold(row.text), set()).add(row.hpo_id)
    assert {text: ids for text, ids in meanings.items() if len(ids) > 1} == {}


def test_no_wording_is_the_label_of_another_finding() -> None:
    labels = {fold(label): hpo_id for hpo_id, label in spanish_labels().items()}
    assert [w for w in wordings("es") if labels.get(fold(w.text), w.hpo_id) != w.hpo_id] == []


def test_labels_are_of_current_findings(released: Knowledge) -> None:
    assert len(spanish_labels()) > 1_300
    assert all(released.find(t) == t and released.is_finding(t) for t in spanish_labels())
