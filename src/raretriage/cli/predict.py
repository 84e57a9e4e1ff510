"""`raretriage predict`: the served model's answer for patients in a file, by the service's own code."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from raretriage.bucket import current_entry, load_package
from raretriage.cli.console import out, write_json
from raretriage.cli.exits import InputError
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.domain import STATUS_LABELS, State
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.serving import PredictRequest


def predict_command(
    source: Annotated[str, typer.Argument(help="A JSON file (an object, or one a line) as POST /predict takes; or -")],
    json_file: JsonFile = None,
) -> None:
    """Answer for each patient with the model that MODEL_ENV serves. Not logged: for trying out, not for care."""
    from raretriage.privacy import Scrubber
    from raretriage.serving import Scorer, answer, prepare, urgent_signs

    work = Workspace(Settings())
    requests = _requests(sys.stdin.read() if source == "-" else _text(Path(source)))
    package = load_package(
        work.bucket, current_entry(work.bucket, work.settings.model_env), trusted=work.trusted_keys()
    )
    scorer = Scorer(package)
    presentations = [prepare(request, scorer.knowledge, scrubber=Scrubber()) for request in requests]
    answers = []
    for request, presentation, score in zip(requests, presentations, scorer.score(presentations), strict=True):
        urgent = urgent_signs(presentation, scorer.knowledge, complaint=request.complaint)
        decision = answer(score, presentation, package.manifest, urgent=urgent)
        states = {STATUS_LABELS[s]: round(score.states[s], 4) for s in State}
        answers.append(
            {
                "status": decision.status,
                "rare": decision.rare.value,
                "rare_probability": round(score.rare, 4),
                "states": states,
                "tier": decision.tier.value,
                "unsure": [reason.value for reason in decision.unsure],
                "red_flags": [flag.value for flag in decision.red_flags],
                "model": package.manifest.version,
                "simulated": package.manifest.data.simulated,
            }
        )
        out.print_json(json.dumps(answers[-1], ensure_ascii=False))
    write_json(json_file, {"answers": answers})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _requests(text: str) -> "list[PredictRequest]":
    from raretriage.serving import PredictRequest

    try:
        documents = [text] if text.lstrip().startswith("{") and _is_one(text) else text.splitlines()
        return [PredictRequest.model_validate_json(line) for line in documents if line.strip()]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(f"{where}: {first['msg']} ({error.error_count()} faults in all)") from None


def _is_one(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
