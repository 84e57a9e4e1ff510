"""CSV with the encounter columns."""

from pathlib import Path

from tests.ingest.exports import MemorySink, run

HEADER = (
    "encounter_id,patient_id,birth_date,encounter_date,sex,pregnant,visit_type,fever,pain,days,comorbidity,"
    "heart_rate,phenotypes,state,rare,diagnosis_system,diagnosis_code,surname"
)
GOOD = (
    'e1,p1,1980-05-20,2024-03-10,F,no,emergency,5,3,2,1,99,"HP:0000001@2;!HP:0002279",ENFERMEDAD AGUDA,no,'
    "http://www.orpha.net,558,Pérez"
).replace("!HP:0002279", "!HP:0001945")


def csv(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def row(**cells: str) -> str:
    values = dict(zip(HEADER.split(","), ["x1", "p1", "", "2024-03-10", *[""] * 14], strict=True)) | cells
    return ",".join(values.values())


def test_a_full_row_lands(tmp_path: Path) -> None:
    sink = MemorySink()
    report = run(csv(tmp_path / "x.csv", GOOD), sink)
    expected = {
        "age_years": 43.0, "sex": "female", "pregnant": "no", "visit_type": "emergency", "fever": 5.0, "pain": 3.0,
        "days": 2.0, "comorbidity": 1.0, "heart_rate": 99.0, "spo2": None, "state": "acute", "rare": False,
        "diagnosis_code": "558", "label_source": "coded",
        "phenotypes": [
            {"hpo_id": "HP:0000001", "status": "observed", "onset_days": 2.0},
            {"hpo_id": "HP:0001945", "status": "excluded", "onset_days": None},
        ],
    }  # fmt: skip
    assert {name: sink.row[name] for name in expected} == expected
    assert (report.read, report.accepted, report.unread_columns) == (1, 1, 1)
    assert "Pérez" not in str(sink.row)


def test_the_five_fields_of_todays_clients_are_enough(tmp_path: Path) -> None:
    sink = MemorySink()
    path = csv(tmp_path / "x.csv", "2.5;3;3;0;40", "2.5;3;3;0;40", header="fever;pain;days;comorbidity;age")
    report = run(path, sink)
    assert report.accepted == 2
    assert {found["age_years"] for found in sink.encounters.values()} == {40.0}
    assert len({found["patient_id"] for found in sink.encounters.values()}) == 2
    assert run(path, sink).duplicate == 2


def test_every_bad_cell_of_a_row_is_named_and_the_row_counts_once(tmp_path: Path) -> None:
    sink = MemorySink()
    bad = [
        row(fever="high", encounter_date="10/03/2024", sex="w", rare="perhaps"),
        row(encounter_id=""),
        row(phenotypes="HP:9999999"),
        row(phenotypes="HP:0000001;!HP:0000001"),
        row(diagnosis_code="Ana Pérez", diagnosis_system="http://www.orpha.net"),
        row(fever="nan"),
        "too,few,cells",
        '"never closed' + "," * 17,
        row(fever="11"),
    ]
    report = run(csv(tmp_path / "x.csv", GOOD, *bad), sink)
    assert sink.faults() == sorted(
        [
            (3, "not_a_number", "fever"),
            (3, "not_a_date", "encounter_date"),
            (3, "unknown_code", "sex"),
            (3, "not_a_boolean", "rare"),
            (4, "missing_id", "encounter_id"),
            (5, "unknown_hpo_id", "phenotypes"),
            (6, "unknown_code", "phenotypes"),
            (7, "unknown_code", "diagnosis_code"),
            (8, "not_a_number", "fever"),
            (9, "wrong_columns", None),
            (10, "wrong_columns", None),
            (11, "out_of_range", "fever"),
        ],
        key=str,
    )
    assert (report.read, report.accepted, report.quarantined) == (10, 1, 9)
    assert sum(int(str(found["records"])) for found in sink.quarantined.values()) == 9
    assert "Ana" not in str(sink.quarantined)


def test_a_repeated_id_is_a_duplicate_when_equal_and_a_conflict_when_not(tmp_path: Path) -> None:
    sink = MemorySink()
    report = run(csv(tmp_path / "x.csv", GOOD, GOOD, GOOD.replace(",99,", ",98,")), sink)
    assert (report.accepted, report.duplicate, report.quarantined) == (1, 1, 1)
    assert sink.faults() == [(4, "conflict", "encounter_id")]
    assert sink.row["heart_rate"] == 99.0
