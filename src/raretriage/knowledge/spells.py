"""For how long has it lasted? The duration of an illness as it is written in a note."""

import re
from functools import cache

from raretriage.knowledge.cues import cue_table
from raretriage.knowledge.words import fold

_AGE = re.compile(
    r"""
    \b(?:de|con)?[ ]?\d+[ ]?(?:anos?|a|meses|m|dias|d|semanas)[ ](?:de[ ]edad|de[ ]vida)\b
    |\b(?:nin[oa]|varon|mujer|hombre|paciente|pcte|bebe|lactante|rn|masc|fem|hij[oa]|joven)\b[^,.;]{0,12}?
        \bde[ ](?:\d+|un[oa]?)[ ](?:anos?|a|meses|semanas|dias)\b
    |\b\d+[- ]?(?:year|yr|month|mo|week|day)s?[- ]old\b
    |\b\d+[ ]?(?:yo|y/o|m/o)\b
    |\b(?:a|hasta|desde|a[ ]partir[ ]de)[ ](?:los?|las?)[ ]\d+[ ](?:anos?|meses|semanas|dias)\b
    |\b(?:from|at|age|aged|until|since)[ ](?:age[ ])?\d+[ ]?(?:years?|months?|weeks?)?[ ]of[ ]age\b
    |\bage[ ]\d+\b
    |\bsince[ ](?:he|she)[ ]was[ ]\d+\b
    |^\d+[ ](?:meses|months|anos|years|weeks|semanas)\b
    """,
    re.VERBOSE,
)
"""An age is no duration."""
_NOT_ONGOING = re.compile(
    r"""
    \b(?:cada|c/|q|every)[ ]?\d+[ ]?(?:h|hr|hrs|hours|horas|dias|days|semanas|weeks)\b
    |\b(?:en|in|dentro[ ]de|within)[ ]\d+[ ](?:semanas?|dias?|meses|weeks?|days?|months?)\b
    |\b\d+[ ]?(?:min|minutos|minutes|segundos|seconds)\b
    |\bayuno[ ]de[ ]\d+[ ]?h\w*
    |\bmas[ ]de[ ]\d+[ ]\w+
    |\b(?:more[ ]than|over)[ ]\d+[ ]min\w*
    |\b\d+[ ](?:minutos|horas|dias)[ ]de[ ]duracion\b
    |\b\d+(?:[ ]pack)?[- ]?years?[ ](?:smoker|pack)
    |\bpack[- ]years?\b
    """,
    re.VERBOSE,
)
"""A dose, a follow-up, the length of one episode."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    table = cue_table()
    unit = "|".join(sorted(table["days"], key=len, reverse=True))
    number = r"\d+(?:[.,]\d+)?|" + "|".join(sorted(table["numbers"], key=len, reverse=True))
    amount = rf"(?P<n>{number}) ?(?P<u>{unit})\b"
    return (
        re.compile(rf"\b(?:desde )?hace (?:como |unos |unas |mas de |aprox\.? )?{amount}"),
        re.compile(rf"\b(?:lleva|llevo|llevan|van|ya van|desde hace) (?:como |unos |unas |ya )?{amount}"),
        re.compile(
            rf"\b(?:for|over|x|past|last|these|of) ?(?:the )?(?:past |last |about |the last |the past )?{amount}"
        ),
        re.compile(rf"\b{amount} (?:de evol\w*|de historia|history|hx|ago|now|duration|of)"),
        re.compile(rf"\b(?P<n>{number})[- ](?P<u>{unit})s?[- ](?:history|hx|duration)"),
        re.compile(rf"\b(?:de|durante|now|with|con) {amount}"),
        re.compile(rf"(?:^|[,;.] ?){amount}(?=[,;.]|$)"),
    )


_FRACTION = re.compile(r"\b(?P<n>\d+)/(?P<of>7|52|12)\b")
_FRACTION_DAYS = {"7": 1.0, "52": 7.0, "12": 30.0}
"""British notes: 3/7 is three days, 2/52 two weeks, 2/12 two months."""


def find_duration_days(text: str) -> float | None:
    """Days since the illness began, None where none is written. A week is 7 days, a month 30, a year 365; hours are 0.

    >>> find_duration_days("niño de 3 años con tos desde hace 2 semanas"), find_duration_days("seizures for five days")
    (14.0, 5.0)
    >>> find_duration_days("control en 2 semanas")
    """
    folded = fold(text)
    plain = _NOT_ONGOING.sub(lambda m: " " * len(m[0]), _AGE.sub(lambda m: " " * len(m[0]), folded))
    table = cue_table()
    for pattern in _patterns():
        if (found := pattern.search(plain)) is not None:
            number = table["numbers"].get(found["n"])
            amount = float(found["n"].replace(",", ".")) if number is None else float(number)
            return amount * float(table["days"][found["u"]])
    if (fraction := _FRACTION.search(plain)) is not None:
        return int(fraction["n"]) * _FRACTION_DAYS[fraction["of"]]
    moments = [(plain.find(m), -len(m), m) for m in table["moments"] if re.search(rf"\b{m}\b", plain)]
    return float(table["moments"][min(moments)[2]]) if moments else None
