"""Where does a part of the knowledge come from? What the report, the card and the artefact say of each file."""

from dataclasses import dataclass

NOT_STATED = "not stated in the file"


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `licence` is what the file itself, or who publishes it, says; `sha256` is of the bytes as read."""

    name: str
    release: str
    licence: str
    sha256: str = ""
