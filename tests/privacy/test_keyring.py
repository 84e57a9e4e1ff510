import json
import logging
import os
import re
import stat
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.domain import Pseudonym
from raretriage.privacy import Keyring, KeyringExists, KeyringInvalid, KeyringNotFound, Kind, RotationMismatch
from raretriage.privacy.keyring import MAX_SHIFT_DAYS

KEYS = (b"\xa1" * 32, b"\xb2" * 32, b"\xc3" * 32)
ids = st.text(st.characters(codec=None), min_size=1, max_size=40)


def secrets_of(*keys: bytes) -> list[str]:
    return [text for key in keys for text in (key.hex(), repr(bytes(key))[2:-1])]


def written(**changes: object) -> str:
    return json.dumps({"format": "raretriage-keyring", "version": 1, "keys": [KEYS[0].hex()]} | changes)


def assert_hidden(text: str, *keys: bytes) -> None:
    assert [secret for secret in secrets_of(*keys) if secret in text] == []


@settings(deadline=None)
@given(raw=ids, kind=st.sampled_from(Kind), count=st.integers(1, 2))
def test_rekeying_an_old_pseudonym_gives_the_new_one_of_the_same_raw_id(raw: str, kind: Kind, count: int) -> None:
    old = Keyring.from_keys(KEYS[:count])
    new = Keyring.from_keys(KEYS[: count + 1])
    assert new.rekey(kind, old.pseudonym(kind, raw)) == new.pseudonym(kind, raw)
    assert new.pseudonym(kind, raw) != old.pseudonym(kind, raw)


@settings(deadline=None)
@given(raw=ids)
def test_kinds_never_share_a_pseudonym(raw: str) -> None:
    keyring = Keyring.from_keys(KEYS[:1])
    hashes = [keyring.pseudonym(kind, raw).rpartition("-")[2][:16] for kind in Kind]
    assert len(set(hashes)) == len(Kind)


def test_pseudonym_is_the_documented_hmac() -> None:
    # Source: printf 'patient\0abc' | openssl dgst -sha256 -mac HMAC -macopt hexkey:a1a1 (32 times a1)
    expected = "p-2a6a4544f148a34991be932ee55faf44"
    assert Keyring.from_keys(KEYS[:1]).pseudonym(Kind.PATIENT, "abc") == expected


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (Kind.PATIENT, r"p-[0-9a-f]{32}"),
        (Kind.ENCOUNTER, r"e-[0-9a-f]{32}"),
        (Kind.SITE, r"site-[0-9a-f]{16}"),
        (Kind.SOURCE, r"file-[0-9a-f]{32}"),
        (Kind.LINE, r"line-[0-9a-f]{32}"),
    ],
)
def test_pseudonyms_have_a_readable_prefix(kind: Kind, shape: str) -> None:
    assert re.fullmatch(shape, Keyring.from_keys(KEYS[:2]).pseudonym(kind, "abc"))


def test_an_empty_id_has_no_pseudonym() -> None:
    with pytest.raises(ValueError, match="empty patient id"):
        Keyring.create().pseudonym(Kind.PATIENT, "")


def test_another_key_gives_other_pseudonyms_digests_and_key_id() -> None:
    one, two = Keyring.create(), Keyring.create()
    assert one.pseudonym(Kind.PATIENT, "a") != two.pseudonym(Kind.PATIENT, "a")
    assert one.digest(b"a") != two.digest(b"a")
    assert one.key_id != two.key_id


def test_key_id_changes_with_rotation_and_names_no_key() -> None:
    keyring = Keyring.from_keys(KEYS[:1])
    rotated = keyring.rotated()
    assert keyring.key_id != rotated.key_id
    assert re.fullmatch(r"k-[0-9a-f]{12}", rotated.key_id)
    assert_hidden(keyring.key_id, *(key[:6] for key in KEYS))


@settings(deadline=None)
@given(patient=st.uuids())
def test_shift_is_never_zero_stays_in_range_and_is_constant(patient: object) -> None:
    keyring = Keyring.from_keys(KEYS[:1])
    shift = keyring.shift_days(Pseudonym(f"p-{patient}"))
    assert 1 <= abs(shift) <= MAX_SHIFT_DAYS
    assert keyring.shift_days(Pseudonym(f"p-{patient}")) == shift


def test_who_holds_only_the_old_keys_does_not_know_the_new_shifts() -> None:
    one, two = Keyring.from_keys(KEYS[:2]), Keyring.from_keys((KEYS[0], KEYS[2]))
    names = [Pseudonym(f"p-{number}") for number in range(20)]
    assert [one.shift_days(name) for name in names] != [two.shift_days(name) for name in names]


