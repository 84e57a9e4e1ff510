"""Who are they? Made-up names, addresses, numbers and notes, so that de-identification has real work."""

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib import resources
from random import Random

from raretriage.cohort.spec import Region

_ENGLISH_SHARE = 0.15
"""Patients with an English name, so that scrubbing is tried in both languages. Source: estimate."""


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up identity. Every field of it must be gone after de-identification."""

    id: str
    given: str
    family: str
    national_id: str
    record_number: str
    phone: str
    email: str
    street: str
    postcode: str
    region: Region
    is_english: bool
    relative: str

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.family}"


class Identities:
    """Draws people and notes from the parts in `identities.toml`."""

    def __init__(self) -> None:
        text = resources.files("raretriage.cohort").joinpath("identities.toml").read_text(encoding="utf-8")
        self._parts = tomllib.loads(text)

    def person(self, rng: Random, *, is_male: bool, region: Region) -> Person:
        """A made-up person of that sex who lives in that region."""
        is_english = bool(rng.random() < _ENGLISH_SHARE)
        parts = self._parts["english" if is_english else "spanish"]
        given = _pick(rng, parts["male" if is_male else "female"])
        first, second = _pick(rng, parts["surname"]), _pick(rng, parts["surname"])
        family = first if is_english else f"{first} {second}"
        n = [int(rng.random() * 10**9) for _ in range(6)]
        return Person(
            id=draw_id(rng),
            given=given,
            family=family,
            national_id=str(10_000_000 + n[0] % 1_190_000_000),
            record_number=f"HC-{n[1] % 10_000_000:07d}",
            phone=f"+57 3{n[2] % 100:02d} {n[2] // 100 % 1000:03d} {n[3] % 10_000:04d}",
            email=f"{_ascii(given.split()[0])}.{_ascii(first)}{n[3] % 1000}@correo.example",
            street=f"{_pick(rng, self._parts['address']['street'])} {n[4] % 170 + 1} # {n[5] % 99 + 1}-{n[5] % 97 + 1}",
            postcode=f"{region.postcode_prefix}{n[4] // 170 % 10_000:04d}",
            region=region,
            is_english=is_english,
            relative=f"{_pick(rng, parts['female'])} {second}",
        )

    def complaint(self, rng: Random, person: Person, finding: str, since: date) -> str:
        """The patient's words at the desk, often with a name, a date or a phone number in them."""
        texts = self._parts["complaint"]["english" if person.is_english else "spanish"]
        return self._fill(rng, _pick(rng, texts), person, finding, since)

    def note(self, rng: Random, person: Person, since: date) -> str:
        """A nurse's note with a relative's name and phone number."""
        return self._fill(rng, self._parts["note"]["english" if person.is_english else "spanish"], person, "", since)

    def clinician(self, rng: Random) -> str:
        """The name of somebody on duty."""
        return _pick(rng, self._parts["clinician"]["name"])

    def _fill(self, rng: Random, text: str, person: Person, finding: str, since: date) -> str:
        return text.format(
            name=person.full_name,
            relative=person.relative,
            phone=person.phone,
            clinician=self.clinician(rng),
            finding=finding.lower() or ("discomfort" if person.is_english else "malestar"),
            since=since.strftime("%d/%m/%Y"),
        )


def draw_id(rng: Random) -> str:
    """A version 4 UUID (RFC 9562) from the patient's generator, so that the same seed gives the same ids."""
    text = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) % 4]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def _pick(rng: Random, options: list[str]) -> str:
    return options[int(rng.random() * len(options))]


def _ascii(text: str) -> str:
    table = str.maketrans("áéíóúñüÁÉÍÓÚÑ'", "aeiounuAEIOUN ")
    return text.translate(table).replace(" ", "").lower()
