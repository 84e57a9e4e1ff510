"""The log reaches the bucket once, in order, whatever breaks on the way."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raretriage.serving import ShippingConflict, verify_log
from raretriage.serving.log.predictions import PredictionLog
from raretriage.serving.log.shipping import LogShipper, head_in, parts_in
from raretriage.storage import AlreadyExists, Bucket, StorageError, Unreachable, Unsafe, open_bucket

DAY = datetime(2026, 3, 5, 10, tzinfo=UTC)
COPY = "logs/dev/predicciones_dev.txt"


class Flaky:
    """A real bucket in memory, with faults on demand."""

    def __init__(self) -> None:
        self.inner = open_bucket("memory://")
        self.is_away = False
        self.loses_answers = False
        self.overwrites = False
        self.hides_keys = False
        self.puts = 0

    def get(self, key: str) -> bytes:
        self._reach()
        return self.inner.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._reach()
        self.puts += 1
        self.inner.put(key, data)

    def put_stream(self, key: str, pieces: Iterable[bytes]) -> None:
        self._reach()
        self.puts += 1
        self.inner.put_stream(key, pieces)

    def put_if_absent(self, key: str, data: bytes) -> None:
        self._reach()
        if self.overwrites:
            self.inner.put(key, data)
            return
        self.inner.put_if_absent(key, data)
        if self.loses_answers and key.startswith("logs/"):
            raise Unreachable("the answer got lost")

    def delete(self, key: str) -> None:
        self._reach()
        self.inner.delete(key)

    def list(self, prefix: str = "") -> Iterator[str]:
        self._reach()
        return iter(()) if self.hides_keys else self.inner.list(prefix)

    def stream(self, key: str) -> Iterator[bytes]:
        self._reach()
        return self.inner.stream(key)

    def _reach(self) -> None:
        if self.is_away:
            raise Unreachable("away")


@pytest.fixture
def remote() -> Flaky:
    return Flaky()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    log = PredictionLog(tmp_path, "dev")
    yield log
    log.close()


def ship_and_end(log: PredictionLog, bucket: Bucket, *, final: bool = False, **options: int) -> int:
    """One shipment of a service that stops then."""
    with closing(LogShipper(log, bucket, **options)) as shipper:
        return shipper.ship(final=final)


def put(log: PredictionLog, *names: str, when: datetime = DAY) -> None:
    for name in names:
        log.append(prediction_id=name, time=when, model=None, content={"name": name})


def arrived(bucket: Bucket) -> list[str]:
    """Ids of all lines in the bucket's parts, in order; the chain is checked on the way."""
    lines = [line for part in parts_in(bucket, "dev") for line in bucket.get(part.key).splitlines()]
    verify_log(lines)
    return [json.loads(line)["id"] for line in lines]


def test_new_lines_arrive_once_each(log: PredictionLog, remote: Flaky) -> None:
    shipper = LogShipper(log, remote)
    put(log, "a", "b")
    assert shipper.ship() == 2
    assert shipper.ship() == 0
    put(log, "c")
    assert shipper.ship() == 1
    assert arrived(remote) == ["a", "b", "c"]
    assert shipper.unshipped == 0


def test_a_part_is_named_by_its_day_and_lines(log: PredictionLog, remote: Flaky) -> None:
    put(log, "a", "b")
    ship_and_end(log, remote)
    [part] = parts_in(remote, "dev")
    assert part.key == f"logs/dev/2026-03-05/000000000001-000000000002-{log.head.hash[:12]}.jsonl"


def test_nothing_to_send_is_no_fault(log: PredictionLog, remote: Flaky) -> None:
    assert ship_and_end(log, remote, final=True) == 0
    assert list(remote.list("logs/dev")) == []


def test_while_the_bucket_is_away_lines_wait(log: PredictionLog, remote: Flaky) -> None:
    shipper = LogShipper(log, remote)
    put(log, "a")
    remote.is_away = True
    for _ in range(3):
        with pytest.raises(StorageError):
            shipper.ship()
    put(log, "b")
    assert shipper.unshipped == 2
    remote.is_away = False
    assert shipper.ship() == 2
    assert arrived(remote) == ["a", "b"]


