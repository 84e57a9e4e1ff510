"""The key by which an installation signs what it publishes: a P-256 key in two PEM files, made once."""

from pathlib import Path

from raretriage.bucket import public_file
from raretriage.privacy.files import create_private
from raretriage.release.errors import SigningKeyUnusable


def make_key(private_file: Path) -> None:
    """Make a key where there is none: the private file with mode 0600, the public one beside it.

    Raises:
        FileExistsError: there is a key already; it is untouched.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    create_private(private_file, private.decode())
    write_public(private_file)


def write_public(private_file: Path) -> None:
    """Write the public file anew from the private one. Raises as `check_key`."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(check_key(private_file), password=None)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public_file(private_file).write_bytes(public)


def check_key(private_file: Path) -> bytes:
    """The private key as PEM, which can sign.

    Raises:
        SigningKeyUnusable: there is none, or it is no elliptic curve's key without a password.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        data = private_file.read_bytes()
        key = serialization.load_pem_private_key(data, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningKeyUnusable(f"{private_file} is no private key that can be used: {type(error).__name__}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SigningKeyUnusable(f"{private_file} holds a key of another kind: an elliptic curve's is needed (P-256)")
    return data
