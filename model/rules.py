"""The deterministic rules: the baseline that every model must beat, and the marked fallback when none can be loaded.

The weights and bounds are the ones that today's users know; they are a convention, not a finding. Only the standard
library is used, so that the rules answer where nothing else can.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

HEALTHY = "NO ENFERMO"
MILD = "ENFERMEDAD LEVE"
ACUTE = "ENFERMEDAD AGUDA"
CHRONIC = "ENFERMEDAD CRÓNICA"

LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"fever": (0, 10), "pain": (0, 10), "days": (0, 36_525), "comorbidity": (0, 5), "age": (0, 120)}
)
"""The range of each input; a value outside is moved to the nearer end."""

DEFAULTS: Mapping[str, float] = MappingProxyType({"fever": 0, "pain": 0, "days": 0, "comorbidity": 0, "age": 40})
"""What stands for an input that is absent, None or NaN."""

LONG_DAYS = 30
"""From here on the duration alone makes a disease chronic, and adds two points."""


def predict_status(features: Mapping[str, float | None]) -> str:
    """The state of a patient by the rules, in the words of the wire.

    The age is accepted because clients send it; the rules do not use it.

    Args:
        features: any of `fever` (0-10), `pain` (0-10), `days` (duration of the symptoms), `comorbidity` (0-5) and
            `age` (years). Other names are ignored.

    Raises:
        TypeError: a value is not a number.

    >>> predict_status({"fever": 6, "pain": 6, "days": 10, "comorbidity": 1})
    'ENFERMEDAD AGUDA'
    """
    days = _clamped(features, "days")
    points = score(features)
    if points < 3 and days < 2:
        return HEALTHY
    if points < 6 and days < 7:
        return MILD
    if points < 9.5 and days < LONG_DAYS:
        return ACUTE
    return CHRONIC


def score(features: Mapping[str, float | None]) -> float:
    """The points behind the state: 0 to 15.5.

    Rounded at the ninth decimal: 0.4 and 0.1 have no exact binary form, and a patient who stands exactly on a bound
    must fall on the side that the rule says.

    >>> score({"fever": 5, "pain": 1, "days": 1})
    3.0
    """
    days = _clamped(features, "days")
    points = (
        0.5 * _clamped(features, "fever")
        + 0.4 * _clamped(features, "pain")
        + 0.1 * min(days, LONG_DAYS)
        + 0.3 * _clamped(features, "comorbidity")
        + (2 if days >= LONG_DAYS else 0)
    )
    return round(points, 9)


def _clamped(features: Mapping[str, float | None], name: str) -> float:
    value = features.get(name)
    if value is None:
        return DEFAULTS[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if math.isnan(value):
        return DEFAULTS[name]
    low, high = LIMITS[name]
    return min(max(value, low), high)
