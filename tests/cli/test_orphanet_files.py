from pathlib import Path

import pytest

from raretriage.cli.orphanet_files import fetch_orphanet
from raretriage.knowledge import MalformedSource, SourceNotFound
from raretriage.storage import InvalidAddress, Unreachable


def test_a_folder_a_file_url_and_a_web_server_give_the_same(folder: Path, web: str) -> None:
    read = fetch_orphanet(str(folder), "2030-01")
    assert read.entities["ORPHA:1"].name == "Made-up"
    assert fetch_orphanet(f"file://{folder}", "2030-01") == read
    assert fetch_orphanet(f"{web}/", "2030-01") == read


def test_a_missing_table_is_named_with_its_place(folder: Path, web: str) -> None:
    (folder / "omim.tsv").unlink()
    for place in (str(folder), web):
        with pytest.raises(SourceNotFound, match=rf"{place}: omim\.tsv\.gz"):
            fetch_orphanet(place)


def test_a_broken_table_is_named_with_its_place(folder: Path) -> None:
    (folder / "omim.tsv").write_text("nothing\n")
    with pytest.raises(MalformedSource, match=rf"{folder}: omim\.tsv, line 1"):
        fetch_orphanet(str(folder))


def test_a_server_that_fails_is_no_missing_file(web: str) -> None:
    with pytest.raises(Unreachable, match="answered 503"):
        fetch_orphanet(f"{web}/broken")
    with pytest.raises(Unreachable, match=r"disorders\.tsv\.gz"):
        fetch_orphanet("http://127.0.0.1:9")


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="ftp"):
        fetch_orphanet("ftp://example.org/tables")
