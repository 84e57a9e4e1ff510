"""A made-up ontology and made-up diseases, small enough to reckon by hand."""

from raretriage.knowledge import Knowledge, build_knowledge
from raretriage.knowledge.annotations import COLUMNS

TERMS = {
    "HP:0000118": ("Phenotypic abnormality", ""),
    "HP:0000707": ("Abnormality of the nervous system", "HP:0000118"),
    "HP:0001250": ("Seizure", "HP:0000707"),
    "HP:0007359": ("Focal-onset seizure", "HP:0001250"),
    "HP:0002197": ("Generalized-onset seizure", "HP:0001250"),
    "HP:0001251": ("Ataxia", "HP:0000707"),
    "HP:0001626": ("Abnormality of the cardiovascular system", "HP:0000118"),
    "HP:0001638": ("Cardiomyopathy", "HP:0001626"),
    "HP:0001639": ("Hypertrophic cardiomyopathy", "HP:0001638"),
    "HP:0001644": ("Dilated cardiomyopathy", "HP:0001638"),
    "HP:0000478": ("Abnormality of the eye", "HP:0000118"),
    "HP:0000518": ("Cataract", "HP:0000478"),
    "HP:0000639": ("Nystagmus", "HP:0000478"),
}
_OTHERS = {
    "HP:0000005": ("Mode of inheritance", ""),
    "HP:0001419": ("X-linked recessive inheritance", "HP:0000005"),
    "HP:0003593": ("Infantile onset", ""),
    "HP:0003584": ("Late onset", ""),
}

X_LINKED_RECESSIVE = "HP:0001419"

NAMES = {
    "OMIM:1": "Shaking syndrome 1",
    "OMIM:2": "Shaking syndrome 2",
    "OMIM:3": "Heart and eye disease",
    "OMIM:4": "Dim heart disease",
    "OMIM:5": "Unsteady disease",
    "OMIM:6": "Clouded eye disease",
    "ORPHA:10": "Shaking syndrome",
    "ORPHA:30": "Heart and eye disease",
    "ORPHA:40": "Weak heart",
    "ORPHA:70": "Something of its own",
}
GENES = {"OMIM:4": "DIM1", "ORPHA:40": "DIM1", "OMIM:1": "SHK1", "OMIM:2": "SHK2", "ORPHA:10": "SHK1", "OMIM:3": "HEY"}
ROWS = (
    # disease, finding or onset, frequency, reference
    ("OMIM:1", "HP:0007359", "8/10", "PMID:11"),
    ("OMIM:1", "HP:0001251", "5/10", "PMID:11"),
    ("OMIM:1", "HP:0000639", "", "OMIM:1"),
    ("OMIM:1", "HP:0003593", "", "OMIM:1"),
    ("OMIM:2", "HP:0002197", "9/10", "PMID:12"),
    ("OMIM:3", "HP:0001639", "HP:0040281", "PMID:13"),
    ("OMIM:3", "HP:0000518", "HP:0040282", "PMID:13"),
    ("OMIM:3", "HP:0003584", "", "OMIM:3"),
    ("OMIM:4", "HP:0001644", "", "OMIM:4"),
    ("OMIM:5", "HP:0001251", "HP:0040281", "OMIM:5"),
    ("OMIM:6", "HP:0000518", "HP:0040280", "PMID:16;PMID:17"),
    ("ORPHA:10", "HP:0001250", "HP:0040281", "ORPHA:10"),
    ("ORPHA:10", "HP:0001251", "HP:0040282", "ORPHA:10"),
    ("ORPHA:30", "HP:0001638", "HP:0040281", "ORPHA:30"),
    ("ORPHA:30", "HP:0000518", "HP:0040281", "ORPHA:30"),
    ("ORPHA:40", "HP:0001638", "HP:0040281", "ORPHA:40"),
    ("ORPHA:70", "HP:0000639", "HP:0040282", "ORPHA:70"),
    ("ORPHA:70", "HP:0000518", "0/8", "ORPHA:70"),
)


def small_knowledge(rows: tuple[tuple[str, str, str, str], ...] = ROWS) -> Knowledge:
    """Knowledge of these rows, with the names and genes above."""
    return build_knowledge(_obo().encode(), _hpoa(rows).encode(), _genes().encode())


def _obo() -> str:
    stanzas = [
        f"[Term]\nid: {t}\nname: {name}\n" + (f"is_a: {parent}\n" if parent else "")
        for t, (name, parent) in (TERMS | _OTHERS).items()
    ]
    return "format-version: 1.2\ndata-version: hp/releases/2025-01-16\n\n" + "\n".join(stanzas)


def _hpoa(rows: tuple[tuple[str, str, str, str], ...]) -> str:
    lines = [
        "\t".join([disease, NAMES[disease], "", term, reference, "PCS", "", often, "", "", "P", "HPO:x"])
        for disease, term, often, reference in rows
    ]
    return "#version: 2025-01-16\n" + "\t".join(COLUMNS) + "\n" + "\n".join(lines) + "\n"


def _genes() -> str:
    header = "ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id\n"
    return header + "".join(f"1\t{gene}\tHP:0001250\tSeizure\t-\t{disease}\n" for disease, gene in GENES.items())
