"""`raretriage differential` and `raretriage benchmark` on made-up diseases, in this process."""

import csv
import json
from pathlib import Path

import pytest

from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.cli.workspace import Workspace
from raretriage.knowledge import dump
from raretriage.settings import Settings
from tests.benchmark.packets import packet
from tests.differential.conftest import SMALL
from tests.differential.small import ROWS, small_knowledge


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a made-up knowledge, and a training that takes no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("raretriage.differential.embedding.DEFAULT", SMALL)
    Path("var/knowledge").mkdir(parents=True)
    Path("var/knowledge/knowledge.json.gz").write_bytes(dump(small_knowledge()))
    return tmp_path


def cases(path: Path) -> Path:
    packets = [
        packet("seen", "OMIM:1", "HP:0007359", "HP:0001251", paper="11"),
        packet("unseen", "OMIM:3", "HP:0001639", "HP:0000518", paper="99"),
        packet("unseen too", "OMIM:6", "HP:0000518", paper="98"),
        packet("not there", "OMIM:77", "HP:0000518", paper="97"),
    ]
    path.write_text("\n".join(map(json.dumps, packets)))
    return path


def test_a_ranking_is_built_where_it_is_missing_and_kept(here: Path) -> None:
    work = Workspace(Settings())
    assert len(work.ranker.arrays.candidates) == 7
    built = {path.name: path.stat().st_mtime_ns for path in Path("var/knowledge").iterdir()}
    assert {"differential.safetensors", "differential.onnx"} <= built.keys()
    _ = Workspace(Settings()).ranker
    assert {path.name: path.stat().st_mtime_ns for path in Path("var/knowledge").iterdir()} == built


def test_another_knowledge_gets_a_ranking_of_its_own(here: Path) -> None:
    first = Workspace(Settings()).ranker.arrays.knowledge_version
    fewer = small_knowledge(tuple(row for row in ROWS if row[0] != "OMIM:6"))
    Path("var/knowledge/knowledge.json.gz").write_bytes(dump(fewer))
    work = Workspace(Settings())
    assert work.ranker.arrays.knowledge_version == fewer.version != first
    assert len(work.ranker.arrays.candidates) == 6


def test_rank_prints_diseases_weights_and_questions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["differential", "rank", "HP:0001639", "HP:0000518", "--excluded", "HP:0001251", "--json", "found.json"]
    assert raretriage(asked) == Exit.DONE
    shown = capsys.readouterr().out
    assert "1. Heart and eye disease (OMIM:3, ORPHA:30)" in shown
    assert "What to ask next" in shown
    found = json.loads(Path("found.json").read_text())
    assert found["diseases"][0]["id"] == "OMIM:3"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["HP:9999999"], Exit.BAD_INPUT),
        (["HP:0003593"], Exit.BAD_INPUT),
        (["HP:0001250", "--onset", "tomorrow"], Exit.USAGE),
        (["HP:0001250", "--age", "-1"], Exit.USAGE),
        (["HP:0001250", "--sex", "both"], Exit.USAGE),
        (["HP:0001250", "--prevalence-weight", "2"], Exit.USAGE),
    ],
)
def test_what_cannot_be_ranked_is_refused(here: Path, arguments: list[str], code: Exit) -> None:
    assert raretriage(["differential", "rank", *arguments]) == code


def test_benchmark_fills_the_columns_and_writes_what_it_was_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["benchmark", str(cases(here / "cases.ndjson")), "--draws", "100"]
    assert raretriage([*asked, "--json", "a.json", "--csv", "cases.csv", "--plot", "curves.png"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "read 4 = 4 cases + 0 unused" in shown
    columns = json.loads(Path("a.json").read_text())["columns"]
    assert columns["not_in_knowledge"] == {"n": 1}
    assert columns["unseen"]["n"] == 2
    assert columns["unseen"]["top10"] == columns["unseen"]["macro_top10"] == 1
    assert set(columns) == {"not_in_knowledge", "unseen", "unseen_strict", "seen", "seen_own_paper_removed"}
    for column in columns.values():
        assert all(0 <= column[name] <= 1 for name in ("top1", "top50", "macro_top3", "mrr") if name in column)
    assert columns["unseen"]["chosen_in_folds"]["n"] == 2
    rows = list(csv.DictReader(Path("cases.csv").read_text().splitlines()))
    assert {(row["column"], row["case"]) for row in rows} >= {("unseen", "unseen"), ("seen", "seen")}
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    assert raretriage([*asked, "--json", "b.json"]) == Exit.DONE
    assert Path("a.json").read_text() == Path("b.json").read_text()


def test_a_plain_list_has_one_column(here: Path) -> None:
    Path("cases.json").write_text(json.dumps([[["HP:0001639"], ["ORPHA:30", "OMIM:999"]]]))
    assert raretriage(["benchmark", "cases.json", "--draws", "100", "--json", "a.json"]) == Exit.DONE
    columns = json.loads(Path("a.json").read_text())["columns"]
    assert list(columns) == ["not_in_knowledge", "all"]
    assert columns["all"]["n"] == 1


def test_only_the_columns_that_are_asked_for_are_filled(here: Path) -> None:
    asked = ["benchmark", str(cases(here / "cases.ndjson")), "--draws", "100", "--json", "a.json"]
    assert raretriage([*asked, "--columns", "seen", "--only-omim"]) == Exit.DONE
    columns = json.loads(Path("a.json").read_text())["columns"]
    assert list(columns) == ["not_in_knowledge", "seen"]
    assert columns["seen"]["candidates"] == 6
    assert raretriage([*asked, "--columns", "everything"]) == Exit.USAGE
    assert raretriage(["benchmark", "nowhere.json"]) == Exit.BAD_INPUT


def test_speed_says_time_and_memory(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert raretriage(["differential", "speed", "--json", "speed.json"]) == Exit.DONE
    assert "score all 7 diseases" in capsys.readouterr().out
    found = json.loads(Path("speed.json").read_text())
    assert 0 < found["score"]["p50"] <= found["explained"]["p50"]
    assert found["search"]["p50"] <= found["search"]["p99"]


def test_findings_are_searched_and_read_from_the_command_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert raretriage(["knowledge", "search", "convulsiones", "--json", "found.json"]) == Exit.DONE
    assert json.loads(Path("found.json").read_text())["matches"][0]["hpo_id"] == "HP:0001250"
    assert raretriage(["knowledge", "extract", "sin catarata, con convulsiones desde ayer"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "excluded" in shown
    assert "days: 1" in shown
    assert raretriage(["knowledge", "search", "x", "--lang", "fr"]) == Exit.USAGE


def test_sentences_are_scored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seizure, ataxia = ({"hpo_id": t, "status": "observed"} for t in ("HP:0001250", "HP:0001251"))
    rows = [
        {"id": "a", "lang": "es", "text": "convulsiones", "findings": [seizure], "days": None},
        {"id": "b", "lang": "es", "text": "sin ataxia", "findings": [ataxia], "days": 2},
    ]
    Path("s.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert raretriage(["knowledge", "score-sentences", "s.jsonl", "--json", "s.json"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "missed Ataxia (observed); too much Ataxia (excluded); days None, not 2" in shown
    found = json.loads(Path("s.json").read_text())
    assert found["scores"][0]["precision"]["value"] == found["scores"][0]["recall"]["value"] == 0.5
    assert found["days_right"] == 1
    Path("bad.jsonl").write_text('{"id": 1}')
    assert raretriage(["knowledge", "score-sentences", "bad.jsonl"]) == Exit.BAD_INPUT
