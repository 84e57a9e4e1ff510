"""Made-up tables in Orphanet's format: a test writes only the rows that matter."""

from collections.abc import Iterable

from raretriage.knowledge.orphanet import COLUMNS, Orphanet, parse_orphanet

Row = tuple[object, ...]


def files(
    disorders: Iterable[Row] = (), prevalence: Iterable[Row] = (), omim: Iterable[Row] = (), parents: Iterable[Row] = ()
) -> dict[str, bytes]:
    """The four files.

    Args:
        disorders: number and type, then, where it matters, label and onset.
        prevalence: number, type, class and geography, then, where it matters, mean and qualification.
        omim: number, OMIM number, relation.
        parents: child, parent.
    """
    rows = {
        "disorders.tsv": [_disorder(*row) for row in disorders],
        "prevalence.tsv": [_prevalence(*row) for row in prevalence],
        "omim.tsv": [tuple(map(str, row)) for row in omim],
        "parents.tsv": [tuple(map(str, row)) for row in parents],
    }
    return {
        name: ("\n".join("\t".join(row) for row in [columns, *rows[name]]) + "\n").encode()
        for name, columns in COLUMNS.items()
    }


def tables(
    disorders: Iterable[Row] = (), prevalence: Iterable[Row] = (), omim: Iterable[Row] = (), parents: Iterable[Row] = ()
) -> Orphanet:
    """As `files`, parsed."""
    return parse_orphanet(files(disorders, prevalence, omim, parents), release="2030-01")


def _disorder(number: object, kind: object = "Disease", label: object = "", onset: object = "") -> tuple[str, ...]:
    return str(number), str(label or f"Disorder {number}"), str(kind), str(onset), "", "", ""


def _prevalence(
    number: object,
    kind: object,
    class_name: object,
    geography: object,
    mean: object = "no data",
    qualification: object = "Value and class",
) -> tuple[str, ...]:
    return str(number), str(kind), str(qualification), str(class_name), str(mean), str(geography), "made up"