def test_a_part_whose_answer_got_lost_is_not_sent_twice(log: PredictionLog, remote: Flaky) -> None:
    shipper = LogShipper(log, remote)
    put(log, "a")
    remote.loses_answers = True
    with pytest.raises(Unreachable):
        shipper.ship()
    remote.loses_answers = False
    put(log, "b")
    shipper.ship()
    assert arrived(remote) == ["a", "b"]


@pytest.mark.parametrize("part_bytes", [1, 1000, 1 << 20])
def test_a_new_shipper_goes_on_where_the_bucket_ends(log: PredictionLog, remote: Flaky, part_bytes: int) -> None:
    put(log, "a", "b", "c")
    ship_and_end(log, remote, part_bytes=part_bytes)
    put(log, "d", "e")
    again = LogShipper(log, remote, part_bytes=part_bytes)
    assert again.ship() == 2
    assert arrived(remote) == ["a", "b", "c", "d", "e"]


def test_days_go_to_folders_of_their_own_across_a_restart(tmp_path: Path, remote: Flaky) -> None:
    log = PredictionLog(tmp_path / "two", "dev")
    put(log, "a")
    ship_and_end(log, remote)
    put(log, "b")
    put(log, "c", when=DAY + timedelta(days=1))
    put(log, "d", when=DAY + timedelta(days=3))
    assert ship_and_end(log, remote) == 3
    assert arrived(remote) == ["a", "b", "c", "d"]
    assert [part.day for part in parts_in(remote, "dev")] == ["2026-03-05", "2026-03-05", "2026-03-06", "2026-03-08"]
    log.close()


def test_midnight_between_two_shipments_loses_nothing(log: PredictionLog, remote: Flaky) -> None:
    shipper = LogShipper(log, remote)
    put(log, "a")
    shipper.ship()
    put(log, "b")
    put(log, "c", when=DAY + timedelta(days=1))
    shipper.ship()
    assert arrived(remote) == ["a", "b", "c"]


def test_the_copy_is_the_current_day(log: PredictionLog, remote: Flaky, tmp_path: Path) -> None:
    shipper = LogShipper(log, remote)
    put(log, "a")
    shipper.ship()
    put(log, "b")
    shipper.ship(final=True)
    assert remote.get(COPY) == (tmp_path / "predicciones_dev.txt").read_bytes()
    put(log, "c", when=DAY + timedelta(days=1))
    shipper.ship(final=True)
    assert [json.loads(line)["id"] for line in remote.get(COPY).splitlines()] == ["c"]


def test_the_copy_is_put_right_by_a_restart(log: PredictionLog, remote: Flaky, tmp_path: Path) -> None:
    put(log, "a")
    ship_and_end(log, remote)
    remote.put(COPY, b"cut")
    ship_and_end(log, remote)
    assert remote.get(COPY) == (tmp_path / "predicciones_dev.txt").read_bytes()


def test_copying_a_long_day_takes_a_bounded_share_of_the_time(log: PredictionLog, remote: Flaky) -> None:
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            self.now += 1.0  # every look takes a second: a copy seems to last one
            return self.now

    clock = Clock()
    shipper = LogShipper(log, remote, monotonic=clock)
    for i in range(40):
        put(log, str(i))
        shipper.ship()
    assert 2 <= remote.puts <= 6
    shipper.ship(final=True)
    assert len(remote.get(COPY).splitlines()) == 40


def test_another_content_under_our_name_is_reported_and_left_alone(log: PredictionLog, remote: Flaky) -> None:
    put(log, "a")
    key = f"logs/dev/2026-03-05/000000000001-000000000001-{log.head.hash[:12]}.jsonl"
    shipper = LogShipper(log, remote)
    remote.is_away = True
    with pytest.raises(Unreachable):
        shipper.ship()
    remote.is_away = False
    # the other appears after we looked: the listing did not show it
    remote.hides_keys = True
    remote.put(key, b"other")
    with pytest.raises(ShippingConflict, match="other content"):
        shipper.ship()
    assert remote.get(key) == b"other"


