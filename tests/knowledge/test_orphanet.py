import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge import MalformedSource, SourceNotFound, read_orphanet
from raretriage.knowledge.orphanet import CLASSES, COLUMNS, EntityType, parse_orphanet
from raretriage.knowledge.prevalence import Figure, Kind
from tests.knowledge.orphanet_tables import files, tables

WORLD = "Worldwide"


def test_an_entity_is_read_with_its_type_and_onset() -> None:
    read = tables(
        [(7, "Malformation syndrome", "3C syndrome", "Antenatal|Infancy"), (8, "Disease", "x", "No data available")]
    )
    entity = read.entities["ORPHA:7"]
    assert (entity.name, entity.type, entity.onset) == (
        "3C syndrome",
        EntityType.MALFORMATION_SYNDROME,
        ("Antenatal", "Infancy"),
    )
    assert read.entities["ORPHA:8"].onset == ()


@pytest.mark.parametrize(
    ("kind", "is_disorder", "is_subtype"),
    [
        ("Disease", True, False),
        ("Malformation syndrome", True, False),
        ("Morphological anomaly", True, False),
        ("Biological anomaly", True, False),
        ("Clinical syndrome", True, False),
        ("Particular clinical situation in a disease or syndrome", True, False),
        ("Clinical group", False, False),
        ("Category", False, False),
        ("Clinical subtype", False, True),
        ("Etiological subtype", False, True),
        ("Histopathological subtype", False, True),
    ],
)
def test_disorders_are_told_from_groups_and_subtypes(kind: str, is_disorder: bool, is_subtype: bool) -> None:
    assert (EntityType(kind).is_disorder, EntityType(kind).is_subtype) == (is_disorder, is_subtype)


def test_only_point_and_birth_prevalence_with_a_class_become_figures() -> None:
    read = tables(
        [(1,)],
        [
            (1, "Point prevalence", "1-9 / 100 000", WORLD),
            (1, "Prevalence at birth", ">1 / 1000", "Europe", "no data", "Class only"),
            (1, "Point prevalence", "Unknown", WORLD),
            (1, "Point prevalence", "Not yet documented", WORLD),
            (1, "Annual incidence", ">1 / 1000", WORLD),
            (1, "Cases/families", "no data", WORLD, "12.0"),
            (1, "Lifetime Prevalence", ">1 / 1000", WORLD),
        ],
    )
    assert read.figures["ORPHA:1"] == (
        Figure(Kind.POINT, WORLD, (1.0, 9.0), None, True),
        Figure(Kind.BIRTH, "Europe", (100.0, 100_000.0), None, False),
    )


@pytest.mark.parametrize(
    ("class_name", "mean", "read_as"),
    [
        ("1-5 / 10 000", "42.5", 42.5),
        ("1-5 / 10 000", "10", 10.0),
        ("1-5 / 10 000", "59.9", 59.9),  # between two classes: the mean is what was measured
        ("1-5 / 10 000", "60", None),
        ("1-5 / 10 000", "1.72", None),
        ("1-5 / 10 000", "0.0", None),
        ("<1 / 1 000 000", "0.0", None),
        ("<1 / 1 000 000", "0.046", 0.046),
        (">1 / 1000", "100.0", 100.0),
        (">1 / 1000", "100001", None),
        ("1-9 / 100 000", "no data", None),
    ],
)
def test_a_mean_counts_inside_its_class_only(class_name: str, mean: str, read_as: float | None) -> None:
    (figure,) = tables([(1,)], [(1, "Point prevalence", class_name, WORLD, mean)]).figures["ORPHA:1"]
    assert figure.mean == read_as


def test_only_exact_relations_join_omim_entries() -> None:
    read = tables([(1,), (2,)], omim=[(1, 100, "E"), (2, 100, "E"), (1, 101, "BTNT"), (1, 102, "NTBT"), (1, 103, "ND")])
    assert dict(read.exact) == {"OMIM:100": ("ORPHA:1", "ORPHA:2")}


