"""From a URL to a bucket, and what a wrong one says."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from raretriage.storage import Bucket, InvalidAddress, Unreachable, Unsafe, open_bucket, probe_put_if_absent
from tests.servers import S3Bucket, free_port


def test_every_spelling_of_a_folder_is_the_same_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_bucket("file://./my bucket").put("a", b"1")
    for url in ("my bucket", "./my bucket", "file://./my%20bucket", tmp_path / "my bucket"):
        assert open_bucket(str(url)).get("a") == b"1"
    assert open_bucket(f"file://{tmp_path}/my%20bucket").get("a") == b"1"
    assert open_bucket(f"file://localhost{tmp_path}/my%20bucket").get("a") == b"1"


def test_two_memory_buckets_share_nothing() -> None:
    open_bucket("memory://").put("a", b"1")
    assert list(open_bucket("memory://").list()) == []


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("ftp://host/x", {}, "ftp:// is no known kind of bucket"),
        ("", {}, "no folder is named"),
        ("file://", {}, "no folder is named"),
        ("./bucket", {"region": "x"}, "takes no options, but region given"),
        ("s3://bucket/x", {"bogus": "1"}, "bogus"),
        ("s3://key:secret@bucket/x", {}, "no credentials"),
        ("s3://bucket/x?token=1", {}, "no credentials or queries"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(url: str, options: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidAddress, match=says):
        open_bucket(url, **options)


def test_a_secret_in_a_refused_url_is_not_repeated() -> None:
    with pytest.raises(InvalidAddress) as refused:
        open_bucket("s3://key:hunter2@bucket/x")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["s3://bucket/folder", "gs://bucket/folder"])
def test_a_store_that_does_not_answer_is_unreachable_within_seconds(url: str) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    keys = {"access_key_id": "a", "secret_access_key": "b"}
    options = (
        {"endpoint": endpoint, **keys} if url.startswith("s3") else {"base_url": endpoint, "skip_signature": "true"}
    )
    bucket = open_bucket(url, allow_http="true", **options)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="cannot read 'a'") as failed:
        bucket.get("a")
    assert time.monotonic() - began < 10
    assert "\n" not in str(failed.value)


@pytest.mark.server
def test_wrong_credentials_are_unreachable_and_not_shown(s3_bucket: S3Bucket) -> None:
    bucket = open_bucket(s3_bucket.url, access_key_id="intruder", secret_access_key="hunter2")
    with pytest.raises(Unreachable, match="check the credentials") as failed:
        bucket.put("a", b"1")
    assert "hunter2" not in str(failed.value)


class _Overwriting:
    """An S3 gateway that takes the condition and overwrites all the same."""

    def __init__(self, inner: Bucket) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def put_if_absent(self, key: str, data: bytes) -> None:
        self._inner.put(key, data)


def test_a_store_that_overwrites_is_refused_and_left_clean() -> None:
    inner = open_bucket("memory://")
    with pytest.raises(Unsafe, match="silently overwrites"):
        probe_put_if_absent(_Overwriting(inner))
    assert list(inner.list()) == []


def test_storage_loads_no_pipeline_library() -> None:
    code = "import raretriage.storage, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "raretriage.storage" in loaded
    assert {"pandas", "pyarrow", "deltalake", "duckdb"}.isdisjoint(loaded)
