"""Everything the privacy room can raise.

PrivacyError
├── KeyringError           the pseudonym keys cannot be used; nothing was written
│   ├── KeyringNotFound    no file there
│   ├── KeyringExists      refuses to overwrite: without the old keys the lake cannot be linked or rotated
│   ├── KeyringInvalid     not a keyring, or keys that are too short
│   └── RotationMismatch   the two keyrings are not one rotation apart, or a row carries a third key id
├── AllowListError         a FHIR resource may not pass
│   ├── UnknownResource    the allow-list has no such resource type
│   └── UnknownModifier    a modifier extension that we do not understand may reverse the resource's meaning
├── SchemaMismatch         an Arrow batch is not what the room expects
└── AuditFailed            the audit line is not on disk; the audited action must not go on

No message carries a key, a raw id or a patient's value.
"""


class PrivacyError(Exception):
    """The root: catch it to answer for everything below."""


class KeyringError(PrivacyError):
    """The pseudonym keys cannot be used."""


class KeyringNotFound(KeyringError):
    """There is no keyring file at the given place."""


class KeyringExists(KeyringError):
    """A keyring is never overwritten."""


class KeyringInvalid(KeyringError):
    """The text or file is not a keyring."""


class RotationMismatch(KeyringError):
    """Two keyrings that are not one rotation apart, or rows made with a third one."""


class AllowListError(PrivacyError):
    """A FHIR resource may not pass."""


class UnknownResource(AllowListError):
    """The allow-list does not know this resource type."""


class UnknownModifier(AllowListError):
    """A modifier extension is present that nobody here understands."""


class SchemaMismatch(PrivacyError):
    """An Arrow batch lacks a column, has another type or a null where none may be."""


class AuditFailed(PrivacyError):
    """The audit line could not be made durable."""
