"""Who made this version? A signature over the files that the service loads, by OpenSSF's `model-signing`.

It covers the manifest, which holds the hash of all else, the graph and its explanation. So a stranger can check a
downloaded folder with that project's own command:

    model_signing verify key FOLDER --signature FOLDER/model.sig --public_key KEY.pub.pem --ignore_unsigned_files

The library is imported when it is used: it brings a good deal along (measured: 0.4 s, 25 MB).
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from raretriage.bucket.errors import BadSignature, NoTrustedKey, Unsigned
from raretriage.bucket.layout import SIGNATURE_FILE

PEM_SUFFIX = ".pem"


def public_file(private_file: Path) -> Path:
    """`signing.pub.pem` beside `signing.pem`: what a service trusts, and what may be given to anybody."""
    return private_file.with_suffix(".pub" + PEM_SUFFIX)


def trusted_keys(configured: Path | None, *, otherwise: Path) -> tuple[bytes, ...]:
    """The public keys that may have signed, as PEM; none where nothing is configured and the default is not there.

    Args:
        configured: a file, or a folder of `.pem` files: all of them are trusted, so that keys can be replaced.
        otherwise: the file to take where it is there and nothing is configured.

    Raises:
        NoTrustedKey: what is configured cannot be read or holds no key.
    """
    if configured is None:
        return (otherwise.read_bytes(),) if otherwise.is_file() else ()
    try:
        files = sorted(configured.glob(f"*{PEM_SUFFIX}")) if configured.is_dir() else [configured]
        keys = tuple(file.read_bytes() for file in files)
    except OSError as error:
        raise NoTrustedKey(f"{configured} cannot be read ({error.strerror}): see TRUSTED_KEYS") from error
    if not keys:
        raise NoTrustedKey(f"{configured} holds no {PEM_SUFFIX} file: see TRUSTED_KEYS")
    return keys


def sign(files: Mapping[str, bytes], private_key: Path) -> bytes:
    """The signature, a Sigstore bundle.

    Args:
        files: of one version, by name.
        private_key: a PEM file with an elliptic curve's key.
    """
    from model_signing import signing

    with _as_folder(files) as folder:
        signature = folder.parent / SIGNATURE_FILE
        signing.Config().use_elliptic_key_signer(private_key=private_key).sign(folder, signature)
        return signature.read_bytes()


def verify(files: Mapping[str, bytes], signature: bytes | None, trusted: Sequence[bytes], *, version: str) -> None:
    """Pass when one of the trusted keys signed just these files.

    Args:
        files: of one version, by name.
        trusted: public keys as PEM, at least one.
        version: for the message.

    Raises:
        Unsigned: there is no signature.
        BadSignature: none of the keys made it, or of other files.
    """
    from model_signing import verifying

    if signature is None:
        raise Unsigned(f"{version} has no signature and a key is trusted: publish it again, which signs it")
    with _as_folder(files) as folder:
        place = folder.parent / SIGNATURE_FILE
        place.write_bytes(signature)
        public = folder.parent / f"key{PEM_SUFFIX}"
        for key in trusted:
            public.write_bytes(key)
            try:
                verifying.Config().use_elliptic_key_verifier(public_key=public).verify(folder, place)
            except Exception:  # noqa: BLE001, S112 - its errors have no common class; any of them is a no
                continue
            return
    raise BadSignature(
        f"the signature of {version} is not that of a trusted key over these files: it was changed, or signed by "
        "somebody else; publish it again, or trust the key that signed it"
    )


@contextmanager
def _as_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The library reads folders; ours is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="raretriage-signature-") as temporary:
        folder = Path(temporary) / "version"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        yield folder
