"""`raretriage knowledge` on small made-up files, in this process."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from raretriage.cli.exits import Exit
from raretriage.cli.knowledge import app
from raretriage.cli.main import run as raretriage
from raretriage.cli.workspace import Workspace
from raretriage.knowledge import DamagedKnowledge, load_knowledge
from raretriage.settings import Settings
from tests.knowledge.conftest import HPOA, OBO
from tests.knowledge.orphanet_tables import files


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with HPO's files and Orphanet's tables, and nothing built yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("ORPHANET_TABLES", "RARE_PER_10000", "KNOWLEDGE_FILE", "LABELS_ES", "SNOMED_HPO", "ICD10_ORPHA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hp.obo").write_text(OBO, encoding="utf-8")
    (tmp_path / "phenotype.hpoa").write_text(HPOA, encoding="utf-8")
    (tmp_path / "tables").mkdir()
    prevalence = [(1, "Point prevalence", "1-5 / 10 000", "Europe", "30.0")]
    for name, content in files([(1,), (5,)], prevalence, [(5, 2, "E")]).items():
        (tmp_path / "tables" / name).write_bytes(content)
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def build(*arguments: str) -> dict[str, object]:
    run("build", "--hp-obo", "hp.obo", "--hpoa", "phenotype.hpoa", "--json", "figures.json", *arguments)
    figures: dict[str, object] = json.loads(Path("figures.json").read_text())
    return figures


def test_build_without_tables_says_which_rule_it_used(here: Path) -> None:
    assert build()["rarity_rule"] == "ORPHA entry of phenotype.hpoa (no prevalence tables)"


def test_build_with_tables_keeps_their_release_and_hash(here: Path) -> None:
    figures = build("--orphanet", "tables", "--orphanet-release", "2030-01")
    sources = figures["sources"]
    assert isinstance(sources, list)
    assert [(s["release"], len(s["sha256"])) for s in sources[2:]] == [("2030-01", 64)] * 4
    built = load_knowledge(Path("var/knowledge/knowledge.json.gz").read_bytes())
    assert (built.version, built.is_rare("OMIM:2")) == (figures["version"], True)


def test_the_settings_name_tables_and_threshold_and_options_go_before_them(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORPHANET_TABLES", str(here / "tables"))
    monkeypatch.setenv("RARE_PER_10000", "2")
    assert build()["rarity_rule"] == "Orphanet's prevalence tables, at most 2 in 10,000"
    assert build("--rare-per-10000", "5")["rarity_rule"] == "Orphanet's prevalence tables, at most 5 in 10,000"


def test_what_is_built_by_itself_uses_the_settings(here: Path) -> None:
    built = Workspace(
        Settings(hp_obo="hp.obo", phenotype_hpoa="phenotype.hpoa", orphanet_tables="tables", rare_per_10000=2.0)
    ).knowledge
    assert built.is_rare("ORPHA:1") is False


def test_further_tables_are_read_by_option_or_setting_and_named_as_sources(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = (
        b"translation_language\tsubject_id\tpredicate_id\ttranslation_value\n"
        b"es\tHP:0001250\trdfs:label\tAtaque de prueba\n"
    )
    Path("es.tsv").write_bytes(labels)
    Path("icd.tsv").write_bytes(b"icd10cm\torpha\nE75.2\t1\n")
    monkeypatch.setenv("ICD10_ORPHA", "icd.tsv")
    figures = build("--labels-es", f"es.tsv#sha256={sha256(labels).hexdigest()}")
    built = load_knowledge(Path("var/knowledge/knowledge.json.gz").read_bytes())
    assert built.label_es("HP:0001250") == "Ataque de prueba"
    assert [d.icd10 for d in built.diseases if d.id == "ORPHA:1"] == [("E75.2",)]
    sources = figures["sources"]
    assert isinstance(sources, list)
    assert [s["name"] for s in sources[2:]] == ["Spanish labels of HPO", "ICD-10-CM to ORPHA"]


def test_a_file_with_another_hash_is_refused_and_nothing_is_built(here: Path) -> None:
    place = f"hp.obo#sha256={'0' * 64}"
    assert raretriage(["knowledge", "build", "--hp-obo", place, "--hpoa", "phenotype.hpoa"]) == Exit.BAD_INPUT
    assert not Path("var").exists()


def test_rarity_counts_clauses_and_names_every_change(here: Path) -> None:
    shown = run(
        "rarity", "--hpoa", "phenotype.hpoa", "--orphanet", "tables", "--rare-per-10000", "2", "--json", "r.json"
    )
    figures = json.loads(Path("r.json").read_text())
    assert figures["without_tables"]["diseases"]["orpha_entry"] == 1
    assert figures["with_tables"]["diseases"]["common_point_prevalence"] == 1
    assert figures["only_in_tables"] == {"no_figure": 1}
    assert {(c["disease"], c["without_tables"], c["with_tables"]) for c in figures["changes"]} == {
        ("ORPHA:1", "orpha_entry", "common_point_prevalence"),
        ("OMIM:1", "omim_joined_by_name", "omim_of_common"),
        ("OMIM:2", "no_verdict", "omim_exact"),
    }
    assert "3 annotated diseases have another verdict" in shown


def test_rarity_without_tables_counts_one_rule(here: Path) -> None:
    run("rarity", "--hpoa", "phenotype.hpoa", "--json", "r.json")
    assert list(json.loads(Path("r.json").read_text())) == ["without_tables"]


@pytest.mark.parametrize("command", ["build", "rarity"])
def test_a_threshold_that_is_no_share_is_a_mistake_of_the_command_line(here: Path, command: str) -> None:
    done = CliRunner().invoke(app, [command, "--hpoa", "phenotype.hpoa", "--rare-per-10000", "0"])
    assert done.exit_code == 2
    assert not Path("var").exists()


def test_an_artefact_of_an_older_program_says_how_to_build_it_again(here: Path) -> None:
    Path("var/knowledge").mkdir(parents=True)
    Path("var/knowledge/knowledge.json.gz").write_bytes(b"raretriage-knowledge-1\nx")
    with pytest.raises(DamagedKnowledge, match="raretriage knowledge build"):
        _ = Workspace(Settings()).knowledge


@pytest.mark.parametrize("command", ["build", "show", "rarity"])
def test_help_has_an_example(here: Path, command: str) -> None:
    assert f"Example: raretriage knowledge {command}" in run(command, "--help")
