"""`raretriage log`: the prediction log, proved unchanged, and the labels that clinicians gave in it."""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, write_json, write_whole
from raretriage.cli.exits import InputError, PromiseBroken
from raretriage.cli.options import JsonFile
from raretriage.cli.publish import environment
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

app = typer.Typer(help="The prediction log, hash-chained and durable before each answer.", no_args_is_help=True)

Env = Annotated[str | None, typer.Option(help="dev or prod; default: MODEL_ENV.")]


@app.command(epilog="Example: raretriage log verify --env dev")
def verify(
    env: Env = None,
    json_file: JsonFile = None,
) -> None:
    """Prove that every line of the local log is unchanged and follows from the one before, over all its days."""
    from raretriage.serving import verify_folder

    settings = Settings()
    chosen = env or settings.model_env
    files = _files(settings, chosen)
    found = verify_folder(settings.log_dir, chosen)
    names = ", ".join(path.name for path in files)
    out.print(f"{found.lines} lines in {names}: the chain holds; {found.erased} erased; last hash {found.head.hash}")
    write_json(
        json_file,
        {"environment": chosen, "lines": found.lines, "erased": found.erased, "hash": found.head.hash},
    )


@app.command(epilog="Example: raretriage log labels --env prod --csv labels.csv")
def labels(
    env: Env = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="A row a labelled answer.")] = None,
    json_file: JsonFile = None,
) -> None:
    """What clinicians said of answers: the last word on each, with the de-identified input that it is a label of."""
    from raretriage.serving import labels_of

    settings = Settings()
    lines = (line for path in _files(settings, env or settings.model_env) for line in path.read_bytes().splitlines())
    found = [asdict(label) for label in labels_of(lines)]
    states = Counter(label["state"] for label in found)
    out.print(f"{len(found)} labelled answers; by state: {dict(sorted((str(k), n) for k, n in states.items()))}")
    if csv_file is not None:
        write_whole(csv_file, _as_csv(found).encode())
    write_json(json_file, {"labels": found})


@app.command(name="replay", epilog="Example: raretriage log replay 4f0c2a7e")
def replay_line(
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="The answer's id, as the page and the JSON show it.")],
    env: Env = None,
    json_file: JsonFile = None,
) -> None:
    """Score a logged answer again with the model of its hash.

    With the recorded version of ONNX Runtime the probabilities are equal to the bit, with another within 1e-6; which of
    the two, is said. Anything else ends with exit code 4.
    """
    from raretriage.bucket import MODEL_FILE, load_package, read_ledger
    from raretriage.serving import Outcome, Scorer, line_in, model_of, replay
    from raretriage.storage import open_bucket

    settings = Settings()
    chosen = environment(env or settings.model_env)
    lines = (line_in(path, entry_id) for path in reversed(_files(settings, chosen)))
    line = next((line for line in lines if line is not None), None)
    if line is None:
        raise InputError(f"no answer {entry_id!r} in the log of {chosen} in {settings.log_dir}")
    record = json.loads(line)
    version, sha256 = model_of(record)
    bucket = open_bucket(settings.model_uri)
    entry = next((e for e in reversed(read_ledger(bucket, chosen)) if e.to_version == version), None)
    if entry is None:
        raise InputError(f"the ledger of {chosen} in {settings.model_uri} never published {version}, which answered")
    package = load_package(bucket, entry)
    if package.manifest.files[MODEL_FILE].sha256 != sha256:
        raise PromiseBroken(f"{version} in the bucket is not the model that answered: another SHA-256")
    found = replay(record, Scorer(package))
    engines = f"ONNX Runtime {found.engine_then or 'not recorded'} then, {found.engine_now} now"
    out.print(f"{entry_id}: {_OUTCOMES[found.outcome]}; largest difference {found.difference:.3g}; {engines}")
    write_json(json_file, asdict(found))
    if found.outcome is Outcome.DIFFERS:
        raise PromiseBroken(f"{entry_id} does not come out again")


@app.command(epilog="Example: raretriage log export --env prod --out predicciones.jsonl")
def export(
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to put it; written whole or not at all.")],
    env: Env = None,
    json_file: JsonFile = None,
) -> None:
    """The whole log that has reached the bucket, as one file, after its chain was proved."""
    from raretriage.serving import parts_in, verify_log
    from raretriage.storage import open_bucket

    settings = Settings()
    chosen = environment(env or settings.model_env)
    bucket = open_bucket(settings.model_uri)
    parts = parts_in(bucket, chosen)
    if not parts:
        raise InputError(f"no part of the log of {chosen} in {settings.model_uri}: has the service run with it?")
    content = b"".join(bucket.get(part.key) for part in parts)
    found = verify_log(content.splitlines())
    write_whole(file, content)
    out.print(f"{found.lines} lines of {len(parts)} parts in {file}: the chain holds; {found.erased} erased")
    write_json(json_file, {"lines": found.lines, "parts": len(parts), "erased": found.erased, "hash": found.head.hash})


@app.command(name="erase", epilog="Example: raretriage log erase --patient 12345 --because 'request of 2026-05-01'")
def erase_lines(
    because: Annotated[str, typer.Option(help="The order or request; kept in the audit log. Name nobody.")],
    patient: Annotated[
        list[str] | None, typer.Option(help="The hospital's own patient id; its pseudonym is found by the key.")
    ] = None,
    subject: Annotated[list[str] | None, typer.Option(help="A pseudonym, as the log has it.")] = None,
    entry: Annotated[list[str] | None, typer.Option("--id", help="One answer.")] = None,
    env: Env = None,
    json_file: JsonFile = None,
) -> None:
    """Erase what the log holds of one patient, here and in the bucket; the chain still verifies.

    Content and salt of the lines become null, also of what clinicians said of them. It cannot be undone. Stop the
    service before: the current day cannot be rewritten under it.
    """
    from raretriage.privacy import Kind
    from raretriage.serving import erase

    if not (patient or subject or entry):
        raise typer.BadParameter("name somebody: --patient, --subject or --id", param_hint="--patient")
    settings = Settings()
    chosen = environment(env or settings.model_env)
    _files(settings, chosen)
    work = Workspace(settings)
    subjects = [*(subject or ()), *(work.keyring().pseudonym(Kind.PATIENT, raw) for raw in patient or ())]
    with work.audited("erase", f"log:{chosen} because {because}"):
        found = erase(settings.log_dir, work.bucket, chosen, subjects=subjects, ids=entry or ())
    out.print(
        f"erased {found.here} lines here and {found.in_bucket} in the bucket; prove it with `raretriage log verify`"
    )
    write_json(json_file, asdict(found))


_OUTCOMES = {
    "bit_equal": "equal to the bit",
    "within_tolerance": "equal within 1e-6",
    "differs": "another answer",
}


def _as_csv(labels: list[dict[str, object]]) -> str:
    names = ["prediction_id", "date", "state", "rare", "diagnosis_system", "diagnosis_code", "input"]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(label | {"input": json.dumps(label["input"], ensure_ascii=False)} for label in labels)
    return text.getvalue()


def _files(settings: Settings, env: str) -> list[Path]:
    from raretriage.serving import log_files

    files = log_files(settings.log_dir, env)
    if not files:
        raise InputError(f"no prediction log of {env!r} in {settings.log_dir}: has the service run with this LOG_DIR?")
    return files
