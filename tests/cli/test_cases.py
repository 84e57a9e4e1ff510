"""`measure_cases` on the tiny model: what is printed and what is returned."""

import pytest

from raretriage.cli.cases import measure_cases
from raretriage.cli.exits import Exit, exit_code
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings
from raretriage.validity.errors import UnknownCases
from tests.validity.test_case_files import DDXPLUS, NHANES
from tests.validity.test_published_cases import packet
from tests.validity.tiny_run import tiny_run


@pytest.fixture
def work(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("raretriage.cli.console.out.width", 250)
    return Workspace(Settings())


def test_both_sides_are_printed_side_by_side_and_returned(work, tmp_path, capsys):
    (tmp_path / "published.json").write_bytes(
        packet("HP:0001250", "HP:0012735", disease="ORPHA:1") + b"\n" + packet("HP:0001250", disease="X:1", name="b")
    )
    (tmp_path / "survey.csv").write_bytes(NHANES)
    (tmp_path / "other.csv").write_bytes(DDXPLUS)
    found = measure_cases(
        work, tiny_run(tmp_path / "run"), [tmp_path / f for f in ("published.json", "survey.csv", "other.csv")]
    )
    shown = capsys.readouterr().out
    for says in ("published, unseen", "DDXPlus (simulated elsewhere), not rare, not used", "NO SEGURO",
                 "not assessed, 1 of 1", "no solved diagnosis", "own paper removed", "fever known"):  # fmt: skip
        assert says in shown, says
    rows = {(row["group"], row["step"]): row for row in found["rows"]}
    assert rows["unseen", "first 1"]["flagged"]["value"] == 0
    assert rows["unseen", "first 2"]["flagged"]["value"] == 1
    assert rows["not rare, not used for profiles", "all observed"]["flagged"]["n"] == 1
    assert (tmp_path / "var").exists() is False or not (tmp_path / "var" / "lake").exists(), "nothing is made up for it"


def test_without_a_lake_there_is_nothing_simulated_to_compare_with_and_that_is_said(work, tmp_path, capsys):
    (tmp_path / "survey.csv").write_bytes(NHANES)
    found = measure_cases(work, tiny_run(tmp_path / "run"), [tmp_path / "survey.csv"])
    assert "no temporal test to compare with" in capsys.readouterr().err
    assert {account["source"] for account in found["accounts"]} == {"nhanes"}


def test_a_file_that_holds_no_cases_is_bad_input(work, tmp_path):
    (tmp_path / "notes.md").write_text("# notes")
    with pytest.raises(UnknownCases) as caught:
        measure_cases(work, tiny_run(tmp_path / "run"), [tmp_path / "notes.md"])
    assert exit_code(caught.value) is Exit.BAD_INPUT
