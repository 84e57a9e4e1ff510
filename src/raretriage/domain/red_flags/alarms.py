"""All rules over one patient."""

from collections.abc import Iterable

from raretriage.domain.encounter import Presentation
from raretriage.domain.red_flags.findings import Ancestors, finding_alarms, itself
from raretriage.domain.red_flags.flags import Alarm, RedFlag
from raretriage.domain.red_flags.news2 import news2_alarms
from raretriage.domain.red_flags.vitals import vital_alarms
from raretriage.domain.red_flags.wording import wording_alarms

_ORDER = {flag: place for place, flag in enumerate(RedFlag)}


def alarms(presentation: Presentation, ancestors: Ancestors = itself) -> tuple[Alarm, ...]:
    """Every rule that applies, in the order of `RedFlag`.

    Args:
        presentation: with the complaint as it was written, if it is to be read.
        ancestors: a finding and all it is a kind of; by default itself alone, as the domain has no ontology.
    """
    found = [
        *vital_alarms(presentation),
        *news2_alarms(presentation),
        *finding_alarms(presentation, ancestors),
        *wording_alarms(presentation.complaint or ""),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda alarm: _ORDER[alarm.flag]))


def flags_of(found: Iterable[Alarm]) -> tuple[RedFlag, ...]:
    """Each flag once, in the order of the alarms."""
    return tuple(dict.fromkeys(alarm.flag for alarm in found))


def red_flags(presentation: Presentation, ancestors: Ancestors = itself) -> tuple[RedFlag, ...]:
    """The urgent signs of this patient. Without an age, adult limits are used: rather one alarm too many.

    >>> red_flags(Presentation(age_years=2, heart_rate=150, complaint="Madre refiere que no respira bien"))
    (<RedFlag.BREATHING: 'breathing'>, <RedFlag.HEART_RATE: 'heart_rate'>)
    """
    return flags_of(alarms(presentation, ancestors))
