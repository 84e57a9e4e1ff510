"""What every reader of a source shares: the engine it fills, and the faults, counts and digests it keeps."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from raretriage.ingest.engine import Engine
from raretriage.ingest.lines import BadLine, unpacked
from raretriage.ingest.problems import PROBLEMS, Problems
from raretriage.ingest.source import Part
from raretriage.ingest.tally import UNREADABLE, Tally
from raretriage.privacy import Keyring, safe_source

_log = logging.getLogger(__name__)

MAX_DOCUMENT_BYTES = 512 << 20
"""A JSON document is held in memory whole. Larger exports come as NDJSON."""

Progress = Callable[[int], object]


@dataclass(slots=True)
class Reading:
    """The state of reading one source. `files` and `contents` (SHA-256 of the bytes) are by file number."""

    engine: Engine
    keyring: Keyring
    progress: Progress
    tally: Tally = field(default_factory=Tally)
    problems: Problems = field(default_factory=Problems.none)
    files: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)

    def begin(self, part: Part) -> int:
        """Number the next file."""
        self.files.append(safe_source(part.file.name, self.keyring))
        self.contents.append("")
        return len(self.files) - 1

    def text(self, part: Part, number: int) -> Iterator[bytes]:
        """The file's bytes, unpacked; when they end, its digest is known. Read them to the end."""
        digest = hashlib.sha256()

        def seen() -> Iterator[bytes]:
            for piece in part.file.pieces():
                digest.update(piece)
                yield piece

        yield from unpacked(seen(), name=self.files[number])
        self.contents[number] = digest.hexdigest()
        _log.info("ingest.file_read", extra={"file": self.files[number], "records": sum(self.tally.read.values())})

    def document(self, part: Part, number: int) -> bytes | None:
        """The whole file, or None where it is too large (which is noted)."""
        content = bytearray()
        for piece in self.text(part, number):
            if len(content) <= MAX_DOCUMENT_BYTES:
                content += piece
        if len(content) <= MAX_DOCUMENT_BYTES:
            return bytes(content)
        self.refuse(number, BadLine(1, "document_too_large", b""))
        return None

    def refuse(self, number: int, line: BadLine) -> None:
        """A record that cannot be read: only its keyed digest is kept."""
        self.tally.read[UNREADABLE] += 1
        self.problems.add((number, line.number), line.rule, value=self.keyring.digest(line.content))

    def done(self, records: int) -> None:
        """Report progress, and hand the faults found so far to the engine."""
        self.progress(records)
        if self.problems.rows:
            self.engine.append("problems", self.problems.table())
            self.problems = Problems.none()

    def prepare(self) -> None:
        """Create the tables that every source fills."""
        self.engine.create("problems", PROBLEMS)
