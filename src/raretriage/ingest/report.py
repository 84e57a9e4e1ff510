"""What became of every input record. The sum must be exact, or the ingest failed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from raretriage.ingest.errors import AccountingError


@dataclass(frozen=True, slots=True)
class UnmappedCode:
    """A code that no table of ours knows, and how often it came."""

    system: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of input records: NDJSON lines, Bundle entries, CSV rows or phenopackets. Holds no raw id and no name.

    Raises `AccountingError` when read is not accepted + quarantined + duplicate + unused.
    """

    kind: str
    at: str
    """When it was run: UTC, ISO 8601."""
    key_id: str
    read: int
    accepted: int
    """Their content is in the lake now."""
    quarantined: int
    duplicate: int
    """The same resource came before, in this export or in an earlier one."""
    unused: int
    by_type: Mapping[str, Mapping[str, int]]
    """Resource type -> outcome -> count."""
    unused_reasons: Mapping[str, int]
    quarantine_rules: Mapping[str, int]
    """Rule -> rows in quarantine; a record can break several."""
    encounters: Mapping[str, int]
    """Encounter rows by outcome: accepted, duplicate, quarantined."""
    unmapped_codes: tuple[UnmappedCode, ...]
    unread_columns: int
    """Columns of a CSV file that are not on the list and did not pass."""
    sites: int
    regions: Mapping[str, int]
    files: int
    ignored_files: int
    lake_version: int | None
    """The version that the encounters landed in; None when there was nothing new."""

    def __post_init__(self) -> None:
        total = self.accepted + self.quarantined + self.duplicate + self.unused
        if self.read != total:
            raise AccountingError(
                f"read {self.read:,} records but accounted for {total:,}: accepted {self.accepted:,} + quarantined "
                f"{self.quarantined:,} + duplicate {self.duplicate:,} + unused {self.unused:,}. Nothing has landed; "
                "this is a fault of raretriage, please report it with the source's kind"
            )

    def landed_as(self, version: int | None) -> Self:
        """The same report, after landing."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return type(self)(**{**fields, "lake_version": version})

    def as_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)

    def text(self) -> str:
        """For a terminal."""
        lines = [
            f"read {self.read:,} = accepted {self.accepted:,} + quarantined {self.quarantined:,} "
            f"+ duplicate {self.duplicate:,} + unused {self.unused:,}",
            "encounters: " + (", ".join(f"{name} {count:,}" for name, count in self.encounters.items()) or "none"),
        ]
        lines += _listed("unused", self.unused_reasons)
        lines += _listed("quarantine", self.quarantine_rules)
        if self.unmapped_codes:
            lines.append("most frequent codes without a meaning here:")
            lines += [f"  {code.count:>9,}  {code.system}|{code.code}" for code in self.unmapped_codes[:10]]
        if self.ignored_files:
            lines.append(f"files of no kind that is read: {self.ignored_files}")
        lines.append("lake: nothing new" if self.lake_version is None else f"lake version {self.lake_version}")
        return "\n".join(lines)


def _listed(title: str, counts: Mapping[str, int]) -> list[str]:
    return [f"{title}:", *(f"  {count:>9,}  {name}" for name, count in counts.items())] if counts else []
