"""The clinician's page, as it comes from the server: no JavaScript runs here."""

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from raretriage.domain import RedFlag, UnsureReason
from raretriage.serving.form import BadForm, parse_form
from raretriage.serving.texts import LANGUAGES, Texts, text_table
from tests.serving.conftest import Serve
from tests.serving.tiny_model import Publisher

FILLED = {"lang": "es", "fever": "9", "pain": "3", "days": "3", "comorbidity": "", "age": "40"}
TWO = [
    ("finding", "Crisis epiléptica (convulsión)"),
    ("finding_status", "observed"),
    ("finding", "Escoliosis"),
    ("finding_status", "observed"),
]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(client: TestClient, *pairs: tuple[str, str], **changes: str):
    return client.post("/", content=urlencode([*(FILLED | changes).items(), *pairs]), headers=FORM)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_every_text_has_both_languages_with_the_same_places() -> None:
    for key, both in text_table().items():
        assert set(both) == set(LANGUAGES), key
        assert all(text.strip() for text in both.values()), key
        places = [set(re.findall(r"\{(\w+)\}", text)) for text in both.values()]
        assert places[0] == places[1], key


def test_every_reason_and_flag_has_a_text() -> None:
    t = Texts("es")
    for flag in RedFlag:
        assert t(f"red_flag.{flag}")
    for reason in UnsureReason:
        assert f"unsure.{reason}" in text_table()


