"""read = accepted + quarantined + duplicate + unused, for any mixture and in any order."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from raretriage.ingest import AccountingError, IngestReport
from tests.ingest.exports import (
    ICD10,
    LOINC,
    ORPHA,
    MemorySink,
    coded,
    condition,
    encounter,
    finding,
    ndjson,
    observation,
    patient,
    pressure,
    run,
    state,
    vital,
)

_PATIENTS = st.sampled_from(["p1", "p2"])
_ENCOUNTERS = st.sampled_from([f"e{n}" for n in range(1, 9)])
# Without these hardly any mixture would hold an encounter that lands.
_GOOD = [patient("p1"), encounter("e1", "Patient/p1"), vital("o0", "8867-4", 80, "/min")]


def _link(kind: str, ids: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return ids.map(lambda found: f"{kind}/{found}")


_LINES = st.one_of(
    st.sampled_from(
        ['{"resourceType": "Pat', "[]", "7", "{}", '{"resourceType": "Group", "id": "g"}', '{"resourceType": 3}']
    ),
    st.builds(patient, st.one_of(st.none(), _PATIENTS), gender=st.sampled_from(["female", "male", "x"])),
    st.builds(
        encounter,
        st.one_of(st.none(), _ENCOUNTERS),
        st.one_of(st.none(), _link("Patient", _PATIENTS), st.just("Patient/gone")),
        st.sampled_from(["2024-03-10", "2024-05-01", "2031-01-01", "soon", "1960-01-01"]),
        status=st.sampled_from(["finished", "planned"]),
    ),
    st.builds(
        vital,
        st.sampled_from(["o1", "o2", "o3", ""]),
        st.sampled_from(["8867-4", "8310-5", "29463-7"]),
        st.sampled_from([37, 38.5, 900, "x", None]),
        st.sampled_from(["/min", "Cel", None]),
        encounter=st.one_of(st.none(), _link("Encounter", _ENCOUNTERS)),
        subject=_link("Patient", _PATIENTS),
        status=st.sampled_from(["final", "cancelled"]),
    ),
    st.builds(
        pressure, st.sampled_from(["o4", "o5"]), st.sampled_from([120, 60, 999, None]), st.sampled_from([70, 110])
    ),
    st.builds(
        finding,
        st.sampled_from(["o6", "o7"]),
        st.sampled_from(["HP:0000001", "HP:9999999", "HP:0003577"]),
        present=st.booleans(),
        encounter=_link("Encounter", _ENCOUNTERS),
    ),
    st.builds(state, st.sampled_from(["o8", "o9"]), st.sampled_from(["mild", "acute", "worse"])),
    st.builds(
        lambda id_, day: observation(id_, coded(LOINC, "11368-8"), valueDateTime=day),
        st.sampled_from(["o10", "o11"]),
        st.sampled_from(["2024-03-01", "2024-04-01", "2024", "x"]),
    ),
    st.builds(
        condition,
        st.sampled_from(["c1", "c2", "c3"]),
        st.sampled_from([coded(ICD10, "I10"), coded(ORPHA, "558"), coded("urn:x", "y"), {}]),
        encounter=st.one_of(st.none(), _link("Encounter", _ENCOUNTERS)),
        onsetDateTime=st.sampled_from([None, "2020-01-01"]),
        modifierExtension=st.sampled_from([None, [{"url": "urn:x"}]]),
    ),
)


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(_LINES, min_size=60, max_size=150).map(lambda mixture: [*_GOOD, *mixture]))
def test_every_record_of_any_mixture_ends_in_exactly_one_place(mixture: list[object]) -> None:
    sink = MemorySink()
    with tempfile.TemporaryDirectory() as folder:
        path = ndjson(Path(folder) / "export.ndjson", mixture)
        report = run(path, sink)
        again = run(path, sink)
    assert report.read == len(mixture)
    assert sum(sum(counts.values()) for counts in report.by_type.values()) == report.read
    assert sum(report.unused_reasons.values()) == report.unused
    assert "" not in report.unused_reasons
    assert report.accepted >= len(_GOOD) - 1
    # Each record that is refused has its row, and the rows say how many they stand for.
    assert sum(int(str(row["records"])) for row in sink.quarantined.values()) == report.quarantined
    # The second time nothing is accepted: what was, is now a duplicate, and all else is as it was.
    assert (again.accepted, again.lake_version) == (0, None)
    assert again.duplicate == report.duplicate + report.accepted
    assert (again.quarantined, again.unused) == (report.quarantined, report.unused)


def a_report(**counts: int) -> IngestReport:
    sums = {"read": 10, "accepted": 4, "quarantined": 3, "duplicate": 2, "unused": 1, **counts}
    return IngestReport(
        kind="fhir", at="2025-06-01T00:00:00+00:00", key_id="k", by_type={}, unused_reasons={}, quarantine_rules={},
        encounters={}, unmapped_codes=(), unread_columns=0, sites=0, regions={}, files=1, ignored_files=0,
        lake_version=None, **sums,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["read", "accepted", "quarantined", "duplicate", "unused"])
@pytest.mark.parametrize("error", [-1, 1])
def test_a_report_that_does_not_add_up_cannot_be_made(name: str, error: int) -> None:
    assert a_report().read == 10
    with pytest.raises(AccountingError, match="accounted for"):
        a_report(**{name: getattr(a_report(), name) + error})


def test_a_report_is_plain_json() -> None:
    assert json.loads(json.dumps(a_report().landed_as(7).as_json()))["lake_version"] == 7
    assert a_report().text().startswith("read 10 = accepted 4 + quarantined 3 + duplicate 2 + unused 1")
