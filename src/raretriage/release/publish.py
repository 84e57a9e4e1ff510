"""From a run's folder to what an environment serves: files, then the ledger entry, then the copies."""

import logging
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from raretriage.bucket import (
    DIFFERENTIAL_FILE,
    DIFFERENTIAL_GRAPH_FILE,
    KNOWLEDGE_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    SIGNATURE_FILE,
    Environment,
    LedgerEntry,
    Manifest,
    append,
    differential_key,
    knowledge_key,
    read_ledger,
    served_key,
    sign,
    signed_files,
    version_key,
)
from raretriage.domain import Basis, Certificate
from raretriage.release.errors import GateFailed, IncompleteRun, NotForProduction
from raretriage.release.gate import Evidence, judge
from raretriage.release.run import Run
from raretriage.storage import AlreadyExists, Bucket, NotFound, probe_put_if_absent

log = logging.getLogger(__name__)


def publish(
    run: Run,
    bucket: Bucket,
    env: Environment,
    *,
    who: str,
    why: str,
    now: datetime,
    allow_simulated_in_prod: bool = False,
    despite_gate: bool = False,
    signing_key: Path | None = None,
) -> LedgerEntry:
    """Make this run what `env` serves. Doing it twice changes nothing the second time.

    The version's folder is complete before the ledger names it, so a publish that dies on the way is invisible.

    Args:
        despite_gate: serve in dev what fails its gate; the ledger says so. There is no such way into prod.
        signing_key: the private key's PEM file that vouches for the version; None publishes it unsigned.

    Raises:
        GateFailed: the gate of `env` is red; the message names every condition that is not met.
        NotForProduction: prod was asked for a simulated or uncertified model without the flag.
        LostRace: somebody else published at the same time.
        IncompleteRun: the bucket holds another model under this version.
    """
    gate = judge(Evidence.of(run.manifest, served_manifest(bucket, env, besides=run.manifest.version)))
    if failures := gate.failures(env):
        failed = "; ".join(f"{row.name}: {row.value}, asked {row.limit} ({row.reason})" for row in failures)
        if env == "prod" or not despite_gate:
            hint = "; to look at it in dev all the same: --despite-gate" if env == "dev" else ""
            raise GateFailed(f"{run.manifest.version} may not be served in {env}: {failed}{hint}")
        why = f"{why} [despite a red gate: {', '.join(row.name for row in failures)}]"
    basis = _basis(run)
    if env == "prod":
        _check_production(run, basis, allow_simulated_in_prod)
        why = f"{why} [simulated basis allowed explicitly]" if basis == "simulated" else why
    probe_put_if_absent(bucket)
    _upload(run, bucket, signing_key)
    entries = read_ledger(bucket, env)
    if entries and entries[-1].manifest_sha256 == run.manifest_sha256:
        entry = entries[-1]
    else:
        entry = append(
            bucket,
            env,
            action="publish",
            to_version=run.manifest.version,
            manifest_sha256=run.manifest_sha256,
            certificate_basis=basis,
            who=who,
            why=why,
            now=now,
        )
        log.info("release.published", extra={"version": entry.to_version, "environment": env, "entry": entry.number})
    for name in (MODEL_FILE, MANIFEST_FILE):
        bucket.put(served_key(env, name), run.read(name))
    return entry


def served_manifest(bucket: Bucket, env: Environment, *, besides: str) -> Manifest | None:
    """The manifest of what `env` serves now; None where that is nothing, the version `besides`, or not readable.

    A version that cannot be read any more cannot be compared with, and must not keep its successor out.
    """
    entries = read_ledger(bucket, env)
    if not entries or entries[-1].to_version == besides:
        return None
    try:
        return Manifest.model_validate_json(bucket.get(version_key(entries[-1].to_version, MANIFEST_FILE)))
    except (NotFound, ValidationError):
        log.warning("release.served_unreadable", extra={"version": entries[-1].to_version, "environment": env})
        return None


def _basis(run: Run) -> Literal["simulated", "local"]:
    """Whose patients the promises rest on; of a model that promises nothing, whose patients it was fitted on."""
    certified = [c for c in run.manifest.certificates.values() if isinstance(c, Certificate)]
    if certified:
        return "simulated" if any(c.basis is Basis.SIMULATED for c in certified) else "local"
    return "simulated" if run.manifest.data.simulated else "local"


def _check_production(run: Run, basis: str, allowed: bool) -> None:
    if basis == "simulated" and not allowed:
        raise NotForProduction(
            f"{run.manifest.version} was calibrated on simulated patients: recalibrate on local ones, or pass "
            "--allow-simulated, which the ledger records and every page then says"
        )


def _upload(run: Run, bucket: Bucket, signing_key: Path | None) -> None:
    version = run.manifest.version
    _put_once(bucket, knowledge_key(run.manifest.knowledge.version), run.read(KNOWLEDGE_FILE))
    if (ref := run.manifest.differential) is not None:
        for name in (DIFFERENTIAL_FILE, DIFFERENTIAL_GRAPH_FILE):
            key = differential_key(run.manifest.knowledge.version, ref.version, name)
            _put_once(bucket, key, run.read(name))
    for name in sorted(run.manifest.files):
        _put_once(bucket, version_key(version, name), run.read(name))
    if signing_key is not None:
        _put_signature(run, bucket, signing_key)
    # Last: a version without its manifest is not a version.
    _put_once(bucket, version_key(version, MANIFEST_FILE), run.read(MANIFEST_FILE))


def _put_signature(run: Run, bucket: Bucket, signing_key: Path) -> None:
    """No two signatures are alike, so one that is there stays; a service that does not trust it will say so."""
    key = version_key(run.manifest.version, SIGNATURE_FILE)
    files = signed_files(run.manifest, run.read(MANIFEST_FILE), read=run.read)
    with suppress(AlreadyExists):
        bucket.put_if_absent(key, sign(files, signing_key))


def _put_once(bucket: Bucket, key: str, data: bytes) -> None:
    try:
        bucket.put_if_absent(key, data)
    except AlreadyExists:
        if bucket.get(key) != data:
            raise IncompleteRun(
                f"{key} is already in the bucket with other content: a version is never overwritten; train again"
            ) from None