def test_spanish_comes_first_and_english_on_request(client: TestClient) -> None:
    plain = client.get("/")
    assert '<html lang="es">' in plain.text
    assert plain.headers["content-language"] == "es"
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert '<html lang="en">' in client.get("/", headers={"Accept-Language": "en-GB,es;q=0.5"}).text
    assert '<html lang="es">' in client.get("/?lang=es", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize(("lang", "notice"), [("es", "no diagnostica"), ("en", "does not diagnose")])
def test_every_page_says_triage_not_diagnosis(client: TestClient, lang: str, notice: str) -> None:
    assert notice in client.get(f"/?lang={lang}").text
    assert notice in post(client, lang=lang).text
    assert notice in post(client, lang=lang, fever="99").text


def test_no_script_style_or_handler_is_written_into_the_page(client: TestClient) -> None:
    html = post(client, *TWO).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert "<style" not in html
    assert not re.search(r"\s(style|on\w+)=", html)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", html)


def test_its_files_come_from_the_service_itself(client: TestClient) -> None:
    for address in set(re.findall(r'"(/static/[^"]+)"', client.get("/").text)):
        assert client.get(address).status_code == 200


def test_the_forms_answer_is_the_logged_prediction(client: TestClient, tmp_path: Path) -> None:
    response = post(client, *TWO, sex="female", spo2="98")
    assert response.status_code == 200
    [line] = (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()
    record = json.loads(line)
    assert record["id"] in response.text
    assert record["content"]["input"]["sex"] == "female"
    assert record["content"]["input"]["spo2"] == 98
    assert [one["hpo_id"] for one in record["content"]["input"]["phenotypes"]] == ["HP:0001250", "HP:0002650"]
    assert "comorbidity" not in record["content"]["input"]


def test_state_and_rarity_are_two_answers(client: TestClient) -> None:
    text = text_of(post(client, *TWO).text)
    assert "Estado ENFERMEDAD AGUDA" in text
    assert "Enfermedad rara ENFERMEDAD HUÉRFANA" in text
    assert "especialista" in text


def test_red_flags_come_before_everything_else_in_the_result(client: TestClient) -> None:
    html = post(client, *TWO, spo2="80").text
    assert html.index("URGENTE") < html.index("ENFERMEDAD AGUDA")
    assert "SpO₂ de 91 % o menos RCP NEWS2 2017" in text_of(html)
    assert "URGENTE" not in post(client, *TWO, spo2="98").text


def test_the_complaint_is_read_for_red_flags_and_shown_again(client: TestClient, tmp_path: Path) -> None:
    html = post(client, complaint="No puede respirar.\r\nNiega <b>dolor torácico</b>").text
    assert "Dificultad respiratoria WHO ETAT" in text_of(html)
    assert "Dolor torácico reciente" not in html
    assert "Niega &lt;b&gt;dolor torácico&lt;/b&gt;</textarea>" in html
    assert "respirar" not in (tmp_path / "log" / "predicciones_dev.txt").read_text()


def test_a_complaint_that_is_too_long_is_a_mistake(client: TestClient) -> None:
    assert post(client, complaint="x" * 2_001).status_code == 422


def test_the_promise_is_in_plain_words_and_says_simulated(client: TestClient) -> None:
    spanish = text_of(post(client, *TWO).text)
    assert "De 100 casos raros SIMULADOS, unos 95 o más se marcan" in spanish
    assert "1 de cada 1.000" in spanish
    english = text_of(post(client, *TWO, lang="en").text)
    assert "Of 100 SIMULATED rare cases, about 95 or more are flagged" in english
    assert "1 in 1,000" in english


def test_without_a_promise_the_page_says_why_and_what_would_help(client: TestClient) -> None:
    text = text_of(post(client).text)
    assert "No evaluada" in text
    assert "Añadir los hallazgos que tenga el paciente" in text
    assert "Ninguna garantía se aplica" in text
    assert "De 100 casos raros" not in text


ASKED = re.compile(r'<input type="checkbox" form="form" name="present" value="(.*?)" autocomplete="off"> (.*?)</label>')


@pytest.mark.parametrize(
    ("lang", "lead", "names"),
    [
        ("es", "Pregunte o busque primero, en este orden", ["Escoliosis", "Crisis epiléptica (convulsión)"]),
        ("en", "Ask or look for these first, in this order", ["Scoliosis", "Seizure"]),
    ],
)
def test_the_findings_that_would_help_are_asked_for_by_name(
    client: TestClient, lang: str, lead: str, names: list[str]
) -> None:
    html = post(client, lang=lang).text
    assert lead in text_of(html)
    assert ASKED.findall(html) == [
        (f"{name} ({hpo_id})", name) for name, hpo_id in zip(names, ["HP:0002650", "HP:0001250"], strict=True)
    ]
    assert html.index("asked-lead") < html.index('class="grounds"')


def test_what_is_marked_becomes_a_row_and_nothing_is_assessed_yet(client: TestClient, tmp_path: Path) -> None:
    """Answers to the list alone are no record like those that the certificate rests on."""
    [_, (marked, _)] = ASKED.findall(post(client).text)
    empty = [("finding", ""), ("finding_status", "observed"), ("finding_days", "")]
    typed = [("finding", "Tos"), ("finding_status", "excluded"), ("finding_days", "3")]
    html = post(client, ("present", marked), *empty, *typed, ("more", "1")).text
    assert [row for row in rows_of(html) if row[0]] == [("Tos", True), (marked, False)]
    assert 'id="result"' not in html
    assert 'autocomplete="off" value="9"' in html, "what was told stays"
    assert len((tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()) == 1


def test_the_list_says_that_it_is_not_enough(client: TestClient) -> None:
    assert "estas preguntas solas no bastan para descartar" in text_of(post(client).text)
    assert "these questions alone do not rule anything out" in text_of(post(client, lang="en").text)


def test_nothing_is_asked_for_where_it_would_not_help(client: TestClient) -> None:
    for changes in ({"pregnant": "yes"}, {"days": "3651"}):
        html = post(client, **changes).text
        assert "No evaluada" in text_of(html)
        assert "asked-lead" not in html


def test_a_full_form_takes_what_is_marked_too(client: TestClient) -> None:
    full = [("finding", ""), ("finding_status", "observed"), ("finding_days", "")] * 60
    marked = [("present", "Tos")] * 5
    every = {"sex": "female", "pregnant": "no", "visit_type": "emergency", "spo2": "98", "temperature_c": "37"}
    rest = {"heart_rate": "80", "respiratory_rate": "15", "systolic_bp": "120", "diastolic_bp": "80", "complaint": "x"}
    assert post(client, *marked, *full, ("more", "1"), **every, **rest).status_code == 200


def test_unsure_is_explained(client: TestClient) -> None:
    text = text_of(post(client, fever="2").text)
    assert "NO SEGURO" in text
    assert "no enfermo, enfermedad leve" in text
    outside = text_of(post(client, pregnant="yes").text)
    assert "no se entrenó con pacientes así: embarazo" in outside


def test_the_simulated_model_is_named_on_every_page(client: TestClient) -> None:
    for html in (client.get("/").text, post(client).text):
        assert "pacientes SIMULADOS" in html
        assert "rare-disease-triage 2026.03.01-test · 2026-03-01" in html


def test_the_fallback_is_marked_and_offers_no_findings(serve: Serve) -> None:
    with serve() as client:
        empty = client.get("/").text
        assert "reglas fijas" in text_of(empty)
        assert 'name="finding"' not in empty
        text = text_of(post(client).text)
    assert "Según las reglas fijas" in text
    assert "Las reglas fijas no llevan garantía" in text


def test_a_decimal_comma_is_a_decimal_point(client: TestClient, tmp_path: Path) -> None:
    assert post(client, temperature_c="38,5", fever="2,5").status_code == 200
    [line] = (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()
    assert json.loads(line)["content"]["input"]["temperature_c"] == 38.5


@pytest.mark.parametrize("text", ["Seizure", "  CRISIS epileptica (convulsion) ", "HP:0001250", "x (HP:0001250)"])
def test_a_finding_is_understood_in_both_languages_and_as_a_code(client: TestClient, text: str, tmp_path: Path) -> None:
    assert post(client, ("finding", text), ("finding_status", "excluded")).status_code == 200
    [line] = (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()
    [finding] = json.loads(line)["content"]["input"]["phenotypes"]
    assert (finding["hpo_id"], finding["status"]) == ("HP:0001250", "excluded")


def test_a_name_that_is_none_brings_near_ones(client: TestClient) -> None:
    response = post(client, ("finding", "Escoliozis"), ("finding_status", "observed"))
    assert response.status_code == 422
    assert "no se reconoce" in text_of(response.text)
    assert "¿Quiso decir: Escoliosis?" in text_of(response.text)


def test_since_when_is_asked_in_days(client: TestClient, tmp_path: Path) -> None:
    assert post(client, *TWO[:2], ("finding_days", "10,5")).status_code == 200
    [line] = (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()
    assert json.loads(line)["content"]["input"]["phenotypes"][0]["onset_days"] == 10.5
    refused = post(client, *TWO[:2], ("finding_days", "ayer"))
    assert refused.status_code == 422
    assert "Hallazgo 1: los días deben ser un número" in text_of(refused.text)
    assert 'id="finding-1-days"' in refused.text


def rows_of(html: str) -> list[tuple[str, bool]]:
    """Text of each row, and whether it is absent."""
    rows = re.findall(r'name="finding" type="text"[^>]*value="([^"]*)"(.*?)</select>', html, re.DOTALL)
    return [(text, 'value="excluded" selected' in rest) for text, rest in rows]


def test_findings_of_the_complaint_are_proposed_and_nothing_is_assessed(client: TestClient, tmp_path: Path) -> None:
    note = "Niño con tos y sin fiebre desde hace 3 días. La madre tuvo escoliosis."
    form = urlencode([("lang", "es"), ("complaint", note), ("propose", "1"), *TWO[:2]])
    html = client.post("/", content=form, headers=FORM).text
    assert rows_of(html) == [
        ("Crisis epiléptica (convulsión)", False), ("Tos (HP:0012735)", False), ("Fiebre (HP:0001945)", True),
    ]  # fmt: skip
    assert 'name="days" type="text" inputmode="decimal" autocomplete="off" value="3"' in html
    text = text_of(html)
    assert "Se proponen 2 hallazgos" in text
    assert "No se han tomado" in text
    assert "“escoliosis”" in text
    assert (tmp_path / "log" / "predicciones_dev.txt").read_text() == ""


def test_what_was_given_is_neither_proposed_again_nor_overwritten(client: TestClient) -> None:
    form = urlencode(
        [("lang", "es"), ("complaint", "convulsiones desde hace 3 días"), ("propose", "1"), ("days", "9"), *TWO[:2]]
    )
    html = client.post("/", content=form, headers=FORM).text
    assert [row for row in rows_of(html) if row[0]] == [("Crisis epiléptica (convulsión)", False)]
    assert 'autocomplete="off" value="9"' in html
    assert "No se ha reconocido ningún hallazgo nuevo" in text_of(html)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fever": "11"}, "Fiebre: escriba un número (0 ninguna – 10 máxima)."),
        ({"fever": ""}, "Fiebre: falta este dato (0 ninguna – 10 máxima)."),
        ({"age": "abc"}, "Edad: escriba un número"),
        ({"days": "1e3"}, "Días con síntomas: escriba un número"),
        ({"spo2": "NaN"}, "SpO₂: escriba un número"),
        ({"systolic_bp": "80", "diastolic_bp": "90"}, "La presión sistólica debe ser mayor"),
        ({"sex": "F"}, "Sexo: elija una de las opciones."),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nothing_is_lost(
    client: TestClient, changes: dict[str, str], message: str, tmp_path: Path
) -> None:
    response = post(client, *TWO, **changes)
    assert response.status_code == 422
    assert message in text_of(response.text)
    assert f'href="#{next(iter(changes))}"' in response.text
    assert 'aria-invalid="true"' in response.text
    assert 'value="Escoliosis"' in response.text
    assert (tmp_path / "log" / "predicciones_dev.txt").read_text() == ""


def test_a_finding_nobody_knows_is_shown_in_its_row(client: TestClient) -> None:
    response = post(client, *TWO, ("finding", "dolor raro"), ("finding_status", "observed"))
    assert response.status_code == 422
    assert "Hallazgo 3: no se reconoce" in response.text
    assert 'id="finding-3-wrong"' in response.text


def test_a_contradiction_is_shown_in_the_row_where_it_was_typed(client: TestClient) -> None:
    pairs = [("finding", ""), ("finding_status", "observed"), ("finding", "Tos"), ("finding_status", "observed")]
    again = [("finding", ""), ("finding_status", "observed"), ("finding", "Cough"), ("finding_status", "excluded")]
    response = post(client, *pairs, *again)
    assert response.status_code == 422
    assert "Hallazgo 4: el mismo hallazgo figura como presente y como ausente." in response.text


def test_an_unknown_code_is_shown_in_its_row(client: TestClient) -> None:
    response = post(client, ("finding", ""), ("finding_status", "observed"), ("finding", "HP:9999999"), TWO[1])
    assert "Hallazgo 2: no se reconoce" in response.text


def test_another_row_needs_no_script_and_is_no_prediction(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/").text.count('name="finding"') == 3
    response = post(client, *TWO, ("finding", "Tos"), ("finding_status", "excluded"), ("more", "1"))
    assert response.text.count('name="finding"') == 4
    assert 'value="Tos"' in response.text
    assert (tmp_path / "log" / "predicciones_dev.txt").read_text() == ""


def test_what_is_typed_is_never_markup(client: TestClient) -> None:
    response = post(client, ("finding", '"><script>alert(1)</script>'), ("finding_status", "observed"))
    assert "<script>alert" not in response.text


def test_a_failing_log_is_an_honest_page(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "predicciones_dev.txt").write_text("no line\n")
    with serve() as client:
        response = post(client, *TWO)
    assert response.status_code == 503
    assert "No se puede responder" in response.text
    assert "ENFERMEDAD AGUDA" not in response.text


@pytest.mark.parametrize("body", [b"\xff=\xff", b"&".join([b"finding=x"] * 300), b"finding=x", b"%ff=1"])
def test_what_is_not_our_form_is_a_400(client: TestClient, body: bytes) -> None:
    response = client.post("/", content=body, headers=FORM)
    assert response.status_code == 400
    assert '<html lang="es">' in response.text


def test_json_is_not_taken_by_the_page(client: TestClient) -> None:
    assert client.post("/", json={"fever": 1}).status_code == 415


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    try:
        form = parse_form(body)
    except BadForm:
        return
    assert len(form.findings) >= 3
