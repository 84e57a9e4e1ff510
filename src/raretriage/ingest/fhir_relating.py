"""Run the relations over the tables of a FHIR source, step by step, and say what became of every record."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from raretriage.domain import RANGES
from raretriage.fhir import (
    DIAGNOSIS_SYSTEMS,
    KNOWN_SYSTEMS,
    LOINC,
    USED_TYPES,
    Terms,
    Use,
    answers,
    canonical_system,
    classify,
    disease_id,
    reading_fields,
    units,
)
from raretriage.ingest import relations as r
from raretriage.ingest.engine import Engine
from raretriage.ingest.report import UnmappedCode
from raretriage.ingest.staging import table_of
from raretriage.privacy import code_may_pass

_MOST_UNMAPPED = 50
_LOCAL = "(local)"
_LOINC_CODE = re.compile(r"\d{1,6}-\d")
_CODE_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Related:
    """The tables after relating. `rows` are the encounters that may land, in the order of the source."""

    rows: ir.Table
    visits: ir.Table
    unmapped: tuple[UnmappedCode, ...]


def relate(engine: Engine, terms: Terms) -> Related:
    """From raw resources to one row an encounter. Leaves its tables in the engine for `outcomes` and `faults`."""
    patients, encounters, conditions, observations = (
        engine.store(name.lower(), r.identified(engine.table(table_of(name)))) for name in USED_TYPES
    )
    visits = engine.store("visits", r.visits(encounters, patients))
    by_id = engine.store("visits_by_id", r.visits_by_id(visits))
    linked, components, concepts = _link(engine, observations, by_id, terms)
    chosen = _measure(engine, linked, components, concepts)
    judged = _listen(engine, linked)
    verdicts = r.verdicts_of_readings(chosen).union(judged.select("file", "line", "outcome", "reason"))
    outcomes = engine.store("observation_outcomes", r.observation_outcomes(linked, verdicts))
    diagnoses, comorbidity = _diagnose(engine, conditions, by_id, terms)
    carried = engine.store("carried", _carried(outcomes, diagnoses))
    fields = tuple(sorted(reading_fields()))
    rows = r.assemble(visits, r.vitals_of_visits(chosen, fields), judged, diagnoses, comorbidity, carried, fields)
    return Related(engine.store("related", rows), visits, _unmapped(engine, linked, observations))


def _link(engine: Engine, observations: ir.Table, by_id: ir.Table, terms: Terms) -> tuple[ir.Table, ir.Table, ir.Table]:
    codings = engine.store("codings", r.codings_of(observations))
    components = engine.store("components", r.component_codings(observations))
    both = codings.select("system", "code").union(components.select("system", "code"))
    concepts = _concepts(engine, both, terms)
    best = r.best_concepts(codings, concepts)
    linked = engine.store("linked", r.linked_observations(observations, best, concepts, by_id))
    return linked, components, concepts


def _concepts(engine: Engine, codings: ir.Table, terms: Terms) -> ir.Table:
    """The meaning of every distinct coding, ordered so that a lower number is the better reading of a code."""
    order = {use: rank for rank, use in enumerate(Use)}
    found = []
    for system, code in _distinct(engine, codings):
        concept = classify(system, code, terms)
        if concept is not None:
            found.append((order[concept.use], concept.target, code or "", system or "", concept.use))
    found.sort()
    rows = [
        {"concept": number, "system": system, "code": code, "use": str(use), "target": target}
        for number, (_, target, code, system, use) in enumerate(found)
    ]
    schema = pa.schema(
        [("concept", pa.int64()), *((name, pa.string()) for name in ("system", "code", "use", "target"))]
    )
    return _table(engine, "concepts", rows, schema)


def _measure(engine: Engine, linked: ir.Table, components: ir.Table, concepts: ir.Table) -> ir.Table:
    unit_rows = [
        {"field": unit.field, "unit": unit.unit, "subtract": unit.subtract, "multiply": unit.multiply}
        for unit in units()
    ]
    limit_rows = [{"field": name, "low": limits.low, "high": limits.high} for name, limits in RANGES.items()]
    text, number = pa.string(), pa.float64()
    known = _table(
        engine,
        "units",
        unit_rows,
        pa.schema([("field", text), ("unit", text), ("subtract", number), ("multiply", number)]),
    )
    limits = _table(engine, "limits", limit_rows, pa.schema([("field", text), ("low", number), ("high", number)]))
    values = r.read_values(linked, components, concepts)
    return engine.store("readings", r.choose_readings(r.judge_readings(values, known, limits)))


def _listen(engine: Engine, linked: ir.Table) -> ir.Table:
    codings = engine.store("answer_codings", r.answer_codings(linked))
    meanings = {(answer.system, answer.code): answer.meaning for answer in answers()}
    rows = [
        {"system": system, "code": code, "meaning": meaning}
        for system, code in _distinct(engine, codings)
        if system is not None
        and code is not None
        and (meaning := meanings.get((canonical_system(system), code))) is not None
    ]
    known = _table(engine, "answers", rows, pa.schema([(name, pa.string()) for name in ("system", "code", "meaning")]))
    return engine.store("statements", r.judge_statements(r.statements(linked, codings, known)))


def _diagnose(engine: Engine, conditions: ir.Table, by_id: ir.Table, terms: Terms) -> tuple[ir.Table, ir.Table | None]:
    codings = engine.store("condition_codings", r.diagnosis_codes(conditions))
    usable = engine.store(
        "usable", r.usable_conditions(conditions, codings, _diagnosis_systems(engine, codings, terms))
    )
    diagnoses = engine.store("diagnoses", r.diagnoses(usable, by_id))
    links = r.condition_links(usable, by_id, diagnoses)
    has_conditions = _count(engine, conditions) > 0
    comorbidity = engine.store("comorbidity", r.comorbidities(links)) if has_conditions else None
    return diagnoses, comorbidity


def _diagnosis_systems(engine: Engine, codings: ir.Table, terms: Terms) -> ir.Table:
    rows = []
    for system, code in _distinct(engine, codings):
        if code is None:
            continue
        canonical = canonical_system(system or "")
        is_label = canonical in DIAGNOSIS_SYSTEMS and code_may_pass(canonical, code)
        named = disease_id(canonical, code) if is_label else None
        rows.append(
            {
                "system": system,
                "code": code,
                "rank": DIAGNOSIS_SYSTEMS.index(canonical) if is_label else len(DIAGNOSIS_SYSTEMS),
                "diagnosis_system": canonical if is_label else None,
                "diagnosis_code": code if is_label else None,
                "is_rare": None if named is None else terms.is_rare(named),
            }
        )
    text = pa.string()
    schema = pa.schema(
        [
            ("system", text), ("code", text), ("rank", pa.int64()), ("diagnosis_system", text),
            ("diagnosis_code", text), ("is_rare", pa.bool_()),
        ]
    )  # fmt: skip
    return _table(engine, "diagnosis_systems", rows, schema)


def _carried(outcomes: ir.Table, diagnoses: ir.Table) -> ir.Table:
    """How many records besides the Encounter each visit stands for: its Observations and its diagnosis."""
    own = outcomes.filter(outcomes.outcome == "carried").select("visit_file", "visit_line")
    records = own.union(diagnoses.select("visit_file", "visit_line"))
    return records.group_by("visit_file", "visit_line").agg(carried=records.count())


def _unmapped(engine: Engine, linked: ir.Table, observations: ir.Table) -> tuple[UnmappedCode, ...]:
    """The most frequent codes of Observations that are not used, under names that may be shown."""
    idle = linked.filter(linked.reason == "code not used").select(at_file="file", at_line="line")
    codings = r.codings_of(observations)
    left = codings.semi_join(idle, [codings.file == idle.at_file, codings.line == idle.at_line])
    counted = left.group_by("system", "code").agg(count=left.count())
    frequent = engine.fetch(counted.order_by([ibis.desc("count"), "system", "code"]).limit(_MOST_UNMAPPED))
    return tuple(UnmappedCode(*_shown(row["system"], row["code"]), row["count"]) for row in frequent.to_pylist())


def _shown(system: str | None, code: str | None) -> tuple[str, str]:
    """A code that has the form of its public system is no secret; anything else may hold a name and stays unnamed."""
    canonical = canonical_system(system or "")
    if code is None or canonical not in KNOWN_SYSTEMS:
        return _LOCAL, "-"
    has_form = _LOINC_CODE.fullmatch(code) if canonical == LOINC else code_may_pass(canonical, code)
    return canonical, code if has_form else "-"


def _distinct(engine: Engine, codings: ir.Table) -> Iterator[tuple[str | None, str | None]]:
    for batch in engine.batches(codings.select("system", "code").distinct(), _CODE_ROWS):
        yield from zip(batch["system"].to_pylist(), batch["code"].to_pylist(), strict=True)


def _table(engine: Engine, name: str, rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> ir.Table:
    engine.create(name, schema)
    engine.append(name, pa.Table.from_pylist(list(rows), schema=schema))
    return engine.table(name)


def _count(engine: Engine, table: ir.Table) -> int:
    return int(engine.fetch(table.aggregate(n=table.count()))["n"][0].as_py())
