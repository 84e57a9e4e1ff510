"""Which pseudonym stands for a raw id: keyed, one-way, and re-keyable without the raw ids.

The keys are ordered. A pseudonym is a fold of HMAC-SHA256 over all of them,

    p0 = HMAC(k0, kind + "\\0" + raw)      p_i = HMAC(k_i, kind + "\\0" + p_(i-1))

so that appending a key (a rotation) can be applied to a lake that holds only old pseudonyms. The kind is part of
the message: a patient and an encounter with the same raw id never share a pseudonym.

Pseudonymised is not anonymous: whoever holds the keyring and a raw id finds the patient's rows.
"""

import hmac
import json
import logging
import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from raretriage.domain import Pseudonym
from raretriage.privacy.errors import KeyringExists, KeyringInvalid, KeyringNotFound, RotationMismatch
from raretriage.privacy.files import create_private, replace_private

_log = logging.getLogger(__name__)

KEY_BYTES = 32
"""The output length of SHA-256: longer keys add nothing to HMAC (RFC 2104, section 3)."""

MAX_SHIFT_DAYS = 182
"""Dates move by 1 to 182 days, earlier or later: up to half a year, never not at all."""

_FORMAT = "raretriage-keyring"
_HEX_KEYS = re.compile(rf"\s*[0-9a-fA-F]{{{2 * KEY_BYTES}}}(?:\s*,\s*[0-9a-fA-F]{{{2 * KEY_BYTES}}})*\s*")


class Kind(StrEnum):
    """What a raw value identifies. Values of different kinds never share a pseudonym."""

    PATIENT = "patient"
    ENCOUNTER = "encounter"
    SITE = "site"
    SOURCE = "source"
    LINE = "line"


# Prefix and hexadecimal digits. 32 digits are 128 bits: among a billion ids the chance of any collision is about
# 1e-21 (n^2 / 2^129). Sites are few: 16 digits are 64 bits, and among 100,000 sites the chance is about 3e-10.
_SHAPE: dict[Kind, tuple[str, int]] = {
    Kind.PATIENT: ("p-", 32),
    Kind.ENCOUNTER: ("e-", 32),
    Kind.SITE: ("site-", 16),
    Kind.SOURCE: ("file-", 32),
    Kind.LINE: ("line-", 32),
}


_KIND_OF_PREFIX = {prefix: kind for kind, (prefix, _) in _SHAPE.items()}
_NAME = re.compile("|".join(f"({prefix})[0-9a-f]{{{digits}}}" for prefix, digits in _SHAPE.values()))


def find_kind(name: str) -> Kind | None:
    """What a text is the pseudonym of, by its form; None when it is none.

    >>> find_kind("site-0123456789abcdef"), find_kind("site-3")
    (<Kind.SITE: 'site'>, None)
    """
    found = _NAME.fullmatch(name)
    return _KIND_OF_PREFIX[found[found.lastindex or 0]] if found else None


