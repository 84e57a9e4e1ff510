"""What every kind of bucket promises."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.storage import (
    AlreadyExists,
    Bucket,
    InvalidKey,
    NotFound,
    Unreachable,
    check_key,
    open_bucket,
    probe_put_if_absent,
)


def test_what_was_put_is_got(bucket: Bucket) -> None:
    bucket.put("models/dev/model.onnx", b"\x00\xff" * 1000)
    assert bucket.get("models/dev/model.onnx") == b"\x00\xff" * 1000


def test_an_empty_object_is_an_object(bucket: Bucket) -> None:
    bucket.put("empty", b"")
    assert bucket.get("empty") == b""
    assert list(bucket.stream("empty")) == []
    assert list(bucket.list()) == ["empty"]


def test_put_replaces_the_whole_object(bucket: Bucket) -> None:
    bucket.put("a", b"long content")
    bucket.put("a", b"short")
    assert bucket.get("a") == b"short"


@pytest.mark.parametrize("pieces", [[], [b""], [b"one"], [b"one, ", b"", b"two"], [b"x" * 3_000_000] * 4])
def test_an_object_may_come_in_pieces(bucket: Bucket, pieces: list[bytes]) -> None:
    bucket.put("logs/copy", b"before")
    bucket.put_stream("logs/copy", iter(pieces))
    assert bucket.get("logs/copy") == b"".join(pieces)


def test_pieces_that_end_in_a_fault_leave_what_was_there(bucket: Bucket) -> None:
    bucket.put("logs/copy", b"before")

    def pieces() -> Iterator[bytes]:
        yield b"x" * 6_000_000
        raise Unreachable("another bucket is away")

    with pytest.raises(Unreachable):
        bucket.put_stream("logs/copy", pieces())
    assert bucket.get("logs/copy") == b"before"
    assert list(bucket.list()) == ["logs/copy"]


def test_put_if_absent_leaves_an_object_that_is_there(bucket: Bucket) -> None:
    bucket.put_if_absent("ledger/dev/1", b"first")
    with pytest.raises(AlreadyExists, match="ledger/dev/1"):
        bucket.put_if_absent("ledger/dev/1", b"second")
    assert bucket.get("ledger/dev/1") == b"first"


def test_put_if_absent_respects_what_put_wrote(bucket: Bucket) -> None:
    bucket.put("a", b"first")
    with pytest.raises(AlreadyExists):
        bucket.put_if_absent("a", b"second")


def test_of_many_creators_exactly_one_wins(bucket: Bucket) -> None:
    start = threading.Barrier(8)
    won: list[bytes] = []

    def create(name: bytes) -> None:
        start.wait(timeout=30)
        try:
            bucket.put_if_absent("ledger/prod/1", name)
        except AlreadyExists:
            return
        won.append(name)

    threads = [threading.Thread(target=create, args=(f"writer {n}".encode(),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(won) == 1
    assert bucket.get("ledger/prod/1") == won[0]


def test_a_missing_key_is_named(bucket: Bucket) -> None:
    bucket.put("a/b", b"x")
    for missing in ("nothing/here", "a", "a/b/c"):
        with pytest.raises(NotFound, match=f"'{missing}'"):
            bucket.get(missing)


def test_streaming_a_missing_key_fails_before_the_first_piece(bucket: Bucket) -> None:
    with pytest.raises(NotFound, match="gone"):
        bucket.stream("gone")


def test_a_stream_is_the_object_in_several_pieces(bucket: Bucket) -> None:
    data = bytes(range(256)) * 20_000  # 5 MB
    bucket.put("large", data)
    pieces = list(bucket.stream("large"))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) < len(data)
    assert all(isinstance(piece, bytes) for piece in pieces)


def test_a_deleted_object_is_gone_and_its_key_is_free(bucket: Bucket) -> None:
    bucket.put("a/b", b"1")
    bucket.delete("a/b")
    with pytest.raises(NotFound):
        bucket.get("a/b")
    assert list(bucket.list()) == []
    bucket.put_if_absent("a/b", b"2")
    assert bucket.get("a/b") == b"2"


def test_deleting_twice_is_no_fault(bucket: Bucket) -> None:
    bucket.put("a", b"1")
    bucket.delete("a")
    bucket.delete("a")
    bucket.delete("never/was")


def test_list_is_sorted_and_takes_whole_path_parts(bucket: Bucket) -> None:
    for key in ("logs/dev/10", "logs/dev/2", "logs/development/1", "logs/dev/a/b", "other"):
        bucket.put(key, b"x")
    assert list(bucket.list("logs/dev")) == ["logs/dev/10", "logs/dev/2", "logs/dev/a/b"]
    assert list(bucket.list("logs/dev/")) == ["logs/dev/10", "logs/dev/2", "logs/dev/a/b"]
    assert list(bucket.list()) == ["logs/dev/10", "logs/dev/2", "logs/dev/a/b", "logs/development/1", "other"]
    assert list(bucket.list("nothing")) == []


def test_names_that_hospitals_use_come_back_as_they_are(bucket: Bucket) -> None:
    keys = ["Paciente Núñez (1).json", "a b/c#1.ndjson", "50%.json", "x%20y.json", "a+b=c.json"]
    for key in keys:
        bucket.put(key, key.encode())
    assert list(bucket.list()) == sorted(keys)
    assert [bucket.get(key) for key in keys] == [key.encode() for key in keys]


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\\b", "a\nb", "k" * 1025]
)
def test_a_key_that_is_no_plain_path_is_refused_everywhere(bucket: Bucket, key: str) -> None:
    for act in (
        lambda: bucket.get(key),
        lambda: bucket.put(key, b""),
        lambda: bucket.put_if_absent(key, b""),
        lambda: bucket.delete(key),
        lambda: bucket.stream(key),
    ):
        with pytest.raises(InvalidKey, match="use a relative path"):
            act()


@pytest.mark.parametrize("prefix", ["..", "/etc", "a/../.."])
def test_a_prefix_cannot_leave_the_bucket(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(InvalidKey):
        bucket.list(prefix)


def test_a_sound_store_passes_the_probe_and_keeps_no_trace(bucket: Bucket) -> None:
    probe_put_if_absent(bucket)
    assert list(bucket.list()) == []


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=40))
def test_an_accepted_key_stays_inside_the_bucket(key: str) -> None:
    try:
        check_key(key)
    except InvalidKey:
        return
    parts = key.split("/")
    assert ".." not in parts
    assert "" not in parts
    bucket = open_bucket("memory://")
    bucket.put(key, b"x")
    assert list(bucket.list()) == [key]
