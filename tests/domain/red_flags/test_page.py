import re

from raretriage.domain import ESTIMATE, RedFlag
from raretriage.domain.red_flags import finding_rules, vital_rules, wording_rules
from tests.domain.red_flags.page import PAGE, with_tables

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_lists_the_rules_as_they_are() -> None:
    assert with_tables(TEXT) == TEXT, "run: python -m tests.domain.red_flags.page"
    assert TEXT.count("| HP:") == len(finding_rules())


def test_every_flag_is_on_the_page() -> None:
    assert [flag for flag in RedFlag if f"`{flag}`" not in TEXT] == []


def test_every_source_is_written_out_in_full() -> None:
    used = {rule.source for rule in (*vital_rules().values(), *finding_rules(), *wording_rules())} - {ESTIMATE}
    documents = {re.sub(r" table \d$", "", source) for source in used}
    sources = TEXT.partition("## Sources")[2]
    assert [one for one in sorted(documents) if f"- **{one}**" not in sources] == []
    written = set(re.findall(r"^- \*\*(.+?)\*\*", sources, re.MULTILINE))
    assert written == documents, "a source that no rule uses"
