"""A trained model as a folder: everything that will be published, complete or not there at all."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from raretriage.bucket import (
    DIFFERENTIAL_FILE,
    DIFFERENTIAL_GRAPH_FILE,
    KNOWLEDGE_FILE,
    MANIFEST_FILE,
    DifferentialFiles,
    DifferentialRef,
    Manifest,
    StoredFile,
)
from raretriage.release.errors import IncompleteRun

LATEST = "latest"
"""What commands read when they are told no run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A folder that was checked against its manifest."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str

    def read(self, name: str) -> bytes:
        """One file of the version, or the knowledge it was trained with."""
        return (self.folder / name).read_bytes()

    def differential(self) -> DifferentialFiles | None:
        """The ranking of rare diseases that goes with it; None where it has none."""
        if self.manifest.differential is None:
            return None
        return DifferentialFiles(self.read(DIFFERENTIAL_FILE), self.read(DIFFERENTIAL_GRAPH_FILE))


def stored(data: bytes) -> StoredFile:
    """What the manifest says of a file."""
    return StoredFile(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def differential_ref(files: DifferentialFiles) -> DifferentialRef:
    """What the manifest says of a ranking."""
    version = hashlib.sha256(files.arrays + files.graph).hexdigest()[:12]
    return DifferentialRef(version=version, arrays=stored(files.arrays), graph=stored(files.graph))


def write_run(
    folder: Path,
    manifest: Manifest,
    files: Mapping[str, bytes],
    knowledge: bytes,
    differential: DifferentialFiles | None = None,
) -> Run:
    """Write a run's folder in one step; an interrupted call leaves nothing behind.

    Args:
        folder: what it holds is replaced; where it is a link, the link is.
        files: by name, exactly those that the manifest lists.
        knowledge: the artefact that the manifest refers to.
        differential: the ranking that it refers to; None where it refers to none.
    """
    if set(files) != set(manifest.files):
        raise IncompleteRun(f"the manifest lists {sorted(manifest.files)}, given were {sorted(files)}")
    if manifest.differential != (None if differential is None else differential_ref(differential)):
        raise IncompleteRun("the manifest names another ranking of rare diseases than was given")
    beside = {KNOWLEDGE_FILE: knowledge}
    if differential is not None:
        beside |= {DIFFERENTIAL_FILE: differential.arrays, DIFFERENTIAL_GRAPH_FILE: differential.graph}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as temporary:
        made = Path(temporary) / "run"
        made.mkdir()
        for name, data in {**files, **beside}.items():
            (made / name).write_bytes(data)
        (made / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if folder.is_symlink():  # a name for another run, which stays
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    return read_run(folder)


def name_latest(run: Run) -> None:
    """Let `latest` beside the run name it; a run that stands there itself is kept, under its version."""
    latest = run.folder.parent / LATEST
    if latest.is_dir() and not latest.is_symlink():
        latest.rename(latest.with_name(read_run(latest).manifest.version))
    latest.unlink(missing_ok=True)
    latest.symlink_to(run.folder.name)


def read_run(folder: Path) -> Run:
    """A run's folder, every file checked.

    Raises:
        IncompleteRun: there is no run, or one of its files is missing or changed.
    """
    try:
        text = (folder / MANIFEST_FILE).read_bytes()
        manifest = Manifest.model_validate_json(text)
    except FileNotFoundError:
        raise IncompleteRun(f"no trained model in {folder}: run `raretriage train` first") from None
    except ValidationError as error:
        raise IncompleteRun(f"{folder / MANIFEST_FILE} is no manifest ({error.error_count()} faults)") from error
    expected = {name: file.sha256 for name, file in manifest.files.items()}
    expected[KNOWLEDGE_FILE] = manifest.knowledge.sha256
    if (ref := manifest.differential) is not None:
        expected |= {DIFFERENTIAL_FILE: ref.arrays.sha256, DIFFERENTIAL_GRAPH_FILE: ref.graph.sha256}
    for name, sha256 in expected.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise IncompleteRun(f"{path} is missing or was changed: run `raretriage train` again")
    return Run(folder=folder, manifest=manifest, manifest_sha256=hashlib.sha256(text).hexdigest())
