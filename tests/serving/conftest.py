"""The service on a small real model, in a bucket in memory or in a folder."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from raretriage.serving import create_app
from raretriage.storage import Bucket, open_bucket
from tests.serving.tiny_model import NOW, Publisher

Serve = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture
def bucket() -> Bucket:
    return open_bucket("memory://")


@pytest.fixture
def publisher(bucket: Bucket) -> Publisher:
    return Publisher(bucket)


@pytest.fixture
def serve(bucket: Bucket, tmp_path: Path) -> Serve:
    """`with serve(**options) as client`: the service over the test's bucket, with its log in `tmp_path / "log"`."""

    @contextmanager
    def running(**options: object) -> Iterator[TestClient]:
        arguments: dict[str, object] = {
            "environment": "dev",
            "log_dir": tmp_path / "log",
            "reload_seconds": 3600,
            "ship_seconds": 3600,
            "now": lambda: NOW,
        }
        app = create_app(options.pop("bucket", bucket), **(arguments | options))  # type: ignore[arg-type]
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client

    return running


@pytest.fixture
def client(publisher: Publisher, serve: Serve) -> Iterator[TestClient]:
    """The service with the tiny model."""
    publisher.publish()
    with serve() as running:
        yield running
