"""The page's section on why: what weighs for and against a rare disease, in a clinician's words."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from raretriage.serving.texts import Texts
from raretriage.serving.why import MOST_SHOWN, SMALLEST_SHOWN, why_of
from raretriage.serving.wire import Bilingual, Contribution, Explanation, PredictResponse
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, COUGH, SCOLIOSIS, SEIZURE, Publisher, tiny_explanation

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ES, EN = Texts("es"), Texts("en")


@pytest.fixture
def explaining(publisher: Publisher, serve: Serve) -> Iterator[TestClient]:
    publisher.publish(explanation=tiny_explanation())
    with serve() as client:
        yield client


def page(client: TestClient, lang: str, *findings: tuple[str, str]) -> str:
    pairs = [("lang", lang), ("fever", "9"), ("pain", "3"), ("days", "3"), ("age", "40")]
    for term, status in findings:
        pairs += [("finding", term), ("finding_status", status)]
    response = client.post("/", content=urlencode(pairs), headers=FORM)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


THREE = ((SEIZURE, "observed"), (SCOLIOSIS, "observed"), (COUGH, "excluded"))


def test_the_page_names_what_weighs_on_each_side_in_spanish(explaining: TestClient) -> None:
    text = page(explaining, "es", *THREE)
    assert "parte de su paciente medio (4,7 %) y con estos datos llega al 27 %" in text
    in_favour, against = text.split("Pesa a favor de una enfermedad rara")[1].split("Pesa en contra")
    assert "Escoliosis: presente ×7,4" in in_favour
    assert "Crisis epiléptica (convulsión): presente ×7,4" in in_favour
    assert "Tos: ausente ÷7,4" in against
    assert "no la causa de los síntomas" in against


def test_the_page_names_what_weighs_on_each_side_in_english(explaining: TestClient) -> None:
    text = page(explaining, "en", *THREE)
    assert "starts at its average patient (4.7 %) and arrives at 27 %" in text
    in_favour, against = text.split("Weighs for a rare disease")[1].split("Weighs against")
    assert "Scoliosis: present ×7.4" in in_favour
    assert "Cough: absent ÷7.4" in against


def test_a_side_without_weight_says_so(explaining: TestClient) -> None:
    text = page(explaining, "es", *THREE[:2])
    assert "Ningún dato pesa" in text.split("Pesa en contra")[1]


def test_where_rare_was_not_assessed_there_is_no_why(explaining: TestClient) -> None:
    assert "Pesa a favor" not in page(explaining, "es")


def test_a_model_without_an_explanation_has_no_why(client: TestClient) -> None:
    assert "Pesa a favor" not in page(client, "es", *THREE)


def number(name: str, weight: float, value: float | str | None = None) -> Contribution:
    kind = "category" if isinstance(value, str) else "number"
    return Contribution(name=name, kind=kind, label=None, status=None, value=value, weight=weight)


TWO = [{"hpo_id": SEIZURE}, {"hpo_id": SCOLIOSIS}]


@pytest.fixture
def answer(explaining: TestClient) -> PredictResponse:
    body = explaining.post("/predict", json=BASIC | {"phenotypes": TWO}).json()
    return PredictResponse.model_validate(body)


def with_lines(answer: PredictResponse, *lines: Contribution, remainder: float = 0.0) -> PredictResponse:
    total = sum(line.weight for line in lines) + remainder
    explanation = Explanation(base=-2.0, margin=-2.0 + total, contributions=lines, remainder=remainder)
    return answer.model_copy(update={"explanation": explanation})


@pytest.mark.parametrize(
    ("line", "spanish", "english"),
    [
        (number("age", 1, 8.0), ("Edad", "8 años"), ("Age", "8 years")),
        (number("age", 1, 1.0), ("Edad", "1 año"), ("Age", "1 year")),
        (number("age", 1, 0.08), ("Edad", "0,08 años"), ("Age", "0.08 years")),
        (number("fever", 1, 2.5), ("Fiebre", "2,5 de 10"), ("Fever", "2.5 of 10")),
        (number("days", 1, 1200.0), ("Días con síntomas", "1.200"), ("Days with symptoms", "1,200")),
        (number("temperature_c", 1, 38.5), ("Temperatura", "38,5 °C"), ("Temperature", "38.5 °C")),
        (number("spo2", 1, None), ("SpO₂", "no indicado"), ("SpO₂", "not given")),
        (number("sex", 1, "male"), ("Sexo", "hombre"), ("Sex", "male")),
        (number("pregnant", 1, "no"), ("Embarazo", "no"), ("Pregnancy", "no")),
        (number("visit_type", 1, "emergency"), ("Tipo de visita", "urgencias"), ("Type of visit", "emergency")),
        (number("systems_involved", 1, 3.0), ("Sistemas del cuerpo afectados", "3"), ("Organ systems involved", "3")),
        (number("fever_x_days", 1, 60.0), ("Fiebre y duración, juntas", ""), ("Fever and duration together", "")),
    ],
)
def test_a_number_is_shown_with_its_unit_as_the_language_writes_it(
    answer: PredictResponse, line: Contribution, spanish: tuple[str, str], english: tuple[str, str]
) -> None:
    for t, expected in ((ES, spanish), (EN, english)):
        why = why_of(with_lines(answer, line), t)
        assert why is not None
        [reason] = why.in_favour
        assert (reason.label, reason.detail) == expected


@pytest.mark.parametrize(
    ("status", "spanish", "english"),
    [
        ("observed", "presente", "present"),
        ("excluded", "ausente", "absent"),
        ("not_mentioned", "no anotado", "not noted"),
    ],
)
def test_a_finding_says_whether_it_is_there(answer: PredictResponse, status: str, spanish: str, english: str) -> None:
    label = Bilingual(es="Tos", en="Cough")
    line = Contribution.model_validate(
        {"name": COUGH, "kind": "finding", "label": label, "status": status, "value": None, "weight": -1}
    )
    for t, expected in ((ES, ("Tos", spanish)), (EN, ("Cough", english))):
        why = why_of(with_lines(answer, line), t)
        assert why is not None
        assert [(reason.label, reason.detail, reason.share) for reason in why.against] == [(*expected, 100)]


def test_bars_share_one_scale_and_the_factors_multiply_to_the_answer(answer: PredictResponse) -> None:
    why = why_of(with_lines(answer, number("days", 2.0), number("age", -1.0), number("pain", 0.01), remainder=0.3), EN)
    assert why is not None
    assert [(reason.share, reason.text) for reason in (*why.in_favour, *why.against)] == [(100, "×7.4"), (50, "÷2.7")]
    assert why.rest == "Everything else, each of less weight, together: ×1.36."


@pytest.mark.parametrize(("weight", "count"), [(SMALLEST_SHOWN, 1), (SMALLEST_SHOWN - 0.001, 0)])
def test_what_hardly_weighs_is_no_reason(answer: PredictResponse, weight: float, count: int) -> None:
    for sign in (1, -1):
        why = why_of(with_lines(answer, number("days", sign * weight)), EN)
        assert why is not None
        assert (len(why.in_favour), len(why.against)) == ((count, 0) if sign > 0 else (0, count))


def test_the_strongest_few_are_shown(answer: PredictResponse) -> None:
    fields = ("days", "age", "pain", "fever", "spo2", "heart_rate", "comorbidity")
    why = why_of(with_lines(answer, *(number(name, 3.0 - i / 4) for i, name in enumerate(fields))), EN)
    assert why is not None
    assert len(why.in_favour) == MOST_SHOWN
    assert why.in_favour[0].label == "Days with symptoms"
