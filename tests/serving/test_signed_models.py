"""Who made a version: signed at publishing, checked before anything of it is used."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from raretriage.bucket import (
    EXPLANATION_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    SIGNATURE_FILE,
    BadSignature,
    NoTrustedKey,
    Unsigned,
    current_entry,
    load_package,
    public_file,
    sign,
    trusted_keys,
    verify,
    version_key,
)
from raretriage.release.errors import SigningKeyUnusable
from raretriage.release.signing_key import check_key, make_key, write_public
from raretriage.serving.model_store import ModelStore
from raretriage.storage import Bucket, open_bucket
from tests.release.test_publish import make_run, release
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, Publisher, tiny_explanation

Pair = tuple[Path, bytes]
FILES = {MANIFEST_FILE: b"{}", MODEL_FILE: b"a graph" * 1000}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two private keys, ours and somebody else's."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours.pem", "theirs.pem"):
        make_key(folder / name)
    return folder / "ours.pem", folder / "theirs.pem"


@pytest.fixture(scope="module")
def ours(keys: tuple[Path, Path]) -> Pair:
    """Private and public."""
    return keys[0], public_file(keys[0]).read_bytes()


@pytest.fixture(scope="module")
def theirs(keys: tuple[Path, Path]) -> Pair:
    return keys[1], public_file(keys[1]).read_bytes()


def sign_version(bucket: Bucket, version: str, private: Path) -> None:
    names = (MANIFEST_FILE, MODEL_FILE, EXPLANATION_FILE)
    there = {key.rpartition("/")[2] for key in bucket.list(version_key(version, ""))}
    files = {name: bucket.get(version_key(version, name)) for name in names if name in there}
    bucket.put(version_key(version, SIGNATURE_FILE), sign(files, private))


def test_what_was_signed_verifies_by_any_trusted_key(ours: Pair, theirs: Pair) -> None:
    signature = sign(FILES, ours[0])
    verify(FILES, signature, [ours[1]], version="v1")
    verify(FILES, signature, [theirs[1], ours[1]], version="v1")


@pytest.mark.parametrize("name", [MANIFEST_FILE, MODEL_FILE])
def test_one_byte_more_or_another_name_does_not(ours: Pair, name: str) -> None:
    signature = sign(FILES, ours[0])
    for changed in (
        FILES | {name: FILES[name] + b"x"},
        {other: data for other, data in FILES.items() if other != name},
        FILES | {"one.more": b""},
    ):
        with pytest.raises(BadSignature, match="v1"):
            verify(changed, signature, [ours[1]], version="v1")


def test_somebody_elses_and_cut_and_missing_signatures_do_not(ours: Pair, theirs: Pair) -> None:
    signature = sign(FILES, ours[0])
    for wrong in (sign(FILES, theirs[0]), signature[:-10], signature[: len(signature) // 2], b"", b"{}", b"\xff"):
        with pytest.raises(BadSignature):
            verify(FILES, wrong, [ours[1]], version="v1")
    with pytest.raises(Unsigned):
        verify(FILES, None, [ours[1]], version="v1")


def test_a_stranger_checks_a_downloaded_folder_with_the_librarys_own_command(
    tmp_path: Path, keys: tuple[Path, Path], ours: Pair
) -> None:
    folder = tmp_path / "downloaded"
    folder.mkdir()
    for name, data in (FILES | {"model_card.md": b"more", SIGNATURE_FILE: sign(FILES, ours[0])}).items():
        (folder / name).write_bytes(data)
    command = [
        str(Path(sys.executable).parent / "model_signing"),
        *("verify", "key", str(folder), "--signature", str(folder / SIGNATURE_FILE)),
        *("--public_key", str(public_file(keys[0])), "--ignore_unsigned_files"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / MODEL_FILE).write_bytes(b"another graph")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    make_key(path)
    made = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in public_file(path).read_bytes()
    with pytest.raises(FileExistsError):
        make_key(path)
    assert path.read_bytes() == made
    public = public_file(path).read_bytes()
    public_file(path).unlink()
    write_public(path)
    assert public_file(path).read_bytes() == public


def test_what_is_no_key_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("secret nonsense")
    for path in (tmp_path / "key.pem", tmp_path / "missing.pem"):
        with pytest.raises(SigningKeyUnusable) as refused:
            check_key(path)
        assert path.name in str(refused.value)
        assert "secret" not in str(refused.value)


def test_whom_to_trust(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    default = public_file(keys[0])
    assert trusted_keys(None, otherwise=default) == (default.read_bytes(),)
    assert trusted_keys(None, otherwise=tmp_path / "missing.pem") == ()
    assert trusted_keys(public_file(keys[1]), otherwise=default) == (public_file(keys[1]).read_bytes(),)
    assert len(trusted_keys(keys[0].parent, otherwise=default)) == 4
    for wrong in (tmp_path, tmp_path / "missing.pem"):
        with pytest.raises(NoTrustedKey, match="TRUSTED_KEYS"):
            trusted_keys(wrong, otherwise=default)


@pytest.fixture
def store(bucket: Bucket, ours: Pair) -> ModelStore:
    return ModelStore(bucket, "dev", trusted=lambda: [ours[1]])


def test_a_signed_version_is_served_and_says_so(
    publisher: Publisher,
    serve: Serve,
    ours: Pair,
) -> None:
    publisher.publish(explanation=tiny_explanation())
    sign_version(publisher.bucket, "2026.03.01-test", ours[0])
    with serve(trusted=lambda: [ours[1]]) as client:
        assert client.get("/health").json()["model"]["signature"] == "verified"
    with serve() as client:
        assert "not checked" in client.get("/health").json()["model"]["signature"]


def refused_by(client: TestClient) -> str:
    """Why nothing but the rules answers."""
    health = client.get("/health").json()
    assert (health["fallback"], health["model"]) == (True, None)
    assert client.post("/predict", json=BASIC).json()["fallback"] is True
    assert "raretriage_model_problem 1.0" in client.get("/metrics").text
    return str(health["problem"])


def test_an_unsigned_version_is_not_served_where_a_key_is_trusted(
    publisher: Publisher,
    serve: Serve,
    ours: Pair,
) -> None:
    publisher.publish()
    with serve(trusted=lambda: [ours[1]]) as client:
        assert "has no signature" in refused_by(client)


def test_where_the_keys_cannot_be_read_nothing_is_served(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    missing = tmp_path / "trusted"
    with serve(trusted=lambda: trusted_keys(missing, otherwise=missing)) as client:
        assert "TRUSTED_KEYS" in refused_by(client)


@pytest.mark.parametrize("what", ["foreign", "of another version", "cut", "missing"])
def test_the_last_good_version_stays_when_the_next_ones_signature_is_wrong(
    store: ModelStore,
    publisher: Publisher,
    ours: Pair,
    theirs: Pair,
    what: str,
) -> None:
    publisher.publish(version="v1")
    sign_version(publisher.bucket, "v1", ours[0])
    store.refresh()
    publisher.publish(version="v2")
    key = version_key("v2", SIGNATURE_FILE)
    sign_version(publisher.bucket, "v2", theirs[0] if what == "foreign" else ours[0])
    if what == "of another version":
        publisher.bucket.put(key, publisher.bucket.get(version_key("v1", SIGNATURE_FILE)))
    if what == "cut":
        publisher.bucket.put(key, publisher.bucket.get(key)[:-20])
    if what == "missing":
        publisher.bucket.delete(key)
    store.refresh()
    assert store.current is not None
    assert (store.current.scorer.manifest.version, store.current.is_verified) == ("v1", True)
    assert store.problem is not None
    assert "v2" in store.problem
    sign_version(publisher.bucket, "v2", ours[0])
    store.refresh()
    assert (store.current.scorer.manifest.version, store.problem) == ("v2", None)


def test_publishing_signs_and_a_second_time_keeps_the_signature(tmp_path: Path, ours: Pair) -> None:
    run, remote = make_run(tmp_path / "run"), open_bucket("memory://")
    release(run, remote, signing_key=ours[0])
    key = version_key(run.manifest.version, SIGNATURE_FILE)
    signature = remote.get(key)
    release(run, remote, signing_key=ours[0])
    assert remote.get(key) == signature
    assert load_package(remote, current_entry(remote, "dev"), trusted=[ours[1]]).is_verified


def test_what_was_published_unsigned_is_signed_by_publishing_again(tmp_path: Path, ours: Pair) -> None:
    run, remote = make_run(tmp_path / "run"), open_bucket("memory://")
    release(run, remote)
    with pytest.raises(Unsigned, match="publish it again"):
        load_package(remote, current_entry(remote, "dev"), trusted=[ours[1]])
    release(run, remote, signing_key=ours[0])
    assert load_package(remote, current_entry(remote, "dev"), trusted=[ours[1]]).is_verified
