"""A bucket in a folder: nothing half, nothing lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raretriage.storage import InvalidAddress, InvalidKey, NotFound, Unreachable, open_bucket

WRITER = """
import sys
from raretriage.storage import open_bucket
bucket = open_bucket(sys.argv[1])
for n in range(1_000_000):
    bucket.put("object", bytes([n % 256]) * 2_000_000)
    if n == 0:
        print("started", flush=True)
"""


def test_a_write_is_on_the_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    real_sync, real_replace, real_link = os.fsync, Path.replace, Path.hardlink_to

    def sync(descriptor: int) -> None:
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        events.append(f"sync {'folder' if target.is_dir() else 'file'}")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        events.append("place")
        return real_replace(self, target)

    def link(self: Path, target: Path) -> None:
        events.append("place")
        real_link(self, target)

    bucket = open_bucket(str(tmp_path))
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(Path, "hardlink_to", link)
    bucket.put("a", b"1")
    assert events == ["sync file", "place", "sync folder"]
    events.clear()
    bucket.put_if_absent("b", b"1")
    assert events == ["sync file", "place", "sync folder"]
    events.clear()
    bucket.put("new/folder/c", b"1")
    assert events == ["sync folder", "sync folder", "sync file", "place", "sync folder"]
    events.clear()
    bucket.delete("a")
    assert events == ["sync folder"]


def test_a_killed_writer_leaves_the_old_object_or_the_new_one(tmp_path: Path) -> None:
    bucket = open_bucket(str(tmp_path))
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"started\n"
            time.sleep(0.05)
            writer.send_signal(signal.SIGKILL)
        content = bucket.get("object")
        assert len(content) == 2_000_000
        assert len(set(content)) == 1
        assert list(bucket.list()) == ["object"]


def test_a_write_that_fails_says_so_and_leaves_the_old_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = open_bucket(str(tmp_path))
    bucket.put("a", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="cannot write 'a': No space left"):
        bucket.put("a", b"new")
    with pytest.raises(Unreachable, match="No space left"):
        bucket.put_if_absent("b", b"new")
    assert bucket.get("a") == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_an_object_cannot_be_a_folder_too(tmp_path: Path) -> None:
    bucket = open_bucket(str(tmp_path))
    bucket.put("a/b", b"1")
    for write in (bucket.put, bucket.put_if_absent):
        with pytest.raises(InvalidKey, match="is a folder"):
            write("a", b"2")
        with pytest.raises(InvalidKey, match="is an object already"):
            write("a/b/c", b"2")
    assert bucket.get("a/b") == b"1"


def test_reading_creates_no_folder(tmp_path: Path) -> None:
    bucket = open_bucket(f"file://{tmp_path}/not/yet")
    assert list(bucket.list()) == []
    with pytest.raises(NotFound):
        bucket.get("a")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_bucket(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(InvalidAddress, match="is a file"):
        open_bucket(str(tmp_path / "file"))


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_folder: object) -> None:
        raise PermissionError(13, "Permission denied")

    bucket = open_bucket(str(tmp_path))
    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(Unreachable, match="cannot list '': Permission denied"):
        bucket.list()
