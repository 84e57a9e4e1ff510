"""The relational part of reading FHIR: pure functions from tables to tables, as Ibis expressions.

Nothing here reads, writes or names an engine: DuckDB runs these on one machine, Spark could run the same text.

Every record keeps its address (`file`, `line`) and gets an `outcome` with its `reason`:

- `carried`      its content goes where its encounter goes
- `quarantined`  it is faulty; `reason` is the rule, with `field` and `value`
- `duplicate`    the same resource came before
- `unused`       nothing of it is needed; `reason` says why
"""

from raretriage.ingest.relations.assembly import assemble
from raretriage.ingest.relations.conditions import (
    comorbidities,
    condition_links,
    diagnoses,
    diagnosis_codes,
    usable_conditions,
)
from raretriage.ingest.relations.identity import identified
from raretriage.ingest.relations.observations import (
    best_concepts,
    codings_of,
    component_codings,
    linked_observations,
    observation_outcomes,
)
from raretriage.ingest.relations.outcomes import condition_outcomes, follow_visit, patient_outcomes, visit_outcomes
from raretriage.ingest.relations.readings import (
    choose_readings,
    judge_readings,
    read_values,
    verdicts_of_readings,
    vitals_of_visits,
)
from raretriage.ingest.relations.statements import answer_codings, judge_statements, statements
from raretriage.ingest.relations.visits import patient_faults, visits, visits_by_id

__all__ = [
    "answer_codings",
    "assemble",
    "best_concepts",
    "choose_readings",
    "codings_of",
    "comorbidities",
    "component_codings",
    "condition_links",
    "condition_outcomes",
    "diagnoses",
    "diagnosis_codes",
    "follow_visit",
    "identified",
    "judge_readings",
    "judge_statements",
    "linked_observations",
    "observation_outcomes",
    "patient_faults",
    "patient_outcomes",
    "read_values",
    "statements",
    "usable_conditions",
    "verdicts_of_readings",
    "visit_outcomes",
    "visits",
    "visits_by_id",
    "vitals_of_visits",
]
