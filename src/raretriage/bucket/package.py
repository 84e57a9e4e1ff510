"""Reading what an environment serves: ledger entry, then version, every byte checked against its hash."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from raretriage.bucket.errors import NothingPublished, Tampered
from raretriage.bucket.layout import (
    DIFFERENTIAL_FILE,
    DIFFERENTIAL_GRAPH_FILE,
    EXPLANATION_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    SIGNATURE_FILE,
    Environment,
    differential_key,
    knowledge_key,
    version_key,
)
from raretriage.bucket.ledger import LedgerEntry, read_ledger
from raretriage.bucket.manifest import Manifest
from raretriage.bucket.signature import verify
from raretriage.storage import Bucket, NotFound


@dataclass(frozen=True, slots=True)
class DifferentialFiles:
    """The ranking of rare diseases, as stored."""

    arrays: bytes
    graph: bytes


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A verified model with all that it needs to answer."""

    manifest: Manifest
    manifest_sha256: str
    onnx: bytes
    knowledge: bytes
    explanation: bytes | None = None
    """`ExplanationFile` of the rare head; None where the version has none."""
    differential: DifferentialFiles | None = None
    """None where the version has none."""
    is_verified: bool = False
    """A trusted key signed it; False: no key was given to check it by."""


def current_entry(bucket: Bucket, env: Environment) -> LedgerEntry:
    """The entry that says what `env` serves.

    Raises:
        NothingPublished: there is none yet.
        BrokenLedger: the chain does not hold.
    """
    entries = read_ledger(bucket, env)
    if not entries:
        raise NothingPublished(f"no model is published to {env!r}: run `raretriage publish --env {env}`")
    return entries[-1]


def load_package(bucket: Bucket, entry: LedgerEntry, *, trusted: Sequence[bytes] = ()) -> ModelPackage:
    """The version that a ledger entry names.

    Args:
        trusted: public keys as PEM; where there are any, one of them must have signed the version.

    Raises:
        Tampered: a file is missing, cut or changed.
        Unsigned, BadSignature: see `raretriage.bucket.signature.verify`.
    """
    manifest_bytes = _verified(bucket, version_key(entry.to_version, MANIFEST_FILE), entry.manifest_sha256)
    try:
        manifest = Manifest.model_validate_json(manifest_bytes)
    except ValidationError as error:
        raise Tampered(f"the manifest of {entry.to_version} is not one: {error.error_count()} faults") from error
    if manifest.version != entry.to_version or MODEL_FILE not in manifest.files:
        raise Tampered(f"the manifest of {entry.to_version} speaks of {manifest.version}, or names no {MODEL_FILE}")
    files = signed_files(manifest, manifest_bytes, read=partial(_of_version, bucket, manifest))
    if trusted:
        verify(files, _signature(bucket, manifest.version), trusted, version=manifest.version)
    return ModelPackage(
        manifest=manifest,
        manifest_sha256=entry.manifest_sha256,
        onnx=files[MODEL_FILE],
        knowledge=_verified(bucket, knowledge_key(manifest.knowledge.version), manifest.knowledge.sha256),
        explanation=files.get(EXPLANATION_FILE),
        differential=_differential(bucket, manifest),
        is_verified=bool(trusted),
    )


def signed_files(manifest: Manifest, manifest_bytes: bytes, *, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """What the service loads from a version's folder, and what its signature covers: by name.

    Args:
        manifest_bytes: the manifest as stored.
        read: gives another file of the version.
    """
    others = (name for name in (MODEL_FILE, EXPLANATION_FILE) if name in manifest.files)
    return {MANIFEST_FILE: manifest_bytes, **{name: read(name) for name in others}}


def _signature(bucket: Bucket, version: str) -> bytes | None:
    try:
        return bucket.get(version_key(version, SIGNATURE_FILE))
    except NotFound:
        return None


def _differential(bucket: Bucket, manifest: Manifest) -> DifferentialFiles | None:
    ref = manifest.differential
    if ref is None:
        return None
    arrays, graph = (
        _verified(bucket, differential_key(manifest.knowledge.version, ref.version, file), stored.sha256)
        for file, stored in ((DIFFERENTIAL_FILE, ref.arrays), (DIFFERENTIAL_GRAPH_FILE, ref.graph))
    )
    return DifferentialFiles(arrays, graph)


def _of_version(bucket: Bucket, manifest: Manifest, file: str) -> bytes:
    return _verified(bucket, version_key(manifest.version, file), manifest.files[file].sha256)


def _verified(bucket: Bucket, key: str, sha256: str) -> bytes:
    try:
        data = bucket.get(key)
    except NotFound as error:
        raise Tampered(f"{key} is missing from the bucket: publish the version again") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise Tampered(f"{key} has SHA-256 {found}, expected {sha256}: it was changed or cut; publish it again")
    return data
