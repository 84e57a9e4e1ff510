"""What the page's form sends, as a request; and what is wrong with it, by field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from pydantic import ValidationError

from raretriage.domain import FindingStatus
from raretriage.serving.errors import FieldFault
from raretriage.serving.problems import faults_of
from raretriage.serving.wire import PredictRequest

REQUIRED = ("fever", "pain", "days")
BASIC = (*REQUIRED, "comorbidity", "age")
VITAL_FIELDS = ("temperature_c", "heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2")
NUMBERS = (*BASIC, *VITAL_FIELDS)
CHOICES: Mapping[str, tuple[str, ...]] = {
    "sex": ("female", "male", "other"),
    "pregnant": ("yes", "no"),
    "visit_type": ("emergency", "outpatient"),
}
TEXTS = ("complaint",)
MIN_ROWS = 3
MAX_ROWS = 60
_MAX_FIELDS = 210
_HPO_ID = re.compile(r"HP:\d{7}")


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line of the findings picker, as typed."""

    text: str = ""
    is_excluded: bool = False
    days: str = ""
    """Since when."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form's content, as typed; shown again with the answer."""

    values: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[FindingRow] = (FindingRow(),) * MIN_ROWS
    language: str | None = None
    wants_more_rows: bool = False
    wants_proposals: bool = False
    """Findings of the complaint are to be proposed."""

    def value(self, name: str) -> str:
        return self.values.get(name, "")


class BadForm(ValueError):
    """The body is no form of ours."""


def parse_form(body: bytes) -> Form:
    """The form from an URL-encoded body.

    Raises:
        BadForm: not UTF-8, or more fields than the page can send.
    """
    pairs = _pairs(body)
    values = {name: text.strip() for name, text in pairs}
    texts = [text.strip() for name, text in pairs if name == "finding"]
    statuses = [text for name, text in pairs if name == "finding_status"]
    days = [text.strip() for name, text in pairs if name == "finding_days"] or [""] * len(texts)
    if not len(texts) == len(statuses) == len(days) <= MAX_ROWS:
        raise BadForm("each finding needs its status and its days")
    rows = [
        FindingRow(text, status == FindingStatus.EXCLUDED, since)
        for text, status, since in zip(texts, statuses, days, strict=True)
    ]
    if present := [FindingRow(text.strip()) for name, text in pairs if name == "present"]:
        rows = [*(row for row in rows if row.text), *present]  # what the last answer had asked for
    return Form(
        values={name: values[name] for name in (*NUMBERS, *CHOICES, *TEXTS) if values.get(name)},
        findings=_padded(rows),
        language=values.get("lang"),
        wants_more_rows="more" in values,
        wants_proposals="propose" in values,
    )


def feedback_form(body: bytes) -> dict[str, object]:
    """What the page says of an answer, as fields of a `FeedbackRequest` and the language; empty ones are left out.

    Raises:
        BadForm: not UTF-8, or more fields than the page can send.
    """
    told: dict[str, object] = {name: text.strip() for name, text in _pairs(body) if text.strip()}
    if "rare" in told:
        told["rare"] = {"yes": True, "no": False}.get(str(told["rare"]), told["rare"])
    return told


def with_more_rows(form: Form) -> Form:
    """The same form with another empty line for a finding."""
    rows = [*form.findings, FindingRow()][:MAX_ROWS]
    return Form(form.values, rows, form.language)


def with_proposed(form: Form, rows: Sequence[FindingRow], *, days: float | None) -> Form:
    """The same form with these findings after those that are given, and the duration where none was."""
    given = [row for row in form.findings if row.text]
    values = dict(form.values)
    if days is not None and "days" not in values:
        values["days"] = f"{days:g}"
    return Form(values, _padded([*given, *rows][:MAX_ROWS]), form.language)


def hpo_id_in(text: str) -> str | None:
    """The HPO id that stands in a finding's text, such as `Fiebre (HP:0001945)`."""
    named = _HPO_ID.search(text)
    return named[0] if named else None


def request_of(form: Form, named: Callable[[str], str | None]) -> tuple[PredictRequest | None, list[FieldFault]]:
    """The request, or what is wrong by field (`fever`, `findings[2]`).

    Args:
        named: gives the HPO id of a finding that is given by name alone, None for a name that is none.
    """
    faults: list[FieldFault] = []
    data: dict[str, object] = {name: form.values[name] for name in (*CHOICES, *TEXTS) if name in form.values}
    for name in NUMBERS:
        if name in form.values:
            data[name] = _number(form.values[name])
    phenotypes: list[dict[str, object]] = []
    for i, row in enumerate(form.findings):
        if not row.text:
            continue
        hpo_id = hpo_id_in(row.text) or named(row.text)
        if hpo_id is None:
            faults.append(FieldFault(f"findings[{i}]", "is not a known finding", "a finding of the list", "choose one"))
            continue
        phenotype: dict[str, object] = {"hpo_id": hpo_id, "status": "excluded" if row.is_excluded else "observed"}
        if row.days:
            phenotype["onset_days"] = _number(row.days)
        phenotypes.append(phenotype)
    data["phenotypes"] = phenotypes
    try:
        request = PredictRequest.model_validate(data)
    except ValidationError as error:
        return None, [*faults_of([dict(one) for one in error.errors()]), *faults]
    return (None, faults) if faults else (request, [])


def row_fault(fault: FieldFault, form: Form) -> FieldFault:
    """A fault of `phenotypes[i]`, the i-th finding that was given, as one of the row where it was typed."""
    named = re.match(r"phenotypes\[(\d+)\]\.(\w+)", fault.field)
    if named is None:
        return fault
    typed = [i for i, row in enumerate(form.findings) if row.text]
    part = {"status": ".status", "onset_days": ".days"}.get(named[2], "")
    return FieldFault(f"findings[{typed[int(named[1])]}]{part}", fault.problem, fault.allowed, fault.fix)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise BadForm("the form cannot be read") from error


def _number(text: str) -> float | str:
    """The number; what is none stays as it is, and is refused by the model under its name."""
    plain = text.replace(",", ".")  # 38,5 is how a Spanish keyboard writes it
    return float(plain) if re.fullmatch(r"-?\d{1,9}(\.\d{0,9})?", plain) else text


def _padded(rows: Sequence[FindingRow]) -> list[FindingRow]:
    return [*rows, *[FindingRow()] * (MIN_ROWS - len(rows))]
