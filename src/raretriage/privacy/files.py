"""How a secret reaches the disk: private, whole, and never over another file by accident."""

import os
import tempfile
from pathlib import Path


def create_private(path: Path, text: str) -> None:
    """Create `path` with mode 0600 and this content, whole or not at all.

    Raises:
        FileExistsError: there is a file already; it is untouched.
    """
    temporary = _write_beside(path, text)
    try:
        # A link, unlike a rename, fails when the name is taken: two processes cannot both win.
        os.link(temporary, path)
    finally:
        temporary.unlink()
    sync_directory(path.parent)


def replace_private(path: Path, text: str) -> None:
    """Put this content in the place of `path`, with mode 0600; a crash leaves the old file or the new one."""
    temporary = _write_beside(path, text)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _write_beside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp opens with mode 0600 whatever the umask is.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def sync_directory(directory: Path) -> None:
    """Make the names in a folder durable: a new file's content alone does not survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
