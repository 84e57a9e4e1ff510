"""What makes a visit urgent by written rule, whatever a model says.

The rules are tables beside these modules, each row with its source; `estimate` stands where none was checked, and the
reason beside it. `vitals.csv` and `news2.csv` judge measurements by age and pregnancy, `findings.csv` observed findings
and what came with them, `wording.toml` the complaint. `docs/red-flags.md` lists them all.
"""

from raretriage.domain.red_flags.alarms import alarms, flags_of, red_flags
from raretriage.domain.red_flags.findings import FindingRule, finding_rules
from raretriage.domain.red_flags.flags import ESTIMATE, Alarm, RedFlag
from raretriage.domain.red_flags.news2 import news2_score
from raretriage.domain.red_flags.tables import AgeBand
from raretriage.domain.red_flags.vitals import VitalRule, vital_rules
from raretriage.domain.red_flags.wording import WordingRule, wording_rules

__all__ = [
    "ESTIMATE",
    "AgeBand",
    "Alarm",
    "FindingRule",
    "RedFlag",
    "VitalRule",
    "WordingRule",
    "alarms",
    "finding_rules",
    "flags_of",
    "news2_score",
    "red_flags",
    "vital_rules",
    "wording_rules",
]
