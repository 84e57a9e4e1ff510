"""Who looked at what, and when: one JSON line for every access to lake, warehouse or keys.

The line is on disk before the caller goes on. If it cannot be written, the access must not happen: `AuditFailed`.
"""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from raretriage.privacy.errors import AuditFailed
from raretriage.privacy.files import sync_directory

# Query parameters that say where and how, never who; every other value is hidden.
_HARMLESS = frozenset({"sslmode", "region", "endpoint", "version", "schema", "application_name"})
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>\S*)", re.DOTALL)
_SETTING = re.compile(
    r"(?P<name>\b[\w-]*(?:password|passwd|pwd|secret|token|key|signature|sig|credentials?))\s*=\s*(?:'[^']*'|[^\s&;,'\"]+)",
    re.IGNORECASE,
)
HIDDEN = "***"


class AuditLog:
    """An append-only file of JSON lines, private to its owner (mode 0600)."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, who: str, action: str, target: str, when: datetime, outcome: str) -> None:
        """Append one line and wait until it is on disk.

        Args:
            who: the account that acts.
            action: for example `lake.read`, `warehouse.load`, `keys.rotate`.
            target: path or URL; its credentials are removed here.
            when: an aware time; written in UTC.
            outcome: for example `started`, `done`, `refused`, `failed`.

        Raises:
            ValueError: `when` has no time zone.
            AuditFailed: the line is not durable.
        """
        if when.tzinfo is None:
            raise ValueError("audit: `when` has no time zone; give datetime.now(UTC)")
        entry = {
            "when": when.astimezone(UTC).isoformat(timespec="milliseconds"),
            "who": who,
            "action": action,
            "target": redact_url(target),
            "outcome": redact_url(outcome),
        }
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            self._append(line)
        except OSError as error:
            raise AuditFailed(
                f"the audit line could not be written to {self._path} ({error.strerror}); the access was not made. "
                "Free space or make the file writable, then repeat"
            ) from error

    def _append(self, line: bytes) -> None:
        is_new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # One write a line: appends of several processes do not mix on a local file system.
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(28, "only a part of the line was written")
            os.fdatasync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_directory(self._path.parent)


def redact_url(text: str) -> str:
    """A URL or connection string without user, password, token or signature; rather too much hidden than too little.

    >>> redact_url("postgresql://ana:s3cret@db.example.org/lake?sslmode=require&password=x")
    'postgresql://***@db.example.org/lake?sslmode=require&password=***'
    >>> redact_url("s3://bucket/lake"), redact_url("host=db password=x")
    ('s3://bucket/lake', 'host=db password=***')
    """
    return _SETTING.sub(rf"\g<name>={HIDDEN}", _URL.sub(_redacted, text))


def _redacted(found: re.Match[str]) -> str:
    rest = found["rest"]
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest and ("@" in host or ":" in host):
        # Up to the last @: an unescaped password may hold @, /, ? and #, at which a URL parser would end the user part.
        rest = f"{HIDDEN}@{rest.rpartition('@')[2]}"
    address, _, query = rest.partition("#")[0].partition("?")
    if not query:
        return f"{found['scheme']}://{address}"
    shown = [(name, value if name.lower() in _HARMLESS else HIDDEN) for name, value in parse_qsl(query, True)]
    return f"{found['scheme']}://{address}?{urlencode(shown, safe='*:/')}"
