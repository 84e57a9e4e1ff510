"""Which region a patient lives in: the first-level area of a country from a vetted table, or nothing.

HIPAA Safe Harbor lets pass no area smaller than a state, and of a postcode three digits where more than 20,000
people live there: 45 CFR 164.514(b)(2)(i)(B). We keep less: no digit at all. A postcode is read only in Colombia and
Spain, where its first two digits name the department or province; the province becomes its autonomous community.
A name that is not in `regions.csv` (ISO 3166-2 codes, local and English names) becomes None: a street, a
neighbourhood or a person's name in the wrong field does not pass. Without a country no name is read either, only a
whole ISO code: there is a Georgia, a Córdoba and an Amazonas in more countries than the table holds.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_COUNTRIES: Mapping[str, str] = {
    "us": "US", "usa": "US", "united states": "US", "united states of america": "US", "estados unidos": "US",
    "co": "CO", "col": "CO", "colombia": "CO", "republica de colombia": "CO",
    "es": "ES", "esp": "ES", "spain": "ES", "espana": "ES",
}  # fmt: skip

# Digits of a whole postcode, of which the first two are looked up. US: none, see above.
_POSTCODE_DIGITS = {"CO": 6, "ES": 5}

_GENERIC = re.compile(
    r"^(?:departamento|provincia|comunidad autonoma|comunidad foral|comunidad|principado|region|ciudad autonoma"
    r"|state|commonwealth|province)(?: de la| del| de| of)? "
)


@dataclass(frozen=True, slots=True)
class _Table:
    by_country: Mapping[tuple[str, str], str]
    """(country, folded name or code) to region; with "" for the country, whole ISO codes only."""
    by_postcode: Mapping[tuple[str, str], str]
    """(country, first two digits) to region."""


def region_of(*, postcode: str | None, admin_area: str | None, country: str | None) -> str | None:
    """The ISO 3166-2 code of the area, the country's code where only that is known, or None.

    >>> region_of(postcode="02118", admin_area="Massachusetts", country="US")
    'US-MA'
    >>> region_of(postcode="28013", admin_area=None, country="España")
    'ES-MD'
    >>> region_of(postcode=None, admin_area="Calle Mayor 3", country=None) is None
    True
    """
    table = _table()
    area = _fold(admin_area)
    nation = _COUNTRIES.get(_fold(country))
    if nation is None:
        return None if _fold(country) else table.by_country.get(("", area))
    digits = re.sub(r"\s", "", postcode or "")
    whole = digits.isascii() and digits.isdigit() and len(digits) == _POSTCODE_DIGITS.get(nation)
    return (
        table.by_country.get((nation, area))
        or (table.by_postcode.get((nation, digits[:2])) if whole else None)
        or nation
    )


@cache
def _table() -> _Table:
    by_country: dict[tuple[str, str], str] = {}
    by_postcode: dict[tuple[str, str], str] = {}
    text = files("raretriage.privacy").joinpath("regions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        region = row["region"]
        nation, short = region.split("-")
        names = {_fold(name) for name in (row["name"], *filter(None, row["aliases"].split("|")))}
        for name in (*names, _fold(region), _fold(short)):
            by_country[nation, name] = region
        by_country["", _fold(region)] = region
        for digits in filter(None, row["postcodes"].split("|")):
            by_postcode[nation, digits] = region
    return _Table(by_country, by_postcode)


def _fold(name: str | None) -> str:
    """Lower case, no accents, words apart by one space, without 'Departamento de' and the like."""
    letters = unicodedata.normalize("NFKD", name or "").casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = " ".join(re.findall(r"[a-z0-9]+", plain))
    return _GENERIC.sub("", words) or words
