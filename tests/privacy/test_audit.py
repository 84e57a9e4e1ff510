import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import AuditFailed, AuditLog, redact_url

WHEN = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_who_what_when_and_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "audit.jsonl"
    AuditLog(path).record("ana", "lake.read", "s3://bucket/lake", WHEN, "done")
    assert lines(path) == [
        {
            "when": "2026-03-04T05:06:07.089+00:00",
            "who": "ana",
            "action": "lake.read",
            "target": "s3://bucket/lake",
            "outcome": "done",
        }
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_are_appended_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        AuditLog(path).record("ana", f"a{number}", "x", WHEN, "done")
    assert [line["action"] for line in lines(path)] == ["a0", "a1", "a2"]


def test_time_is_written_in_utc_and_must_have_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path).record("ana", "a", "x", WHEN.astimezone(timezone(timedelta(hours=-5))), "done")
    assert lines(path)[0]["when"] == "2026-03-04T05:06:07.089+00:00"
    with pytest.raises(ValueError, match="no time zone"):
        AuditLog(path).record("ana", "a", "x", WHEN.replace(tzinfo=None), "done")
    assert len(lines(path)) == 1


def test_text_with_line_breaks_stays_one_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path).record('a\n{"who": "mallory"}', "a\u2028b", "\ud800", WHEN, "done")
    assert path.read_bytes().count(b"\n") == 1
    assert json.loads(path.read_bytes())["who"] == 'a\n{"who": "mallory"}'


def test_target_and_outcome_lose_their_credentials(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path).record("ana", "a", "postgresql://u:hush@db/x", WHEN, "failed: postgresql://u:hush@db/x refused")
    assert "hush" not in path.read_text()
    assert lines(path)[0]["target"] == "postgresql://***@db/x"


def test_several_threads_lose_and_mix_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: AuditLog(path).record("ana" * 200, str(n), "x", WHEN, "done"), range(200)))
    assert sorted(int(line["action"]) for line in lines(path)) == list(range(200))


@pytest.mark.parametrize("call", ["write", "fdatasync", "open"])
def test_a_full_disk_stops_the_access(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(AuditFailed, match="No space left on device"):
        AuditLog(tmp_path / "audit.jsonl").record("ana", "a", "x", WHEN, "done")


def test_half_a_line_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[:5]))
    with pytest.raises(AuditFailed, match="only a part"):
        AuditLog(tmp_path / "audit.jsonl").record("ana", "a", "x", WHEN, "done")


def test_the_line_is_on_disk_before_record_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.jsonl"
    synced: list[int] = []
    whole = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda handle: (synced.append(path.stat().st_size), whole(handle))[1])
    AuditLog(path).record("ana", "a", "x", WHEN, "done")
    assert synced == [path.stat().st_size]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@host/db", "postgresql://***@host/db"),
        (
            "postgresql+psycopg://u:p@host:5432/db?sslmode=require",
            "postgresql+psycopg://***@host:5432/db?sslmode=require",
        ),
        ("https://token@host/x", "https://***@host/x"),
        ("s3://bucket/lake", "s3://bucket/lake"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("file:///srv/lake", "file:///srv/lake"),
        ("memory://", "memory://"),
        ("https://host/x?X-Amz-Signature=abc&region=eu", "https://host/x?X-Amz-Signature=***&region=eu"),
        ("https://host/x?sig=abc#frag", "https://host/x?sig=***"),
        ("host=db user=u password='a b' dbname=x", "host=db user=u password=*** dbname=x"),
        ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
        ("data/lake", "data/lake"),
    ],
)
def test_credentials_are_removed_and_the_rest_is_left(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@settings(deadline=None)
@given(
    password=st.text("abc/?#@:&=%+ñ", min_size=1, max_size=12).map(lambda text: f"HUSH{text}HUSH"),
    scheme=st.sampled_from(["postgresql", "s3", "https"]),
)
def test_no_password_comes_out_however_it_is_written(password: str, scheme: str) -> None:
    assert "HUSH" not in redact_url(f"{scheme}://user:{password}@host/db?sslmode=require")
    assert "HUSH" not in redact_url(f"{scheme}://user:{password}@host")


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_redacting_never_fails_on_odd_text(text: str) -> None:
    redact_url(text)
    redact_url(f"https://{text}")
