"""The same made-up patients for every server, each in the words of its interface, one file a kind, one body a line.

raretriage takes what is known of a patient; MLServer and BentoML take the numbers that its encoder makes of that.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from raretriage.domain import VITALS, Presentation
from raretriage.features import ModelInput
from raretriage.privacy import deidentify_presentation
from raretriage.serving.wire import PredictRequest

PATIENTS = 400
SEED = 20_261_101
NEEDED = ("fever", "pain", "days")
SENT = (*NEEDED, "comorbidity", "sex", "pregnant", "visit_type", *VITALS)
EXPECTED_FILE = "expected.json"

Body = Mapping[str, object]
FloatArray = npt.NDArray[np.float64]


def patient_bodies(encounters: Sequence[Mapping[str, object]], *, count: int, seed: int) -> list[Body]:
    """What a hospital would send to `POST /predict`: some of the encounters with findings and a vital sign.

    Args:
        encounters: rows with the schema `raretriage.privacy.schemas.ENCOUNTERS`.

    Raises:
        ValueError: fewer than `count` have both.
    """
    full = [row for row in encounters if _is_full(row)]
    if len(full) < count:
        raise ValueError(f"{len(full)} encounters have findings and vital signs; {count} are needed")
    picked = np.random.default_rng(seed).choice(len(full), size=count, replace=False)
    return [_patient_body(full[row], number) for number, row in enumerate(picked.tolist())]


def _is_full(row: Mapping[str, object]) -> bool:
    return (
        bool(row["phenotypes"])
        and all(row[name] is not None for name in NEEDED)
        and any(row[name] is not None for name in VITALS)
    )


def _patient_body(row: Mapping[str, object], number: int) -> Body:
    findings: Sequence[Mapping[str, object]] = row["phenotypes"]  # type: ignore[assignment]
    told = {
        # Raw identifiers, as a hospital has them: the service makes pseudonyms of them.
        "patient_id": f"patient-{number:06d}",
        "encounter_id": f"visit-{number:06d}",
        "age": row["age_years"],
        **{name: row[name] for name in SENT},
        "phenotypes": [_known(finding) for finding in findings],
    }
    return _known(told)


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def presentation(body: Body) -> Presentation:
    """What raretriage encodes of a body whose findings have current ids.

    Raises:
        ValueError: it would refuse the body.
    """
    request = PredictRequest.model_validate_json(json.dumps(body))
    return deidentify_presentation(request.presentation(request.phenotypes), None)


def v2_body(rows: ModelInput, i: int) -> Body:
    """One row in the Open Inference Protocol, version 2: flat tensors with their shapes."""
    return {
        "inputs": [
            _tensor("numeric", "FP32", _numbers(rows.numeric[i])),
            _tensor("categorical", "BYTES", rows.categorical[i].tolist()),
            _tensor("phenotypes", "FP32", _numbers(rows.phenotypes[i])),
        ]
    }


def _tensor(name: str, datatype: str, data: list[object]) -> Body:
    return {"name": name, "shape": [1, len(data)], "datatype": datatype, "data": data}


def arrays_body(rows: ModelInput, i: int) -> Body:
    """One row as BentoML takes arrays: nested lists under the names of the method's arguments."""
    return {
        "numeric": [_numbers(rows.numeric[i])],
        "categorical": [rows.categorical[i].tolist()],
        "phenotypes": [_numbers(rows.phenotypes[i])],
    }


def _numbers(values: npt.NDArray[np.float32]) -> list[object]:
    """As short as they can be written and still be the same float32: a short body is the least work for everybody."""
    return [_number(value) for value in values]


def _number(value: np.float32) -> int | float | None:
    if np.isnan(value):
        return None
    return int(value) if value.is_integer() else float(str(value))


ROW_BODIES: Mapping[str, Callable[[ModelInput, int], Body]] = {"v2": v2_body, "arrays": arrays_body}


def write_bodies(folder: Path, patients: Sequence[Body], rows: ModelInput, expected: FloatArray) -> None:
    """All kinds into a folder.

    Args:
        rows: model input of the same patients, in their order.
        expected: probabilities of the four states and of a rare disease, shape (n, 5), by the graph itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(bodies_file(folder, "patient"), patients)
    for kind, body_of in ROW_BODIES.items():
        _write_lines(bodies_file(folder, kind), [body_of(rows, i) for i in range(len(patients))])
    # The last: where it stands, all stand.
    (folder / EXPECTED_FILE).write_text(json.dumps(expected.tolist()), encoding="utf-8")


def bodies_file(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.ndjson"


def read_bodies(folder: Path, kind: str) -> list[bytes]:
    return bodies_file(folder, kind).read_bytes().splitlines()


def read_expected(folder: Path) -> FloatArray:
    return np.array(json.loads((folder / EXPECTED_FILE).read_text(encoding="utf-8")))


def _write_lines(path: Path, bodies: Sequence[Body]) -> None:
    lines = [json.dumps(body, ensure_ascii=False, separators=(",", ":")) for body in bodies]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
