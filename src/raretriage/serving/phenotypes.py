"""Findings by what somebody types, and findings in a text: the wire's words for the knowledge's answers."""

from dataclasses import dataclass

from raretriage.knowledge import Extractor, Knowledge, Language, TermIndex, Why
from raretriage.serving.wire import ExtractionOut, FoundTerm, MentionOut, TermsOut


@dataclass(frozen=True, slots=True)
class Phenotypes:
    """Search and reading for one release. Safe for several threads."""

    knowledge: Knowledge
    index: TermIndex
    extractor: Extractor

    @classmethod
    def of(cls, knowledge: Knowledge) -> "Phenotypes":
        """Build both from one release: a second or two for the whole of HPO."""
        return cls(knowledge, TermIndex(knowledge), Extractor(knowledge))

    def named(self, text: str) -> str | None:
        """The id of the finding with this very name, in either language, or with this id; None where there is none."""
        best = next(iter(self.index.search(text, limit=1)), None)
        return best.hpo_id if best is not None and best.why in {Why.ID, Why.EXACT} else None

    def search(self, query: str, *, language: Language, limit: int) -> TermsOut:
        """The findings that may be meant, the likeliest first."""
        return TermsOut(
            matches=tuple(
                FoundTerm(hpo_id=m.hpo_id, label=m.label, language=m.language, matched=m.matched, why=m.why)
                for m in self.index.search(query, language=language, limit=limit)
            ),
            knowledge=self.knowledge.version,
            vocabulary=f"{'HPO translation and ' if self.knowledge.spanish else ''}raretriage lexicon (es), HPO (en)",
        )

    def extract(self, text: str, *, language: Language) -> ExtractionOut:
        """The findings of a text, proposed for confirmation.

        Raises:
            TextTooLong: see `Extractor.extract`.
        """
        found = self.extractor.extract(text)
        return ExtractionOut(
            mentions=tuple(
                MentionOut(
                    hpo_id=m.hpo_id,
                    label=self.index.label(m.hpo_id, language),
                    assertion=m.assertion,
                    start=m.start,
                    end=m.end,
                    text=text[m.start : m.end],
                )
                for m in found.mentions
            ),
            days=found.days,
            knowledge=self.knowledge.version,
        )
