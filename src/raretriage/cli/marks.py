"""Which stage was last done with which inputs, so that a second run does again only what changed."""

import hashlib
import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from raretriage.cli.console import write_whole


class Marks:
    """A small JSON file: stage -> fingerprint of its inputs. A stage is marked only after it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_current(self, stage: str, fingerprint: str) -> bool:
        return self._read().get(stage) == fingerprint

    def set(self, stage: str, fingerprint: str) -> None:
        marks = {**self._read(), stage: fingerprint}
        write_whole(self._path, (json.dumps(marks, indent=2) + "\n").encode())

    def get(self, stage: str) -> str | None:
        return self._read().get(stage)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            marks = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return {str(k): str(v) for k, v in marks.items()} if isinstance(marks, dict) else {}


def fingerprint(*parts: object) -> str:
    """A short hash of what a stage depends on."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]


def code_of(*rooms: str) -> str:
    """A hash of the source and tables of some rooms, so that a changed stage is run again."""
    digest = hashlib.sha256()
    for room in sorted(rooms):
        for name, data in sorted(_contents(files("raretriage") / room, room)):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]


def _contents(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            found += [] if item.name == "__pycache__" else _contents(item, name)
        else:
            found.append((name, item.read_bytes()))
    return found
