"""`raretriage differential`: which rare diseases fit, and why."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import out, table, write_json
from raretriage.cli.exits import InputError
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.differential import LEADING, SEXES, Explainer, Onset, Patient, next_questions
from raretriage.domain import Sex
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.differential import Explained

app = typer.Typer(help="The ranking of rare diseases.", no_args_is_help=True)


@app.command(epilog="Example: raretriage differential build")
def build() -> None:
    """Derive the ranking from the knowledge: candidates, levels, and the learnt part as ONNX."""
    work = Workspace(Settings())
    work.build_differential()
    candidates = len(work.ranker.arrays.candidates)
    out.print(f"{candidates:,} diseases from {work.knowledge.version}, beside {work.settings.knowledge_file}")


@app.command(epilog="Example: raretriage differential rank HP:0001250 HP:0000252 --excluded HP:0001945 --age 3")
def rank(
    observed: Annotated[list[str], typer.Argument(metavar="HPO_ID...", help="Findings that the patient has.")],
    excluded: Annotated[list[str] | None, typer.Option(help="A finding that was looked for and is not there.")] = None,
    age: Annotated[float | None, typer.Option(min=0, max=120, help="Age in years.")] = None,
    onset: Annotated[
        str | None, typer.Option(help=f"Period of life in which it began: {', '.join(x.name.lower() for x in Onset)}.")
    ] = None,
    sex: Annotated[str | None, typer.Option(help="female or male.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many diseases to show.")] = 5,
    prevalence_weight: Annotated[
        float,
        typer.Option(min=0, max=1, help="How much it counts that a disease is more common; 1 as Bayes' rule says."),
    ] = 0.0,
    without_prior: Annotated[
        bool, typer.Option("--without-prior", help="Let only the patient count, not how well known a disease is.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Rank all diseases for these findings and say what each finding weighs. Triage, not diagnosis."""
    work = Workspace(Settings())
    knowledge, ranker = work.knowledge, work.ranker
    told = {
        status: tuple(knowledge.resolve(t) for t in given)
        for status, given in (("observed", observed), ("excluded", excluded or []))
    }
    if strange := next((t for given in told.values() for t in given if not knowledge.is_finding(t)), None):
        raise InputError(f"{strange} ({knowledge.label(strange)}) is no clinical finding")
    patient = Patient(told["observed"], told["excluded"], age_years=age, onset=_onset(onset), sex=_sex(sex))
    ranking = ranker.rank(patient, with_prior=not without_prior, prevalence_weight=prevalence_weight)
    explainer = Explainer(ranker, knowledge)
    found = explainer.explain(patient, ranking, ranking.top(limit))
    for disease in found:
        _show(disease, work)
    questions = next_questions(patient, ranking, explainer, leading=ranking.top(LEADING))
    table(
        "What to ask next",
        ["finding", "", "bits", "a yes speaks for"],
        [
            [knowledge.label(q.hpo_id), q.hpo_id, f"{q.information_gain:.2f}", knowledge.disease_name(q.speaks_for)]
            for q in questions
        ],
    )
    write_json(json_file, {"diseases": [asdict(d) for d in found], "questions": [asdict(q) for q in questions]})


@app.command(epilog="Example: raretriage differential speed --json speed.json")
def speed(json_file: JsonFile = None) -> None:
    """Time and memory of ranking, explaining and searching terms, on this machine."""
    from raretriage.differential.speed import measure
    from raretriage.knowledge import LANGUAGES, TermIndex, wordings

    work = Workspace(Settings())
    files, knowledge = work.differential_files, work.knowledge
    found = measure(files.arrays, files.graph, knowledge)
    index = TermIndex(knowledge)
    texts = [w.text for language in LANGUAGES for w in wordings(language)][::5]
    asked = [query for text in texts for query in (text, text[: len(text) // 2 + 1], text[1:])]
    index.search("fiebre")
    taken = []
    for query in asked:
        start = time.perf_counter()
        index.search(query)
        taken.append(1_000 * (time.perf_counter() - start))
    taken.sort()
    search = {"p50": taken[len(taken) // 2], "p99": taken[int(0.99 * len(taken))]}
    rows = [
        [f"score all {found.candidates:,} diseases, 10 findings", found.score.p50, found.score.p99],
        ["score, explain ten, next questions", found.explained.p50, found.explained.p99],
        [f"search a term ({len(asked):,} queries: whole, half, first letter lost)", search["p50"], search["p99"]],
    ]
    table("Milliseconds", ["what", "p50", "p99"], [[what, f"{p50:.2f}", f"{p99:.2f}"] for what, p50, p99 in rows])
    out.print(
        f"load {found.load_ms:.0f} ms; {found.megabytes:.0f} MB in memory; times hold for this machine and moment"
    )
    write_json(json_file, {**asdict(found), "search": search, "queries": len(asked)})


def _onset(name: str | None) -> Onset | None:
    if name is not None and name.upper() not in Onset.__members__:
        raise typer.BadParameter(f"{name!r} is no period of life", param_hint="--onset")
    return None if name is None else Onset[name.upper()]


def _sex(name: str | None) -> Sex | None:
    if name is not None and name not in SEXES:
        raise typer.BadParameter(f"{name!r} is neither female nor male", param_hint="--sex")
    return None if name is None else Sex(name)


def _show(disease: "Explained", work: Workspace) -> None:
    names = ", ".join(dict.fromkeys([*disease.entries, *disease.umbrellas]))
    title = f"{disease.place}. {disease.name} ({names}): score {disease.score:.2f}, posterior {disease.posterior:.1%}"
    label = work.knowledge.label
    rows = [
        [
            label(e.hpo_id),
            f"{e.log_likelihood_ratio:+.2f}",
            e.met.relation.value,
            label(e.met.hpo_id) if e.met.hpo_id else "",
            label(e.met.frequency) if work.knowledge.find(e.met.frequency) else e.met.frequency,
            e.met.reference,
        ]
        for e in disease.evidence
    ]
    others = {
        "onset or age": disease.onset,
        "sex": disease.sex,
        "how well known": disease.prior,
        "how common": disease.prevalence,
    }
    rows += [[what, f"{weight:+.2f}"] for what, weight in others.items() if weight]
    rows += [
        [f"not there: {label(t)}", "not scored", met.relation.value, label(met.hpo_id or t)]
        for t, met in disease.excluded
    ]
    table(
        title,
        ["finding", "nats", "the disease's finding is", "", "frequency", "source"],
        [[*r, *[""] * (6 - len(r))] for r in rows],
    )
