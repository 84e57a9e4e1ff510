"""The whole audit in one report: complete, plain JSON, and as strict as its parts."""

import json
from dataclasses import replace

import pytest

from raretriage.cohort import Catalogue
from raretriage.knowledge import Knowledge
from raretriage.validity.audit import STEPS, AuditReport, audit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def steps() -> list[str]:
    return []


@pytest.fixture(scope="module")
def report(catalogue: Catalogue, bridge: Catalogue, knowledge: Knowledge, steps: list[str]) -> AuditReport:
    return audit(knowledge, seed=8, ill=700, catalogue=catalogue, bridge=bridge, progress=steps.append)


def test_each_step_is_told(report: AuditReport, steps: list[str]) -> None:
    assert len(steps) == STEPS


def test_every_part_is_there_and_is_plain_json(report: AuditReport) -> None:
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert found["simulated"] is True
    names, of_naive = ([check["name"] for check in part["checks"]] for part in (found, found["naive"]))
    # the naive mix has no disease in the other source's words
    assert [name for name in names if not name.startswith("table or annotations")] == of_naive
    assert {row["safeguard"] for row in found["ablation"]} >= {"honest cohort", "naive mix"}
    assert {rate["name"] for rate in found["bridge"]["rates"]} >= {"roc_auc_rare", "missed_rare_of_training"}


def test_too_few_visits_pass_nothing(report: AuditReport) -> None:
    assert not any(check.passed for check in report.checks if check.limit is not None)
    assert not report.passed


def test_an_uncaught_naive_mix_fails_the_audit(report: AuditReport) -> None:
    passing = tuple(replace(check, low=0, value=0, high=0, n=10_000) for check in report.checks)
    assert replace(report, checks=passing).passed, "the naive mix is caught"
    assert not replace(report, checks=passing, naive=replace(report.naive, checks=passing)).passed
