"""`raretriage study` on a small lake: with short lists of variants, and once with the whole ones."""

import json
import warnings

import pytest

from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.knowledge import dump
from raretriage.lake import Lake
from raretriage.study import study
from raretriage.study.imbalance import remedies
from raretriage.study.kinds import kinds, structures
from raretriage.training.candidates import RARE_LIGHTGBM
from tests.study.conftest import few_trees, knowledge
from tests.training.conftest import made_up_encounters

__all__ = ["few_trees", "knowledge"]
pytestmark = pytest.mark.usefixtures("few_trees")

TITLES = (
    "Kinds of model, rare head",
    "Kinds of model, state head",
    "State head: one question or two",
    "Imbalance, rare head (LightGBM)",
    "Thresholds by cost instead of a certificate, no remedy",
    "Few labelled cases, rare head",
)


@pytest.fixture
def place(tmp_path, monkeypatch, knowledge):
    """A folder with a lake and its knowledge, and nothing else."""
    monkeypatch.chdir(tmp_path)
    for name in ("LAKE_URL", "MODEL_ENV", "MODEL_URI", "KNOWLEDGE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("raretriage.cli.console.out.width", 250)
    Lake(str(tmp_path / "var/lake")).land(made_up_encounters(600, visits=0.4, rare_share=0.15).to_reader())
    (tmp_path / "var/knowledge").mkdir()
    (tmp_path / "var/knowledge/knowledge.json.gz").write_bytes(dump(knowledge))
    return tmp_path


@pytest.fixture
def short_lists(monkeypatch):
    """What is fast, and what warns if it is let."""
    some = [v for v in kinds() if v.name in {"nearest class mean", "explainable boosting", "lightgbm"}]
    monkeypatch.setattr(study, "kinds", lambda: tuple(some))
    monkeypatch.setattr(study, "remedies", lambda: remedies()[:2])


def quietly(arguments: list[str]) -> tuple[int, list[str]]:
    """The exit code, and what a library would have written on the terminal."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("default")
        code = raretriage(arguments)
    return code, [f"{one.category.__name__}: {one.message}" for one in heard]


@pytest.mark.slow
def test_without_trials_every_table_is_printed_and_written(place, short_lists, capsys):
    code, heard = quietly(["study", "--trials", "0", "--json", "study.json"])
    shown = capsys.readouterr()
    assert code == Exit.DONE
    for title in TITLES:
        assert f"{title} (SIMULATED patients, k-fold, n = " in shown.out
    assert shown.out.count("chosen: ") == len(TITLES)
    assert "Search" not in shown.out
    assert [one for one in heard if "Deprecat" not in one] == []
    written = json.loads((place / "study.json").read_text())
    assert (written["simulated"], written["lake_version"], written["search"]) == (True, 1, None)
    assert [table["title"] for table in written["tables"]] == list(TITLES)
    for table in written["tables"]:
        assert table["n"] > 0
        assert table["rows"]
    first = written["tables"][0]["rows"][0]
    value, low, high = first["ROC-AUC"]
    assert f"{value:.3f} ({low:.3f} to {high:.3f})" in shown.out
    assert "read for a study" in (place / "var/audit.jsonl").read_text()
    assert not (place / "var/runs").exists(), "nothing is trained to be served"
    assert not (place / "var/bucket").exists(), "nothing is published"


@pytest.mark.slow
def test_an_empty_folder_is_told_to_ingest_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert raretriage(["study"]) == Exit.BAD_INPUT
    assert "ingest" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--trials", "-1"], ["--minutes", "-1"], ["--basis", "nobody"]])
def test_a_wrong_option_is_wrong_use(tmp_path, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    assert raretriage(["study", *wrong]) == Exit.USAGE


@pytest.mark.parametrize("command", ["study", "evaluate", "publish"])
def test_help_shows_how_the_command_is_used(command, capsys):
    assert raretriage([command, "--help"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "Example" in shown
    assert f"raretriage {command} --" in shown


@pytest.mark.long
def test_the_whole_lists_and_the_search_are_tried_without_a_word_from_a_library(place, capsys, monkeypatch):
    monkeypatch.setitem(RARE_LIGHTGBM, "n_estimators", 200)  # the fewest that the search knows
    code, heard = quietly(["study", "--trials", "2", "--json", "study.json"])
    assert code == Exit.DONE
    assert [one for one in heard if "Deprecat" not in one] == []
    written = json.loads((place / "study.json").read_text())
    tables = {table["title"]: [row["name"] for row in table["rows"]] for table in written["tables"]}
    everything = [variant.name for variant in kinds()]
    assert tables["Kinds of model, rare head"] == tables["Kinds of model, state head"] == everything
    assert tables["State head: one question or two"] == [v.name for v in structures(study.KIND)]
    assert tables["Imbalance, rare head (LightGBM)"] == [v.name for v in remedies()]
    assert len(tables["Few labelled cases, rare head"]) == 3
    assert len(written["search"]["trials"]) == 2
    assert written["search"]["gain"] >= 0
    assert "Search, rare head: 2 trials" in capsys.readouterr().out
