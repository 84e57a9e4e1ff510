"""Everything the lake can raise.

LakeError
├── NoSuchTable      nothing has landed yet
├── NoSuchVersion    that version never was, or was purged by order
├── SchemaMismatch   the rows do not have the table's columns or types, or miss a required value
├── DuplicateRows    one id twice in the rows of one commit
├── Conflict         other writers were faster, again and again; safe to retry
├── Unreachable      network, credentials or disk; safe to retry
└── WarehouseError   the warehouse refused the load; its old content is as it was
"""


class LakeError(Exception):
    """The tree's root: catch this to answer any fault of lake or warehouse."""


class NoSuchTable(LakeError):
    """Nothing has landed yet."""


class NoSuchVersion(LakeError):
    """That version never was, or was purged by order."""


class SchemaMismatch(LakeError):
    """The rows do not have the table's columns or types, or miss a required value."""


class DuplicateRows(LakeError):
    """One id stands twice in the rows of one commit, so the outcome would depend on their order."""


class Conflict(LakeError):
    """Other writers were faster, again and again. Nothing was written; safe to retry."""


class Unreachable(LakeError):
    """Network, credentials or disk. Safe to retry."""


class WarehouseError(LakeError):
    """The warehouse refused the load. The transaction was rolled back: its old content is as it was."""
