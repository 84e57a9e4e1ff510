"""What the page's form sends, as a request; and what is wrong with it, by field."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
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
_MAX_FIELDS = 200
_HPO_ID = re.compile(r"HP:\d{7}")


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line of the findings picker, as typed."""

    text: str = ""
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """The form's content, as typed; shown again with the answer."""

    values: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[FindingRow] = (FindingRow(),) * MIN_ROWS
    language: str | None = None
    wants_more_rows: bool = False

    def value(self, name: str) -> str:
        return self.values.get(name, "")


class BadForm(ValueError):
    """The body is no form of ours."""


def parse_form(body: bytes) -> Form:
    """The form from an URL-encoded body.

    Raises:
        BadForm: not UTF-8, or more fields than the page can send.
    """
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise BadForm("the form cannot be read") from error
    values = {name: text.strip() for name, text in pairs}
    texts = [text.strip() for name, text in pairs if name == "finding"]
    statuses = [text for name, text in pairs if name == "finding_status"]
    if len(texts) != len(statuses) or len(texts) > MAX_ROWS:
        raise BadForm("each finding needs its status")
    rows = [FindingRow(text, status == FindingStatus.EXCLUDED) for text, status in zip(texts, statuses, strict=True)]
    return Form(
        values={name: values[name] for name in (*NUMBERS, *CHOICES, *TEXTS) if values.get(name)},
        findings=_padded(rows),
        language=values.get("lang"),
        wants_more_rows="more" in values,
    )


def with_more_rows(form: Form) -> Form:
    """The same form with another empty line for a finding."""
    rows = [*form.findings, FindingRow()][:MAX_ROWS]
    return Form(form.values, rows, form.language)


def request_of(form: Form, id_of: Mapping[str, str]) -> tuple[PredictRequest | None, list[FieldFault]]:
    """The request, or what is wrong by field (`fever`, `findings[2]`).

    Args:
        id_of: folded label (see `folded`) -> HPO id, for findings that are given by name alone.
    """
    faults: list[FieldFault] = []
    data: dict[str, object] = {name: form.values[name] for name in (*CHOICES, *TEXTS) if name in form.values}
    for name in NUMBERS:
        if name in form.values:
            # 38,5 is how a Spanish keyboard writes it; what is no number is refused by the model, under its name
            text = form.values[name].replace(",", ".")
            data[name] = float(text) if re.fullmatch(r"-?\d{1,9}(\.\d{0,9})?", text) else text
    phenotypes: list[dict[str, object]] = []
    for i, row in enumerate(form.findings):
        if not row.text:
            continue
        named = _HPO_ID.search(row.text)
        hpo_id = named[0] if named else id_of.get(folded(row.text))
        if hpo_id is None:
            faults.append(FieldFault(f"findings[{i}]", "is not a known finding", "a finding of the list", "choose one"))
            continue
        phenotypes.append({"hpo_id": hpo_id, "status": "excluded" if row.is_excluded else "observed"})
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
    part = ".status" if named[2] == "status" else ""
    return FieldFault(f"findings[{typed[int(named[1])]}]{part}", fault.problem, fault.allowed, fault.fix)


def folded(text: str) -> str:
    """Case, accents and spaces do not tell findings apart.

    >>> folded(" Crisis  EPILÉPTICA ")
    'crisis epileptica'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def _padded(rows: Sequence[FindingRow]) -> list[FindingRow]:
    return [*rows, *[FindingRow()] * (MIN_ROWS - len(rows))]
