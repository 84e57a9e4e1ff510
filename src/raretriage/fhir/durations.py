"""ISO 8601 durations as ages."""

import re

DAYS_PER_YEAR = 365.25
_DAYS_PER_MONTH = DAYS_PER_YEAR / 12

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d+(?:\.\d+)?)Y)?(?:(?P<months>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def find_days(duration: str) -> float | None:
    """The length in days (a month is 30.4375 days), or None when it is no ISO 8601 duration.

    >>> find_days("P1Y6M"), find_days("P3W"), find_days("6 months")
    (547.875, 21.0, None)
    """
    match = _DURATION.fullmatch(duration)
    if match is None:
        return None
    part = {name: float(value or 0) for name, value in match.groupdict().items()}
    return (
        part["years"] * DAYS_PER_YEAR
        + part["months"] * _DAYS_PER_MONTH
        + part["weeks"] * 7
        + part["days"]
        + part["hours"] / 24
        + part["minutes"] / 1440
        + part["seconds"] / 86_400
    )


def age_in_years(duration: str) -> float | None:
    """Completed years from 2 on; below that, completed months as a fraction: the project's rule for every age.

    >>> age_in_years("P34Y5M"), age_in_years("P6M"), age_in_years("P40D"), age_in_years("P23M")
    (34.0, 0.5, 0.08333333333333333, 1.9166666666666667)
    """
    days = find_days(duration)
    if days is None:
        return None
    months = int(days / _DAYS_PER_MONTH + 1e-9)
    return float(months // 12) if months >= 24 else months / 12
