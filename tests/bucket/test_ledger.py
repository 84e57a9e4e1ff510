import json
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.bucket import BrokenLedger, LostRace, append, ledger_key, read_ledger
from raretriage.storage import Bucket, open_bucket

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def publish(bucket: Bucket, version: str, env: str = "dev"):
    return append(
        bucket,
        env,
        action="publish",
        to_version=version,
        manifest_sha256="a" * 64,
        certificate_basis="simulated",
        who="tester",
        why="test",
        now=NOON,
    )


def test_the_highest_entry_is_the_state_and_names_the_one_before():
    bucket = open_bucket("memory://")
    publish(bucket, "1.0")
    publish(bucket, "1.1")
    entries = read_ledger(bucket, "dev")
    assert [(e.number, e.from_version, e.to_version) for e in entries] == [(1, None, "1.0"), (2, "1.0", "1.1")]
    assert read_ledger(bucket, "prod") == []


def test_two_who_publish_at_once_cannot_both_win(tmp_path):
    bucket = open_bucket(f"file://{tmp_path}")
    outcomes: list[str] = []
    gate = threading.Barrier(8)

    def attempt(name: str) -> None:
        gate.wait()
        try:
            publish(bucket, name)
            outcomes.append("won")
        except LostRace:
            outcomes.append("lost")

    threads = [threading.Thread(target=attempt, args=(f"1.{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = read_ledger(bucket, "dev")
    assert len(outcomes) == 8
    assert len(entries) == outcomes.count("won") >= 1


def test_a_lost_race_changes_nothing():
    bucket = open_bucket("memory://")
    publish(bucket, "1.0")

    class Rival:
        """Writes the next entry just before the caller does."""

        def __getattr__(self, name):
            return getattr(bucket, name)

        def put_if_absent(self, key, data):
            publish(bucket, "rival")
            bucket.put_if_absent(key, data)

    with pytest.raises(LostRace):
        publish(Rival(), "late")
    assert [e.to_version for e in read_ledger(bucket, "dev")] == ["1.0", "rival"]


def test_a_retried_success_is_a_success():
    bucket = open_bucket("memory://")

    class AnswersTwice:
        def __getattr__(self, name):
            return getattr(bucket, name)

        def put_if_absent(self, key, data):
            bucket.put_if_absent(key, data)
            bucket.put_if_absent(key, data)

    assert publish(AnswersTwice(), "1.0").number == 1


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_edit_of_an_earlier_entry_goes_unseen(data):
    bucket = open_bucket("memory://")
    for i in range(4):
        publish(bucket, f"1.{i}")
    number = data.draw(st.integers(1, 3))
    key = ledger_key("dev", number)
    entry = json.loads(bucket.get(key))
    field = data.draw(st.sampled_from(["who", "why", "to_version", "previous", "manifest_sha256"]))
    entry[field] = "b" * 64
    bucket.put(key, json.dumps(entry).encode())
    with pytest.raises(BrokenLedger):
        read_ledger(bucket, "dev")


def test_a_missing_entry_is_named():
    bucket = open_bucket("memory://")
    for i in range(3):
        publish(bucket, f"1.{i}")
    bucket.delete(ledger_key("dev", 2))
    with pytest.raises(BrokenLedger, match="should be entry 2 of dev"):
        read_ledger(bucket, "dev")


def test_nothing_is_appended_to_a_broken_ledger():
    bucket = open_bucket("memory://")
    publish(bucket, "1.0")
    bucket.put(ledger_key("dev", 1), b"{}")
    with pytest.raises(BrokenLedger, match="not a ledger entry"):
        publish(bucket, "1.1")
    assert list(bucket.list("ledger/dev")) == [ledger_key("dev", 1)]