def test_members_are_the_disorders_below_however_deep() -> None:
    read = tables(
        [(1, "Clinical group"), (2, "Clinical group"), (3,), (4,), (5, "Clinical subtype"), (6,)],
        parents=[(2, 1), (3, 2), (4, 1), (5, 4), (6, 99)],
    )
    assert read.members("ORPHA:1") == {"ORPHA:3", "ORPHA:4"}
    assert read.members("ORPHA:6") == frozenset()


def test_a_circle_of_parents_ends() -> None:
    read = tables([(1, "Clinical group"), (2, "Clinical group"), (3,)], parents=[(1, 2), (2, 1), (3, 2)])
    assert read.members("ORPHA:1") == {"ORPHA:3"}


def test_each_file_is_a_source_with_release_licence_and_hash() -> None:
    content = files([(1,)])
    sources = parse_orphanet(content, release="2025-12").sources
    assert [s.name for s in sources] == [f"Orphanet ({name})" for name in COLUMNS]
    assert {(s.release, "CC BY 4.0" in s.licence, "Orphanet" in s.licence) for s in sources} == {
        ("2025-12", True, True)
    }
    assert [s.sha256 for s in sources] == [hashlib.sha256(content[name]).hexdigest() for name in COLUMNS]
    assert {s.release for s in parse_orphanet(content).sources} == {"not stated in the file"}


def test_gzip_and_plain_files_read_the_same() -> None:
    content = files([(1, "Disease", "Made-up", "Adult")], [(1, "Point prevalence", ">1 / 1000", WORLD)], [(1, 9, "E")])
    plain = read_orphanet(content.get)
    packed = read_orphanet({f"{name}.gz": gzip.compress(text) for name, text in content.items()}.get)
    crlf = parse_orphanet({name: text.replace(b"\n", b"\r\n") for name, text in content.items()})
    assert plain.entities == packed.entities == crlf.entities
    assert plain.figures == packed.figures == crlf.figures
    assert plain.exact == packed.exact == crlf.exact


@pytest.mark.parametrize("name", COLUMNS)
def test_a_missing_table_is_named(name: str) -> None:
    content = files([(1,)])
    del content[name]
    with pytest.raises(SourceNotFound, match=rf"{name}\.gz \(or {name}\) is missing"):
        read_orphanet(content.get)


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("disorders.tsv", (b"orpha\tlabel", b"id\tlabel"), "disorders.tsv, line 1: expected the columns orpha"),
        ("disorders.tsv", (b"Disease", b"Illness"), "disorders.tsv, line 2: type is 'Illness'"),
        ("disorders.tsv", (b"2\tDisorder 2", b"1\tDisorder 2"), "disorders.tsv, line 3: ORPHA:1 is there twice"),
        ("disorders.tsv", (b"1\tDisorder 1", b"one\tDisorder 1"), "disorders.tsv, line 2: orpha is 'one'"),
        ("disorders.tsv", (b"1\tDisorder 1", b"01\tDisorder 1"), "disorders.tsv, line 2: orpha is '01'"),
        ("disorders.tsv", (b"Disorder 1", b" "), "disorders.tsv, line 2: no label"),
        ("disorders.tsv", (b"Disorder 1", b"Disorder\t1"), "disorders.tsv, line 2: 8 fields, expected 7"),
        ("disorders.tsv", (b"Disorder 1", b"\xff"), "disorders.tsv: byte .* is not UTF-8"),
        ("prevalence.tsv", (b"Point prevalence", b"Prevalence"), "prevalence.tsv, line 2: type is 'Prevalence'"),
        ("prevalence.tsv", (b">1 / 1000", b"many"), "prevalence.tsv, line 2: class is 'many'"),
        ("prevalence.tsv", (b"no data", b"-3"), "prevalence.tsv, line 2: mean_per_100000 is '-3'"),
        ("prevalence.tsv", (b"no data", b"1e999"), "prevalence.tsv, line 2: mean_per_100000 is '1e999'"),
        ("prevalence.tsv", (b"\n1\t", b"\n3\t"), "prevalence.tsv, line 2: ORPHA:3 is not in disorders.tsv"),
        ("omim.tsv", (b"\tE", b"\te"), "omim.tsv, line 2: relation is 'e'"),
        ("omim.tsv", (b"\t100\t", b"\tabc\t"), "omim.tsv, line 2: omim is 'abc'"),
        ("omim.tsv", (b"\n1\t", b"\n3\t"), "omim.tsv, line 2: ORPHA:3 is not in disorders.tsv"),
        ("parents.tsv", (b"\n1\t", b"\n3\t"), "parents.tsv, line 2: ORPHA:3 is not in disorders.tsv"),
        ("parents.tsv", (b"\t2\n", b"\tx\n"), "parents.tsv, line 2: parent is 'x'"),
    ],
)
def test_a_broken_row_is_named_with_file_and_line(name: str, change: tuple[bytes, bytes], fault: str) -> None:
    content = files([(1,), (2,)], [(1, "Point prevalence", ">1 / 1000", WORLD)], [(1, 100, "E")], [(1, 2)])
    assert change[0] in content[name]
    content[name] = content[name].replace(*change, 1)
    with pytest.raises(MalformedSource, match=fault):
        parse_orphanet(content)


