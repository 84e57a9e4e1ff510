"""A commit on a local disk, made to survive a power cut.

Delta Lake's writer (deltalake 1.6.6, seen with strace) leaves the flushing of its files to the operating system. Here
the commit that was just made, and the files it names, are synced before the write is reported as done.
"""

import json
import os
from pathlib import Path
from urllib.parse import unquote

from deltalake import DeltaTable

_LOCAL = "file://"


def sync_commit(opened: DeltaTable) -> None:
    """Sync the newest commit that `opened` knows of; a remote store answers only when it is durable anyway."""
    if not opened.table_uri.startswith(_LOCAL):
        return
    table = Path(unquote(opened.table_uri.removeprefix(_LOCAL)))
    log = table / "_delta_log"
    commit = log / f"{opened.version():020d}.json"
    for line in commit.read_text("utf-8").splitlines():
        added = json.loads(line).get("add")
        if added is not None:
            _sync(table / unquote(added["path"]))
    for path in (commit, log, table, table.parent):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
