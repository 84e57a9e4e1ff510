"""Everything the knowledge room can raise.

KnowledgeError
├── UnknownTerm        an HPO id that this release does not have; the message names near valid ones
├── TextTooLong        a text that is longer than what is read
├── SourceNotFound     HPO's files are not on this machine
├── MalformedSource    hp.obo or phenotype.hpoa is not what it should be; the message names the line
└── DamagedKnowledge   the artefact cannot be read, or its content is not what its version says
"""


class KnowledgeError(Exception):
    """Base of the room's errors."""


class UnknownTerm(KnowledgeError, LookupError):
    """An HPO id that this release does not know, or that was withdrawn without a replacement."""


class TextTooLong(KnowledgeError, ValueError):
    """A text longer than what is read at once."""


class SourceNotFound(KnowledgeError, FileNotFoundError):
    """HPO's files are not on this machine; the message says which package brings them."""


class MalformedSource(KnowledgeError, ValueError):
    """A source file breaks its own format. Nothing is built from it."""


class DamagedKnowledge(KnowledgeError, ValueError):
    """An artefact that must not be used: truncated, altered or of another format."""
