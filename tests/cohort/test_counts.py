"""Are the counted findings what the patients of DDXPlus were asked and answered?

DDXPlus (CC BY, arXiv:2205.09148) is simulated and flavoured by the emergency room. A patient is a condition and a list
of the evidences that are true, `<question>` or `<question>_@_<value>`; what is not listed was answered with no.
`ddxplus_map.csv` says which answer is which HPO term, and of which conditions it is not believed.
"""

import ast
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

from raretriage.cohort import load_common
from raretriage.knowledge import Knowledge

FILES = ("val_588_fr.csv", "train_98_fr.csv")
FILES_OF_SOURCE = "val_588+train_98"

Counted = dict[tuple[str, str], tuple[int, int, str]]
"""(condition, HPO id) -> patients with the finding, patients, the answers that were counted."""


@dataclass(frozen=True)
class Answer:
    """A line of the map: whoever has all of these evidences has the finding."""

    questions: tuple[str, ...]
    values: frozenset[str]
    hpo_id: str
    label: str
    only_for: frozenset[str]
    not_for: frozenset[str]

    def counts_for(self, condition: str) -> bool:
        return condition not in self.not_for and (not self.only_for or condition in self.only_for)

    def matches(self, evidences: Mapping[str, frozenset[str]]) -> bool:
        if self.values:
            return bool(self.values & evidences.get(self.questions[0], frozenset()))
        return all(question in evidences for question in self.questions)

    def written(self, patients: Iterable[Mapping[str, frozenset[str]]]) -> str:
        """As a source names it: the question, or the question and those of its values that occur."""
        name = "&".join(self.questions)
        if not self.values:
            return name
        return f"{name}@{'|'.join(sorted(self.values & frozenset().union(*(p.get(name, ()) for p in patients))))}"


@dataclass(frozen=True)
class Patient:
    condition: str
    evidences: Mapping[str, frozenset[str]]


def shipped(name: str) -> list[dict[str, str]]:
    text = resources.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def read_map(rows: Iterable[Mapping[str, str]]) -> list[Answer]:
    return [
        Answer(
            tuple(row["evidence"].split("&")),
            _set(row["value"]),
            row["hpo_id"],
            row["label"],
            _set(row["only_for"]),
            _set(row["not_for"]),
        )
        for row in rows
    ]


def _set(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split("|")))


def read_patients(text: str) -> Iterator[Patient]:
    for row in csv.DictReader(text.splitlines()):
        evidences = defaultdict(set)
        for evidence in ast.literal_eval(row["EVIDENCES"]):
            question, _, value = evidence.partition("_@_")
            evidences[question].add(value)
        yield Patient(row["English Pathology"], {q: frozenset(values) for q, values in evidences.items()})


def count(patients: Iterable[Patient], answers: Iterable[Answer]) -> Counted:
    """Patients with each finding, condition by condition; a finding that nobody has is not listed."""
    by_condition, by_term = defaultdict(list), defaultdict(list)
    for patient in patients:
        by_condition[patient.condition].append(patient.evidences)
    for answer in answers:
        by_term[answer.hpo_id].append(answer)
    counted: Counted = {}
    for condition, group in by_condition.items():
        for hpo_id, of_term in by_term.items():
            believed = [a for a in of_term if a.counts_for(condition) and any(map(a.matches, group))]
            if believed:
                present = sum(any(answer.matches(evidences) for answer in believed) for evidences in group)
                counted[condition, hpo_id] = present, len(group), "+".join(a.written(group) for a in believed)
    return counted


def table_rows(counted: Counted, diseases: Mapping[str, str], labels: Mapping[str, str]) -> list[dict[str, str]]:
    """`counts.csv` as the map and the patients give it, for the diseases (condition -> disease) of the common table."""
    return [
        {
            "disease": diseases[condition],
            "hpo_id": hpo_id,
            "label": labels[hpo_id],
            "present": str(present),
            "asked": str(asked),
            "source": f"DDXPlus {condition} {answers} {FILES_OF_SOURCE}",
        }
        for (condition, hpo_id), (present, asked, answers) in counted.items()
        if condition in diseases
    ]


def conditions_of(rows: Iterable[Mapping[str, str]], known: Iterable[str]) -> dict[str, str]:
    """Condition -> disease, as the sources of the table say it."""
    found: dict[str, str] = {}
    for row in rows:
        named = [condition for condition in known if row["source"].startswith(f"DDXPlus {condition} ")]
        assert len(named) == 1, f"{row['source']} names no condition of DDXPlus, or more than one"
        assert found.setdefault(named[0], row["disease"]) == row["disease"], f"{named[0]} stands for two diseases"
    return found


MADE_UP_MAP = """evidence,value,hpo_id,label,only_for,not_for,note
fever,,HP:0001945,Fever,,,
cough,,HP:0012735,Cough,,Sore joint,
fits,,HP:0012735,Cough,,,
site,ear_L_|ear_R_,HP:0030766,Ear pain,Sore ear,,
breath&flat,,HP:0012764,Orthopnea,,,
"""