@pytest.mark.parametrize("cut", [3, 20, -1])
def test_a_truncated_gzip_file_is_refused(cut: int) -> None:
    content = files([(1,)])
    content["disorders.tsv"] = gzip.compress(content["disorders.tsv"])[:cut]
    with pytest.raises(MalformedSource, match=r"disorders\.tsv: .*fetch it again"):
        parse_orphanet(content)


_field = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
_rows = st.lists(
    st.tuples(
        st.sampled_from(list(EntityType)),
        _field.filter(lambda x: bool(x.strip())),
        st.lists(st.sampled_from(["Adult", "Infancy", "Neonatal"]), unique=True).map(tuple),
        st.sampled_from(sorted(CLASSES)),
        _field,
    ),
    min_size=1,
    max_size=8,
)


@given(_rows)
def test_what_is_written_is_read(rows: list[tuple[EntityType, str, tuple[str, ...], str, str]]) -> None:
    read = tables(
        [(i, kind, label, "|".join(onset)) for i, (kind, label, onset, _class, _place) in enumerate(rows, start=1)],
        [(i, "Point prevalence", name, place) for i, (*_head, name, place) in enumerate(rows, start=1)],
    )
    for i, (kind, label, onset, name, place) in enumerate(rows, start=1):
        entity, (figure,) = read.entities[f"ORPHA:{i}"], read.figures[f"ORPHA:{i}"]
        assert (entity.type, entity.name, entity.onset) == (kind, label.strip(), onset)
        assert (figure.between, figure.geography) == (CLASSES[name], place)


@given(st.sampled_from(sorted(COLUMNS)), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(name: str, content: bytes) -> None:
    header = "\t".join(COLUMNS[name]).encode() + b"\n"
    for text in (content, header + content):
        try:
            parse_orphanet({**files([(1,)]), name: text})
        except MalformedSource as error:
            assert str(error).startswith(("disorders.tsv", "prevalence.tsv", "omim.tsv", "parents.tsv"))  # noqa: PT017


@pytest.mark.shared_data
def test_the_released_tables_are_read_whole(shared_data: Path) -> None:
    folder = shared_data / "orphanet"
    read = read_orphanet(lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None)
    assert len(read.entities) == 9_960
    assert read.entities["ORPHA:2103"].type is EntityType.CLINICAL_GROUP
    assert {"ORPHA:98916", "ORPHA:98917", "ORPHA:98918"} <= read.members("ORPHA:2103")
    assert read.exact["OMIM:219700"] == ("ORPHA:586",)
