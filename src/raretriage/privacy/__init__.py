"""De-identification, one implementation for the lake and the service. The result is pseudonymised, not anonymous.

Nothing here imports pyarrow. The batch path is imported by full name where pyarrow is there:
`raretriage.privacy.batch`, `.rotate`, `.report` and `.schemas`.
"""

from raretriage.privacy.allow import (
    Treatment,
    allowed_fields,
    allowed_resources,
    code_may_pass,
    project,
    require_understood,
    understood_modifiers,
)
from raretriage.privacy.audit import AuditLog, redact_url
from raretriage.privacy.dates import age_at, coarsen_age, period_of, shift_date
from raretriage.privacy.errors import (
    AllowListError,
    AuditFailed,
    KeyringError,
    KeyringExists,
    KeyringInvalid,
    KeyringNotFound,
    PrivacyError,
    RotationMismatch,
    SchemaMismatch,
    UnknownModifier,
    UnknownResource,
)
from raretriage.privacy.keyring import Keyring, Kind
from raretriage.privacy.presentation import deidentify_presentation
from raretriage.privacy.regions import region_of
from raretriage.privacy.scrub import Scrubber
from raretriage.privacy.sources import find_source, safe_source

__all__ = [
    "AllowListError",
    "AuditFailed",
    "AuditLog",
    "Keyring",
    "KeyringError",
    "KeyringExists",
    "KeyringInvalid",
    "KeyringNotFound",
    "Kind",
    "PrivacyError",
    "RotationMismatch",
    "SchemaMismatch",
    "Scrubber",
    "Treatment",
    "UnknownModifier",
    "UnknownResource",
    "age_at",
    "allowed_fields",
    "allowed_resources",
    "coarsen_age",
    "code_may_pass",
    "deidentify_presentation",
    "find_source",
    "period_of",
    "project",
    "redact_url",
    "region_of",
    "require_understood",
    "safe_source",
    "shift_date",
    "understood_modifiers",
]