def test_every_shift_occurs() -> None:
    keyring = Keyring.from_keys(KEYS[:1])
    shifts = {keyring.shift_days(Pseudonym(f"p-{number}")) for number in range(8_000)}
    assert shifts == set(range(-MAX_SHIFT_DAYS, MAX_SHIFT_DAYS + 1)) - {0}


def test_saved_keyring_is_private_and_loads_equal(tmp_path: Path) -> None:
    keyring = Keyring.create().rotated()
    path = tmp_path / "keys" / "keyring.json"
    keyring.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.load(path) == keyring
    assert list(path.parent.iterdir()) == [path]


def test_saving_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    first = Keyring.create()
    first.save(path)
    with pytest.raises(KeyringExists, match="not overwritten"):
        Keyring.create().save(path)
    assert Keyring.load(path) == first
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_next_rotation_replaces_a_keyring(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    first = Keyring.create()
    second = first.rotated()
    with pytest.raises(KeyringNotFound):
        second.replace(path)
    first.save(path)
    for stranger in (Keyring.create(), second.rotated(), first):
        with pytest.raises(RotationMismatch, match="one step at a time"):
            stranger.replace(path)
    second.replace(path)
    assert Keyring.load(path) == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_file_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyringNotFound, match=r"nowhere\.json; create one"):
        Keyring.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        written(format="other"),
        written(version=2),
        written(keys=[]),
        written(keys=[KEYS[0].hex()[:-2]]),
        written(keys=[KEYS[0].hex() + "!"]),
        written(keys=[KEYS[0].hex()] * 2),
        written(keys=[7]),
        written()[:-2],
    ],
)
def test_what_is_no_keyring_is_refused_without_showing_it(content: str, tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(content)
    with pytest.raises(KeyringInvalid) as refused:
        Keyring.load(path)
    shown = "".join(traceback.format_exception(refused.value))
    assert_hidden(shown, KEYS[0][:-1])


def test_binary_file_is_no_keyring(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.write_bytes(KEYS[0])
    with pytest.raises(KeyringInvalid, match="not UTF-8"):
        Keyring.load(path)


def test_settings_take_hex_keys_json_or_a_path(tmp_path: Path) -> None:
    keyring = Keyring.from_keys(KEYS[:2])
    path = tmp_path / "keyring.json"
    keyring.save(path)
    assert Keyring.from_settings(f"{KEYS[0].hex()}, {KEYS[1].hex().upper()}") == keyring
    assert Keyring.from_settings(path.read_text()) == keyring
    assert Keyring.from_settings(str(path)) == keyring


@pytest.mark.parametrize(
    "slip", [KEYS[0].hex()[:-1], KEYS[0].hex() + ";", "/" + KEYS[0].hex() * 30, "x\0" + KEYS[0].hex()]
)
def test_a_mistyped_key_in_the_settings_is_not_shown(slip: str) -> None:
    with pytest.raises(KeyringInvalid, match="not shown") as refused:
        Keyring.from_settings(slip)
    shown = "".join(traceback.format_exception(refused.value))
    assert KEYS[0].hex()[:20] not in shown


def test_key_never_in_repr_str_or_log(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    keyring = Keyring.from_keys(KEYS)
    path = tmp_path / "keyring.json"
    with caplog.at_level(logging.DEBUG):
        keyring.save(path)
        path.chmod(0o644)
        Keyring.load(path)
        logging.getLogger("test").warning("%s %r %s", keyring, keyring, keyring._keys)
    assert "keyring_open_to_others" in caplog.text
    for text in (repr(keyring), str(keyring), f"{keyring}", caplog.text, f"{keyring._keys[0]}"):
        assert_hidden(text, *KEYS)
    assert repr(keyring) == f"Keyring(key_id={keyring.key_id!r}, keys=3)"


def test_key_never_in_a_traceback_that_shows_locals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty") as refused:
        Keyring.from_keys(KEYS[:1]).pseudonym(Kind.PATIENT, "")
    shown = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "Keyring(key_id=" in shown
    assert_hidden(shown, KEYS[0])


def test_a_private_file_gives_no_warning(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    Keyring.create().save(tmp_path / "keyring.json")
    Keyring.load(tmp_path / "keyring.json")
    assert caplog.text == ""


def test_keyring_file_is_plain_json(tmp_path: Path) -> None:
    Keyring.from_keys(KEYS[:1]).save(tmp_path / "keyring.json")
    assert json.loads((tmp_path / "keyring.json").read_text()) == {
        "format": "raretriage-keyring",
        "version": 1,
        "keys": [KEYS[0].hex()],
    }


def test_a_full_disk_leaves_no_half_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Keyring.create().save(tmp_path / "keyring.json")
    assert list(tmp_path.iterdir()) == []
