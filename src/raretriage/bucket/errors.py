"""Everything `bucket` can raise.

BucketError
├── NothingPublished       the environment's ledger is empty
├── Tampered               an artefact's bytes are not those that the manifest or the ledger names
├── Unsigned               a version has no signature, and one is asked for
├── BadSignature           no trusted key made a version's signature
├── NoTrustedKey           the keys that are to be trusted cannot be read
├── BrokenLedger           an entry does not follow from the one before
├── LostRace               somebody else appended first; read the ledger again and decide anew
└── MalformedExplanation   the explanation is not a file that this version can read
"""


class BucketError(Exception):
    """The published artefacts and what they say of themselves do not agree, or are not there."""


class NothingPublished(BucketError):
    """No model has been published to this environment."""


class Tampered(BucketError):
    """A hash does not match: the artefact must not be used."""


class Unsigned(BucketError):
    """Nobody vouches for this version: it must not be used."""


class BadSignature(BucketError):
    """Nobody whom we trust vouches for this version: it must not be used."""


class NoTrustedKey(BucketError):
    """Whom to trust was configured and cannot be found out: nothing may be used."""


class BrokenLedger(BucketError):
    """The chain of ledger entries does not hold."""


class LostRace(BucketError):
    """Two wrote the same ledger entry; this one lost and changed nothing."""


class MalformedExplanation(BucketError):
    """The file that explains a model's margin cannot be read."""
