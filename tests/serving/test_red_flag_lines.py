import pytest

from raretriage.domain import Presentation, RedFlag, alarms, vital_rules
from raretriage.domain.red_flags import finding_rules, wording_rules
from raretriage.serving.red_flag_lines import RedFlagLine, red_flag_lines
from raretriage.serving.texts import LANGUAGES, Language, Texts
from raretriage.serving.wire import RedFlagRule


def lines(language: Language, **fields: object) -> list[RedFlagLine]:
    found = alarms(Presentation.model_validate(fields))
    rules = [RedFlagRule(flag=one.flag, rule=one.rule, source=one.source) for one in found]
    return list(red_flag_lines(rules, Texts(language)))


@pytest.mark.parametrize(
    ("fields", "spanish", "english"),
    [
        ({"age_years": 40, "spo2": 91}, "SpO₂ de 91 % o menos", "SpO₂ of 91 % or less"),
        ({"temperature_c": 35.0}, "Temperatura de 35,0 °C o menos", "Temperature of 35.0 °C or less"),
        (
            {"age_years": 0.5, "respiratory_rate": 60},
            "Frecuencia respiratoria de 60/min o más (menos de 1 año)",
            "Respiratory rate of 60/min or more (under 1 year)",
        ),
        (
            {"age_years": 6, "heart_rate": 120},
            "Pulso de 120/min o más (6 años a menos de 8 años)",
            "Pulse of 120/min or more (6 years to under 8 years)",
        ),
        (
            {"age_years": 0.5, "systolic_bp": 69},
            "Presión sistólica por debajo de 70 mmHg (1 mes a menos de 1 año)",
            "Systolic pressure below 70 mmHg (1 month to under 1 year)",
        ),
        (
            {"age_years": 0.1, "temperature_c": 38.0},
            "Temperatura de 38,0 °C o más (menos de 3 meses)",
            "Temperature of 38.0 °C or more (under 3 months)",
        ),
        (
            {"pregnant": "yes", "systolic_bp": 160},
            "Presión sistólica de 160 mmHg o más (embarazo)",
            "Systolic pressure of 160 mmHg or more (pregnancy)",
        ),
        (
            {"complaint": "Chest pain"},
            "Dolor torácico reciente o posible infarto",
            "Recent chest pain or a possible heart attack",
        ),
    ],
)
def test_a_line_says_the_limit_that_was_passed_and_for_whom(
    fields: dict[str, object], spanish: str, english: str
) -> None:
    assert [line.text for line in lines("es", **fields)] == [spanish]
    assert [line.text for line in lines("en", **fields)] == [english]


def test_a_line_names_its_source_and_says_what_is_an_estimate() -> None:
    assert lines("en", age_years=40, spo2=91)[0].source == "RCP NEWS2 2017"
    assert lines("en", age_years=4, spo2=91)[0].source == "estimate of this project"
    assert lines("es", age_years=4, spo2=91)[0].source == "estimación de este proyecto"


def test_two_rules_that_say_the_same_share_a_line_and_keep_their_sources() -> None:
    severe = {"phenotypes": [{"hpo_id": "HP:0002248"}, {"hpo_id": "HP:0002133"}], "complaint": "Status epilepticus"}
    assert lines("en", **severe) == [
        RedFlagLine("Seizure going on, or status epilepticus", "NICE NG143; WHO ETAT"),
        RedFlagLine("Severe bleeding", "estimate of this project"),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_its_words(language: Language) -> None:
    rules = [*vital_rules().values(), *finding_rules(), *wording_rules()]
    every = [RedFlagRule(flag=rule.flag, rule=rule.id, source=rule.source) for rule in rules]
    every.append(RedFlagRule(flag=RedFlag.NEWS2_TOTAL, rule="news2.total", source="RCP NEWS2 2017"))
    for rule in every:
        [line] = red_flag_lines([rule], Texts(language))
        assert line.text
        assert line.source
        assert "{" not in line.text