MADE_UP_PATIENTS = """,AGE,SEX,PATHOLOGY,EVIDENCES,English Pathology
1,30,F,x,"['fever', 'cough', 'fits', 'site_@_ear_L_', 'site_@_ear_R_', 'flat']",Sore ear
2,31,M,x,"['fits', 'site_@_nose', 'breath', 'flat']",Sore ear
3,32,M,x,"['travel_@_N']",Sore ear
4,33,F,y,"['cough', 'site_@_ear_L_', 'breath']",Sore joint
"""


def test_patients_with_any_of_a_findings_answers_are_counted_once() -> None:
    counted = count(read_patients(MADE_UP_PATIENTS), read_map(csv.DictReader(MADE_UP_MAP.splitlines())))
    assert counted == {
        ("Sore ear", "HP:0001945"): (1, 3, "fever"),
        ("Sore ear", "HP:0012735"): (2, 3, "cough+fits"),
        ("Sore ear", "HP:0030766"): (1, 3, "site@ear_L_|ear_R_"),
        ("Sore ear", "HP:0012764"): (1, 3, "breath&flat"),
    }, "cough and the ear are not believed of the sore joint; nobody there has the rest"


def test_the_table_is_written_for_the_diseases_that_are_common() -> None:
    counted = {("Sore ear", "HP:0001945"): (1, 3, "fever"), ("Rare one", "HP:0001945"): (3, 3, "fever")}
    rows = table_rows(counted, {"Sore ear": "otitis"}, {"HP:0001945": "Fever"})
    assert [(row["disease"], row["present"], row["asked"], row["source"]) for row in rows] == [
        ("otitis", "1", "3", "DDXPlus Sore ear fever val_588+train_98")
    ]


def test_every_answer_means_a_current_finding_that_rare_diseases_have_too(knowledge: Knowledge) -> None:
    """A term of common diseases alone would tell common from rare without any medicine."""
    of_rare: set[str] = set()
    for disease in knowledge.diseases:
        if disease.clause.is_rare:
            for annotation in knowledge.annotations(disease.id):
                of_rare |= {annotation.hpo_id, *knowledge.ancestors(annotation.hpo_id)}
    answers = read_map(shipped("ddxplus_map.csv"))
    assert len(answers) > 70
    for answer in answers:
        assert knowledge.resolve(answer.hpo_id) == answer.hpo_id
        assert knowledge.is_finding(answer.hpo_id)
        assert knowledge.label(answer.hpo_id) == answer.label
        assert answer.hpo_id in of_rare, f"{answer.label} is annotated to no rare disease"


def test_at_least_twenty_common_diseases_are_counted(knowledge: Knowledge) -> None:
    rows = shipped("counts.csv")
    assert len({row["disease"] for row in rows}) >= 20
    assert all(1 <= int(row["present"]) <= int(row["asked"]) for row in rows)
    counted = {(p.disease, f.hpo_id) for p in load_common(knowledge) for f in p.findings if f.source != "estimate"}
    assert {(row["disease"], row["hpo_id"]) for row in rows} <= counted


@pytest.mark.shared_data
def test_the_table_is_what_the_patients_say(shared_data: Path) -> None:
    folder, rows = shared_data / "ddxplus", shipped("counts.csv")
    patients = [p for name in FILES for p in read_patients((folder / name).read_text(encoding="utf-8"))]
    assert len(patients) == 686
    answers = read_map(shipped("ddxplus_map.csv"))
    diseases = conditions_of(rows, {patient.condition for patient in patients})
    expected = table_rows(count(patients, answers), diseases, {answer.hpo_id: answer.label for answer in answers})
    key = "disease", "hpo_id"
    assert sorted(rows, key=lambda r: [r[k] for k in key]) == sorted(expected, key=lambda r: [r[k] for k in key])


@pytest.mark.shared_data
def test_the_map_names_questions_values_and_conditions_of_ddxplus(shared_data: Path) -> None:
    folder = shared_data / "ddxplus"
    questions = json.loads((folder / "release_evidences_fr_codes.json").read_text(encoding="utf-8"))
    conditions = json.loads((folder / "release_conditions.json").read_text(encoding="utf-8"))
    for answer in read_map(shipped("ddxplus_map.csv")):
        assert answer.only_for | answer.not_for <= set(conditions)
        for name in answer.questions:
            assert not questions[name]["is_antecedent"], f"{name} asks for the past, which is no finding of the visit"
            possible = {str(value) for value in questions[name]["possible-values"]}
            assert answer.values <= possible, f"{name} has no value {sorted(answer.values - possible)}"


def test_no_question_stands_twice_for_the_same_finding() -> None:
    lines = Counter((a.questions, a.values, a.hpo_id) for a in read_map(shipped("ddxplus_map.csv")))
    assert [line for line, times in lines.items() if times > 1] == []
