"""Options that several commands share, written once."""

from pathlib import Path
from typing import Annotated

import typer

JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures as JSON; - for standard output.")
]
LakeVersion = Annotated[int | None, typer.Option("--version", help="A lake version; the current one by default.")]
DespiteGate = Annotated[
    bool, typer.Option("--despite-gate", help="Serve in dev a model that fails dev's gate; the ledger records it.")
]
