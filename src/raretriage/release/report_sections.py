"""The report as a document: what a reviewer asks, in the order in which it is asked."""

from collections.abc import Callable, Iterator

from raretriage.release import report_tables as tables
from raretriage.release import report_words as words
from raretriage.release.document import Block, Bullets, Document, Notice, Section, Text
from raretriage.release.facts import RunFacts
from raretriage.release.report_pictures import OTHER, pictures


def report_document(facts: RunFacts) -> Document:
    """Every figure of the manifest once, in a table."""
    made = ((name, title, tuple(_blocks(facts, name, write))) for name, title, write in _SECTIONS)
    return Document(
        title=f"{facts.manifest.name}: report of version {facts.manifest.version}",
        lead=f"{words.whose(facts)} Triage and prioritisation, not diagnosis; a clinician decides.",
        stamp=facts.stamp,
        created=facts.manifest.created,
        sections=tuple(Section(name, title, blocks) for name, title, blocks in made if blocks),
    )


def _blocks(facts: RunFacts, name: str, write: Callable[[RunFacts], Iterator[Block]]) -> Iterator[Block]:
    """A section's own words, then the table that the run gave under its name, then its pictures."""
    yield from write(facts)
    if name in facts.tables:
        yield facts.tables[name]
    yield from pictures(facts, name)


def _gate(facts: RunFacts) -> Iterator[Block]:
    if not facts.gate:
        yield Notice("The gate was not run on this version.")
        return
    yield Bullets(tuple(words.verdicts(facts.gate)))
    yield tables.gate_table(facts.gate)


def _use(facts: RunFacts) -> Iterator[Block]:
    yield Text(" ".join(words.INTENDED_USE))
    yield Bullets(words.NOT_FOR_USE)
    yield Bullets(words.provenance(facts))


def _certificate(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(tuple(words.promises(facts)))
    yield tables.certificate_table(facts)
    if price := tables.price_table(facts):
        yield price


def _figures(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.measures(facts))
    if temporal := tables.temporal_table(facts):
        yield temporal
    else:
        yield Notice("The temporal test was not measured.")
    yield from tables.other_split_tables(facts)


def _decision(facts: RunFacts) -> Iterator[Block]:
    if "decision_curve_rare.png" in facts.plots:
        yield Text("Is acting on the probability worth more than evaluating all, or nobody? Higher is better.")


def _subgroups(facts: RunFacts) -> Iterator[Block]:
    made = list(tables.subgroup_tables(facts))
    yield Text(
        "A group with few rare patients has a wide interval: that is not equality. Groups are not adjusted for each "
        "other."
        if made
        else "No subgroup was measured in this run."
    )
    yield from made


def _unsure(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.output(facts))


def _helpful(facts: RunFacts) -> Iterator[Block]:
    if "helpful" in facts.tables:
        yield Text(words.HELPFUL)


def _candidates(facts: RunFacts) -> Iterator[Block]:
    yield Text(
        "Chosen by a written rule, for each head apart: the best mean over the folds, or a simpler candidate within "
        "one "
        "standard error of it."
    )
    yield tables.candidates_table(facts)


def _imbalance(facts: RunFacts) -> Iterator[Block]:
    yield Text(_imbalance_words(facts))


def _imbalance_words(facts: RunFacts) -> str:
    share = facts.metric("prevalence_rare", tables.TEMPORAL)
    drawn = " The share of rare in the temporal test stands in its table." if share else ""
    compared = "" if "imbalance" in facts.tables else " This run holds no table that compares methods."
    return (
        "No test part is rebalanced; the alert threshold comes from the certificate, not from 0.5." + drawn + compared
    )


def _bridge(facts: RunFacts) -> Iterator[Block]:
    yield Text(words.bridge_words(facts))
    if bridge := tables.bridge_table(facts):
        yield bridge


def _explanation(facts: RunFacts) -> Iterator[Block]:
    if "explanation" not in facts.tables:
        yield Text("This run holds no measurement of explanations of single answers.")


def _data(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.splits(facts))
    yield tables.rows_table(facts)
    yield tables.parts_table(facts)
    yield tables.conflicts_table(facts)
    yield Text(words.rare_positives(facts))
    yield Bullets(words.predictors(facts))
    yield Bullets(words.missing_data(facts))
    yield tables.range_table(facts)


def _hazards(facts: RunFacts) -> Iterator[Block]:
    yield tables.hazard_table(facts)


def _limits(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.limits(facts))


def _further(facts: RunFacts) -> Iterator[Block]:
    own = {name for name, _, _ in _SECTIONS}
    yield from (table for name, table in facts.tables.items() if name not in own)


def _files(facts: RunFacts) -> Iterator[Block]:
    yield Text(
        "Published with this version: the ONNX graph with preprocessing inside, the manifest, this report as HTML and "
        "PDF, the model card, the pictures, and the table of candidates. The manifest lists every file with its "
        "SHA-256."
    )
    if (graph := tables.files_table(facts)).rows:
        yield graph


_SECTIONS: tuple[tuple[str, str, Callable[[RunFacts], Iterator[Block]]], ...] = (
    ("gate", "Gate", _gate),
    ("use", "Use", _use),
    ("certificate", "Recall certificate and its price", _certificate),
    ("figures", "Figures by split", _figures),
    ("decision", "Decision curves", _decision),
    ("subgroups", "Subgroups", _subgroups),
    ("unsure", "State sets and NO SEGURO", _unsure),
    ("helpful", "Findings to ask for", _helpful),
    ("candidates", "Candidates", _candidates),
    ("imbalance", "Class imbalance", _imbalance),
    ("bridge", "Bridge set", _bridge),
    ("explanation", "Explanation", _explanation),
    ("data", "Data", _data),
    ("hazards", "Hazards", _hazards),
    ("limits", "Limits", _limits),
    (OTHER, "Further tables and pictures", _further),
    ("files", "Files", _files),
)
"""Id, title, what is in it; the id is also the name under which a run's own table is put there."""
