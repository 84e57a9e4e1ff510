"""Files in a folder, and a web server that serves it."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.knowledge.orphanet_tables import files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in files([(1, "Disease", "Made-up")]).items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/broken/"):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None: ...
