"""Files by path or URL, with the hash that they must have."""

from hashlib import sha256
from pathlib import Path

import pytest

from raretriage.cli.exits import InputError
from raretriage.cli.orphanet_files import SUMS, fetch_orphanet
from raretriage.cli.places import fetch
from tests.knowledge.orphanet_tables import files


def test_a_path_a_file_url_and_a_web_server_give_the_same(folder: Path, web: str) -> None:
    name = "omim.tsv"
    content = (folder / name).read_bytes()
    told = f"#sha256={sha256(content).hexdigest()}"
    for place in (f"{folder}/{name}", f"file://{folder}/{name}", f"{web}/{name}"):
        assert fetch(place) == fetch(place + told) == fetch(place + told.upper().replace("SHA256", "sha256")) == content


def test_a_name_alone_is_in_this_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert fetch("omim.tsv") == (folder / "omim.tsv").read_bytes()


def test_another_file_than_the_one_told_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"omim\.tsv has the sha256 [0-9a-f]{64}, expected 0{64}"):
        fetch(f"{folder}/omim.tsv#sha256={'0' * 64}")


@pytest.mark.parametrize("digest", ["", "12", "g" * 64])
def test_a_hash_that_is_none_is_refused(folder: Path, digest: str) -> None:
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        fetch(f"{folder}/omim.tsv#sha256={digest}")


def test_a_url_with_another_fragment_is_not_read_unchecked(web: str) -> None:
    with pytest.raises(InputError, match="what follows # must be sha256="):
        fetch(f"{web}/omim.tsv#md5=1")


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.tsv is not there"):
        fetch(f"{folder}/nothing.tsv")


def test_orphanets_tables_are_checked_by_their_sums(folder: Path) -> None:
    lines = [f"{sha256(content).hexdigest()}  {name}" for name, content in files([(1, "Disease", "Made-up")]).items()]
    sums = ("\n".join(lines) + "\n").encode()
    (folder / SUMS).write_bytes(sums)
    place = f"{folder}#sha256={sha256(sums).hexdigest()}"
    assert "ORPHA:1" in fetch_orphanet(place).entities
    (folder / "parents.tsv").write_text("orpha\tparent\n1\t1\n")
    with pytest.raises(InputError, match=r"parents\.tsv has the sha256"):
        fetch_orphanet(place)
    (folder / SUMS).write_bytes(b"other")
    with pytest.raises(InputError, match="SHA256SUMS has the sha256"):
        fetch_orphanet(place)
    (folder / SUMS).unlink()
    with pytest.raises(InputError, match="SHA256SUMS is not there"):
        fetch_orphanet(place)
