import gzip
import json

import pytest

from raretriage.validity.case_files import find_cases, read_cases, recognise
from raretriage.validity.cases import Source
from raretriage.validity.errors import UnknownCases
from tests.validity.test_published_cases import SEIZURE, packet, small

__all__ = ["small"]
NHANES = b"ID,Gender,Age,Pulse,BPSysAve,BPDiaAve,HealthGen\n1,male,30,70,120,80,Good\n"
DDXPLUS = b",AGE,SEX,EVIDENCES,INITIAL_EVIDENCE,English Pathology\n1,30,F,\"['toux']\",toux,URTI\n"
PACKETS = packet(SEIZURE) + b"\n\n" + packet(SEIZURE, name="b") + b"\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PACKETS, Source.PUBLISHED),
        (json.dumps(json.loads(packet(SEIZURE)), indent=2).encode(), Source.PUBLISHED),
        (NHANES, Source.NHANES),
        (b"\xef\xbb\xbf" + NHANES, Source.NHANES),
        (DDXPLUS, Source.DDXPLUS),
        (b'{"resourceType": "Patient", "id": "x"}\n', None),
        (NHANES.replace(b"HealthGen", b"Health"), None),
        (b"\x89PNG\r\n\xff\xfe", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_kind_is_recognised_by_content_whatever_the_name(tmp_path, content, kind, is_packed):
    path = tmp_path / "anything.txt"
    path.write_bytes(gzip.compress(content) if is_packed else content)
    assert recognise(path) is kind


def test_a_folder_is_searched_and_what_holds_no_cases_is_named(tmp_path, small):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "a.csv").write_bytes(DDXPLUS)
    (tmp_path / "b.csv").write_bytes(NHANES)
    (tmp_path / "c.json").write_bytes(PACKETS)
    (tmp_path / "notes.md").write_text("# notes\n")
    files = find_cases([tmp_path])
    assert files.unknown == (tmp_path / "notes.md",)
    sets = read_cases(files, knowledge=small, judge=small)
    assert [(s.source, s.read) for s in sets] == [(Source.PUBLISHED, 2), (Source.NHANES, 1), (Source.DDXPLUS, 1)]


def test_a_file_named_twice_is_read_once(tmp_path, small):
    path = tmp_path / "b.csv"
    path.write_bytes(NHANES)
    assert read_cases(find_cases([path, tmp_path]), knowledge=small, judge=small)[0].read == 1


def test_a_named_file_of_no_known_kind_is_an_error_that_says_what_is_expected(tmp_path):
    (tmp_path / "b.csv").write_bytes(NHANES)
    (tmp_path / "notes.md").write_text("# notes\n")
    with pytest.raises(UnknownCases, match=r"notes\.md holds no cases that can be read; expected phenopackets"):
        find_cases([tmp_path / "b.csv", tmp_path / "notes.md"])


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_an_empty_or_missing_place_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnknownCases, match=name):
        find_cases([tmp_path / name])


def test_a_cut_archive_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(PACKETS * 50)[:60])
    with pytest.raises(UnknownCases, match=r"cut\.gz is a damaged"):
        find_cases([path])
