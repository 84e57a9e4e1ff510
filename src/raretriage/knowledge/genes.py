"""Which genes are known to cause a disease? Rows of HPO's genes_to_phenotype.txt.

Two entries that share a gene describe the same illness or its near kin, even where their names say nothing of it.
"""

import csv

from raretriage.knowledge.errors import MalformedSource

COLUMNS = ("ncbi_gene_id", "gene_symbol", "hpo_id", "hpo_name", "frequency", "disease_id")


def parse_genes(content: bytes) -> dict[str, tuple[str, ...]]:
    """Disease id -> the symbols of its genes, sorted.

    Args:
        content: genes_to_phenotype.txt: tab-separated UTF-8, a row for each gene, finding and disease.

    Raises:
        MalformedSource: not UTF-8, other columns, or a row with another number of fields (line named).
    """
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise MalformedSource(f"genes_to_phenotype.txt: byte {error.start} is not UTF-8") from error
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if tuple(next(rows, ())) != COLUMNS:
        raise MalformedSource(f"genes_to_phenotype.txt, line 1: expected the columns {', '.join(COLUMNS)}")
    genes: dict[str, set[str]] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) != len(COLUMNS):
            raise MalformedSource(f"genes_to_phenotype.txt, line {number}: {len(row)} fields, expected {len(COLUMNS)}")
        genes.setdefault(row[5], set()).add(row[1])
    return {disease: tuple(sorted(symbols)) for disease, symbols in genes.items()}
