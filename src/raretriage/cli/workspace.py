"""What commands share, built from the settings when it is first asked for; every access leaves an audit line."""

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from raretriage.bucket import (
    DIFFERENTIAL_FILE,
    DIFFERENTIAL_GRAPH_FILE,
    DifferentialFiles,
    public_file,
    trusted_keys,
)
from raretriage.cli.console import progress, write_whole
from raretriage.cli.knowledge_sources import KnowledgePlaces, build_from
from raretriage.cli.orphanet_files import fetch_orphanet
from raretriage.differential import DamagedDifferential, Ranker
from raretriage.differential import dump as dump_differential
from raretriage.differential import load as load_differential
from raretriage.knowledge import (
    Knowledge,
    Orphanet,
    dump,
    load_knowledge,
)
from raretriage.privacy import AuditLog, Keyring
from raretriage.settings import Settings
from raretriage.storage import Bucket, open_bucket

if TYPE_CHECKING:
    from raretriage.lake import Lake


class Workspace:
    """The back ends that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def knowledge_bytes(self) -> bytes:
        """The artefact as stored; built once where it is not there."""
        path = self.settings.knowledge_file
        if not path.is_file():
            places = KnowledgePlaces.of_settings(self.settings)
            built = build_from(places, self.orphanet, rare_per_10000=self.settings.rare_per_10000)
            write_whole(path, dump(built))
        return path.read_bytes()

    @cached_property
    def knowledge(self) -> Knowledge:
        return load_knowledge(self.knowledge_bytes)

    @cached_property
    def ranker(self) -> Ranker:
        """The ranking of rare diseases; built where it is not there or belongs to another knowledge."""
        try:
            return self._ranker()
        except (FileNotFoundError, DamagedDifferential):
            self.build_differential()
            return self._ranker()

    def _ranker(self) -> Ranker:
        arrays = load_differential(self._arrays_file.read_bytes(), knowledge_version=self.knowledge.version)
        return Ranker(arrays, self._onnx_file.read_bytes())

    @property
    def differential_files(self) -> DifferentialFiles:
        """The ranking as it is published."""
        _ = self.ranker  # built where it is missing or of another knowledge
        return DifferentialFiles(self._arrays_file.read_bytes(), self._onnx_file.read_bytes())

    def build_differential(self) -> None:
        """Derive the ranking from the knowledge and put it beside it: a minute or two, with a bar."""
        from raretriage.differential.build import build_differential
        from raretriage.differential.embedding import DEFAULT

        with progress("differential", DEFAULT.members * DEFAULT.steps) as tick:
            built = build_differential(self.knowledge, progress=tick)
        # The arrays last: they name the knowledge, so that a run that stops in between is begun again.
        write_whole(self._onnx_file, built.onnx)
        write_whole(self._arrays_file, dump_differential(built.arrays))

    @property
    def _arrays_file(self) -> Path:
        return self.settings.knowledge_file.with_name(DIFFERENTIAL_FILE)

    @property
    def _onnx_file(self) -> Path:
        return self.settings.knowledge_file.with_name(DIFFERENTIAL_GRAPH_FILE)

    @cached_property
    def orphanet(self) -> Orphanet | None:
        """Orphanet's tables, where the settings say they are; None where they say nothing."""
        place = self.settings.orphanet_tables
        return None if not place else fetch_orphanet(place)

    @cached_property
    def bucket(self) -> Bucket:
        return open_bucket(self.settings.model_uri)

    @cached_property
    def lake(self) -> "Lake":
        from raretriage.lake import Lake

        return Lake(self.settings.lake_url)

    def keyring(self) -> Keyring:
        """The pseudonym keys; a new file is made where the settings name one that is not there."""
        named = self.settings.pseudonym_key
        path = Path(named)
        if not named.lstrip().startswith("{") and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.audited("create key", str(path)):
                Keyring.create().save(path)
        with self.audited("read key", "inline" if named.lstrip().startswith("{") else named):
            return Keyring.from_settings(named)

    def signing_key(self) -> Path:
        """The file of the private key that signs versions; made where there is none yet."""
        from raretriage.release.signing_key import check_key, make_key, write_public

        path = self.settings.signing_key
        if not path.exists():
            with self.audited("create key", str(path)):
                make_key(path)
        elif not public_file(path).exists():
            write_public(path)
        with self.audited("read key", str(path)):
            check_key(path)
        return path

    def trusted_keys(self) -> tuple[bytes, ...]:
        """The public keys that may have signed a version; none: signatures are not checked."""
        return trusted_keys(self.settings.trusted_keys, otherwise=public_file(self.settings.signing_key))

    @contextmanager
    def audited(self, action: str, target: str) -> Iterator[None]:
        """Leave an audit line about the block: done, or the kind of error that ended it."""
        log = AuditLog(self.settings.audit_log)
        try:
            yield
        except BaseException as error:
            log.record(getpass.getuser(), action, target, datetime.now(UTC), type(error).__name__)
            raise
        log.record(getpass.getuser(), action, target, datetime.now(UTC), "done")


def git_commit() -> str:
    """The commit of the code that runs; "unknown" outside a checkout, "-dirty" added to one with changes."""
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(  # noqa: S603 - fixed command
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
