"""Numbers as people read them in either language."""

import math

from raretriage.serving.texts import Texts


def percent(share: float, t: Texts) -> str:
    """A probability as people read it; never 0 or 100 where it is not.

    >>> [percent(share, Texts("en")) for share in (0, 0.0004, 0.034, 0.5, 0.9996)]
    ['0 %', '< 0.1 %', '3.4 %', '50 %', '> 99.9 %']
    """
    if 0 < share < 0.001:
        return f"< {number(0.1, t, digits=1)} %"
    if 0.999 < share < 1:
        return f"> {number(99.9, t, digits=1)} %"
    is_fine = 0 < share < 0.1 or 0.9 < share < 1
    return f"{number(100 * share, t, digits=1 if is_fine else 0)} %"


def number(value: float, t: Texts, *, digits: int = 0) -> str:
    """With the thousands and decimal marks of the language.

    >>> number(36525, Texts("es")), number(1.25, Texts("en"), digits=1)
    ('36.525', '1.2')
    """
    text = f"{value:,.{digits}f}"
    if t.language == "es":
        text = text.translate(str.maketrans(",.", ".,"))
    return text


def measured(value: float, t: Texts) -> str:
    """A value as it was given: whole numbers whole, a decimal where it says something, two below 1.

    >>> [measured(value, Texts("en")) for value in (8.0, 38.46, 0.08)]
    ['8', '38.5', '0.08']
    """
    return number(value, t, digits=0 if value.is_integer() else 1 if value >= 1 else 2)


def odds_factor(weight: float, t: Texts) -> str:
    """A weight in log-odds as what it does to the odds.

    >>> [odds_factor(weight, Texts("en")) for weight in (0.0, 0.25, -0.25, 1.0, -3.0)]
    ['×1.00', '×1.28', '÷1.28', '×2.7', '÷20']
    """
    factor = math.exp(min(abs(weight), 20.0))
    return f"{'×' if weight >= 0 else '÷'}{number(factor, t, digits=2 if factor < 2 else 1 if factor < 10 else 0)}"