class _Key(bytes):
    """Key bytes that never print themselves, not even in a traceback that shows local variables."""

    def __repr__(self) -> str:
        return "<key>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Keyring:
    """Ordered HMAC keys, oldest first; the newest is the last. Never shown by `repr`, never logged."""

    _keys: tuple[_Key, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self._keys:
            raise KeyringInvalid("a keyring needs at least one key; make one with Keyring.create()")
        if any(len(key) != KEY_BYTES for key in self._keys):
            raise KeyringInvalid(f"every key must have {KEY_BYTES} bytes ({2 * KEY_BYTES} hexadecimal digits)")
        if len(set(self._keys)) != len(self._keys):
            raise KeyringInvalid("a key occurs twice in the keyring; each rotation needs a new one")

    def __repr__(self) -> str:
        return f"Keyring(key_id={self.key_id!r}, keys={len(self._keys)})"

    @classmethod
    def create(cls) -> Self:
        """A new keyring with one random key from the operating system's generator."""
        return cls((_Key(secrets.token_bytes(KEY_BYTES)),))

    @classmethod
    def from_keys(cls, keys: Iterable[bytes]) -> Self:
        """A keyring of given 32-byte keys, oldest first.

        Raises:
            KeyringInvalid: no key, a key of another length, or one given twice.
        """
        return cls(tuple(_Key(key) for key in keys))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a keyring file written by `save`.

        Raises:
            KeyringNotFound: there is no file.
            KeyringInvalid: it is not a keyring.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeyringNotFound(
                f"no keyring at {path}; create one with Keyring.create().save(path) or point to an existing one"
            ) from None
        except UnicodeDecodeError:
            raise KeyringInvalid(f"{path} is not a keyring: not UTF-8 text") from None
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            _log.warning("privacy.keyring_open_to_others path=%s fix='chmod 600'", path)
        return cls._parse(text, where=str(path))

    @classmethod
    def from_settings(cls, value: str) -> Self:
        """A keyring from one setting: hexadecimal keys joined by commas, the JSON of a keyring file, or its path.

        No error shows the value: what was meant as a path may be a mistyped key.

        Raises:
            KeyringInvalid: none of the three.
        """
        if _HEX_KEYS.fullmatch(value):
            return cls.from_keys(bytes.fromhex(part.strip()) for part in value.split(","))
        if value.lstrip().startswith("{"):
            return cls._parse(value, where="the keyring setting")
        try:
            is_file = Path(value).is_file()
        except (OSError, ValueError):  # too long or with a NUL: no path
            is_file = False
        if not is_file:
            raise KeyringInvalid(
                f"the keyring setting ({len(value)} characters, not shown) is neither {2 * KEY_BYTES} hexadecimal "
                "digits per key, nor the JSON of a keyring, nor the path of an existing file"
            )
        return cls.load(Path(value))

    @classmethod
    def _parse(cls, text: str, *, where: str) -> Self:
        try:
            content = json.loads(text)
            if content["format"] != _FORMAT or content["version"] != 1:
                raise KeyringInvalid(f"{where}: expected format {_FORMAT}, version 1")
            keys = [bytes.fromhex(key) for key in content["keys"]]
        except (ValueError, KeyError, TypeError):
            # `from None`: the decoder's message quotes the text, and the text is the secret.
            raise KeyringInvalid(f"{where} is not a keyring: expected JSON with format, version and keys") from None
        return cls.from_keys(keys)

    def save(self, path: Path) -> None:
        """Write the keyring with mode 0600, whole or not at all.

        Raises:
            KeyringExists: there is a file already. Losing old keys cuts the lake off from its sources.
        """
        try:
            create_private(path, self._to_json())
        except FileExistsError:
            raise KeyringExists(
                f"{path} exists and is not overwritten; choose another path, or use replace() after a rotation"
            ) from None

    def replace(self, path: Path) -> None:
        """Put this keyring in the place of its predecessor, atomically.

        Raises:
            KeyringNotFound: there is no file to replace.
            RotationMismatch: the file does not hold the keyring that this one was rotated from.
        """
        present = Keyring.load(path)
        self.require_successor_of(present)
        replace_private(path, self._to_json())

    def _to_json(self) -> str:
        return json.dumps({"format": _FORMAT, "version": 1, "keys": [key.hex() for key in self._keys]}, indent=1) + "\n"

    def rotated(self) -> Self:
        """This keyring with one more random key: pseudonyms made by it differ, and `rekey` leads there."""
        return type(self)((*self._keys, _Key(secrets.token_bytes(KEY_BYTES))))

    def require_successor_of(self, old: "Keyring") -> None:
        """Pass when this keyring is `old` plus exactly one key.

        Raises:
            RotationMismatch: it is not.
        """
        if self._keys[:-1] != old._keys:
            raise RotationMismatch(
                f"keyring {self.key_id} is not keyring {old.key_id} with one key more; rotate one step at a time"
            )

    @property
    def key_id(self) -> str:
        """A short public name of these keys, other after every rotation. 48 bits of an HMAC: it reveals no key."""
        link = b""
        for key in self._keys:
            link = hmac.digest(key, b"key-id\0" + link, "sha256")
        return "k-" + link.hex()[:12]

    def pseudonym(self, kind: Kind, raw: str) -> Pseudonym:
        """The pseudonym of a raw id: `p-`, `e-`, `site-`, ... and hexadecimal digits.

        Raises:
            ValueError: `raw` is empty; everybody without an id would become one person.
        """
        if not raw:
            raise ValueError(f"empty {kind} id; a record without an id cannot be pseudonymised")
        return self._fold(kind, raw.encode("utf-8", "surrogatepass"))

    def digest(self, data: bytes) -> str:
        """A keyed name for bytes that cannot be shown, such as an unparseable line."""
        return self._fold(Kind.LINE, data)

    def _fold(self, kind: Kind, data: bytes) -> Pseudonym:
        prefix, digits = _SHAPE[kind]
        label = kind.encode() + b"\0"
        for key in self._keys:
            data = (prefix + hmac.digest(key, label + data, "sha256").hex()[:digits]).encode()
        return Pseudonym(data.decode())

    def rekey(self, kind: Kind, old: str) -> Pseudonym:
        """From the pseudonym under the keyring before the last rotation to the one under this keyring.

        For every raw id, `k.rotated().rekey(kind, k.pseudonym(kind, raw)) == k.rotated().pseudonym(kind, raw)`.
        """
        prefix, digits = _SHAPE[kind]
        return Pseudonym(
            prefix + hmac.digest(self._keys[-1], kind.encode() + b"\0" + old.encode(), "sha256").hex()[:digits]
        )

    def shift_days(self, patient: Pseudonym) -> int:
        """By how many days this patient's dates move: -182 to 182 without 0, the same for all of them.

        Not uniform to the last bit: 2^64 is no multiple of 364, a bias below 1e-16. The lake also holds each
        encounter's calendar quarter, so a reader of many encounters of one patient can narrow the shift down:
        another reason why the lake is pseudonymised and not anonymous.
        """
        value = int.from_bytes(hmac.digest(self._keys[-1], b"shift\0" + patient.encode(), "sha256")[:8])
        step = value % (2 * MAX_SHIFT_DAYS)
        return step - MAX_SHIFT_DAYS if step < MAX_SHIFT_DAYS else step - MAX_SHIFT_DAYS + 1