def test_two_logs_that_went_apart_keep_all_their_lines(tmp_path: Path, remote: Flaky) -> None:
    for folder in ("one", "two"):
        log = PredictionLog(tmp_path / folder, "dev")
        put(log, f"{folder}-a", f"{folder}-b")
        ship_and_end(log, remote)
        log.close()
    ids = [json.loads(line)["id"] for part in parts_in(remote, "dev") for line in remote.get(part.key).splitlines()]
    assert sorted(ids) == ["one-a", "one-b", "two-a", "two-b"]


def test_a_store_that_overwrites_silently_gets_no_log(log: PredictionLog, remote: Flaky) -> None:
    remote.overwrites = True
    put(log, "a")
    with pytest.raises(Unsafe):
        ship_and_end(log, remote)
    assert list(remote.list("logs")) == []


def test_the_head_in_the_bucket_is_where_a_new_disk_goes_on(log: PredictionLog, remote: Flaky, tmp_path: Path) -> None:
    assert head_in(remote, "dev") is None
    put(log, "a", "b")
    ship_and_end(log, remote, part_bytes=1)
    assert head_in(remote, "dev") == log.head
    assert head_in(remote, "prod") is None
    fresh = PredictionLog(tmp_path / "fresh", "dev", resume=lambda: head_in(remote, "dev"))
    put(fresh, "c")
    ship_and_end(fresh, remote)
    assert arrived(remote) == ["a", "b", "c"]
    fresh.close()


def test_a_folder_bucket_takes_the_log_too(log: PredictionLog, tmp_path: Path) -> None:
    folder = open_bucket(f"file://{tmp_path}/bucket")
    put(log, "a")
    ship_and_end(log, folder, final=True)
    assert arrived(folder) == ["a"]
    with pytest.raises(AlreadyExists):
        folder.put_if_absent(parts_in(folder, "dev")[0].key, b"x")


@pytest.mark.server
def test_a_real_s3_store_takes_the_log(log: PredictionLog, s3_bucket) -> None:
    remote = open_bucket(s3_bucket.url)
    put(log, "a", "b")
    ship_and_end(log, remote, final=True)
    put(log, "c")
    ship_and_end(log, remote, final=True)
    assert arrived(remote) == ["a", "b", "c"]
    assert len(remote.get(COPY).splitlines()) == 3


def test_of_several_workers_one_ships_and_another_takes_over(tmp_path: Path, remote: Flaky) -> None:
    one, two = PredictionLog(tmp_path / "two", "dev"), PredictionLog(tmp_path / "two", "dev")
    shippers = LogShipper(one, remote), LogShipper(two, remote)
    put(one, "a")
    put(two, "b")
    assert [shipper.ship() for shipper in shippers] == [2, 0]
    put(two, "c")
    assert [shipper.unshipped for shipper in shippers] == [1, 1]
    assert shippers[1].ship() == 0
    shippers[0].close()
    one.close()
    assert shippers[1].ship() == 1
    assert shippers[1].unshipped == 0
    assert arrived(remote) == ["a", "b", "c"]
    shippers[1].close()
    two.close()


def test_a_worker_that_stops_waits_for_its_turn_to_send_what_is_left(tmp_path: Path, remote: Flaky) -> None:
    one, two = PredictionLog(tmp_path / "two", "dev"), PredictionLog(tmp_path / "two", "dev")
    first, last = LogShipper(one, remote), LogShipper(two, remote)
    put(one, "a")
    first.ship()
    put(two, "b")
    stopping = threading.Timer(0.3, first.close)
    stopping.start()
    assert last.ship(final=True) == 1
    assert arrived(remote) == ["a", "b"]
    for open_one in (last, one, two):
        open_one.close()
