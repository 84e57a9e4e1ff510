"""`raretriage privacy`: how identifying the lake is, and new keys."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, progress, write_json
from raretriage.cli.exits import InputError
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace
from raretriage.privacy import Keyring
from raretriage.settings import Settings

app = typer.Typer(
    help="De-identification: the lake is pseudonymised, not anonymous.",
    no_args_is_help=True,
)

_TRAITS = ["patient_id", "age_years", "sex", "region", "site", "diagnosis_system", "diagnosis_code"]


@app.command(epilog="Example: raretriage privacy report --json k.json")
def report(lake_version: LakeVersion = None, json_file: JsonFile = None) -> None:
    """k-anonymity over age band, sex, region, site and diagnosis: who stands out in the lake."""
    import json

    from raretriage.privacy.report import k_report

    work = Workspace(Settings())
    with work.audited("read for privacy report", "lake:encounters"):
        found = k_report(work.lake.read("encounters", lake_version, columns=_TRAITS))
    out.print(found.as_text())
    write_json(json_file, json.loads(found.as_json()))


@app.command("rotate-key", epilog="Example: raretriage privacy rotate-key --yes")
def rotate_key(
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Make a new key and re-key the whole lake; older lake versions become unreadable.

    Safe to run again after an interruption: the new keyring is kept beside the old one until every table carries it.
    """
    from raretriage.lake import TableName
    from raretriage.privacy.rotate import rekey_batch, rekey_names

    work = Workspace(Settings())
    path = Path(work.settings.pseudonym_key)
    if not path.is_file():
        raise InputError(
            f"PSEUDONYM_KEY names no file ({path}): a key from the environment is rotated where it is kept"
        )
    if not yes:
        typer.confirm("Re-key every row and make older lake versions unreadable?", abort=True)
    old = work.keyring()
    coming = path.with_name(f"{path.name}.next")
    new = Keyring.load(coming) if coming.exists() else old.rotated()
    if not coming.exists():
        new.save(coming)
    reason = f"re-key to {new.key_id} by {getpass.getuser()} on {datetime.now(UTC):%Y-%m-%d}"
    with work.audited("rotate key", str(path)), progress("tables", 2) as tick:
        if work.lake.exists(TableName.ENCOUNTERS):
            work.lake.rewrite(
                TableName.ENCOUNTERS, lambda batch: rekey_batch(batch, old, new), reason, purge_history=True
            )
        tick(1)
        # Old and new names look alike in the quarantine, so its history says whether this rotation was there already.
        if work.lake.exists(TableName.QUARANTINE) and not any(
            new.key_id in (version.reason or "") for version in work.lake.history(TableName.QUARANTINE)
        ):
            work.lake.rewrite(TableName.QUARANTINE, lambda batch: rekey_names(batch, new), reason, purge_history=True)
        tick(1)
        new.replace(path)
        coming.unlink()
    out.print(f"key {old.key_id} -> {new.key_id}; load the warehouse again: raretriage warehouse load")
