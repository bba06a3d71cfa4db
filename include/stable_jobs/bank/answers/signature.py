"""A detached signature of a bank's answer: SHA-256 with the bank's RSA or ECDSA key, or Ed25519.

As `openssl dgst -sha256 -sign` writes it (for Ed25519: `openssl pkeyutl -sign -rawin`), plain or in base64.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stable_jobs.digests import sha256_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    Key: TypeAlias = "RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey"

ENDING = ".sig"
MOST_BYTES = 8_192
"""Of a signature; one of RSA with 4096 bits takes 512."""
LEAST_RSA = 2_048


def check_public_key(pem: str) -> None:
    """ValueError for a text that is no public key of an accepted kind."""
    _key(pem)


def is_signed(file: Path, signature: Path, pem: str) -> bool:
    """Whether the bytes of the signature are the key's for the bytes of the file."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    key, given = _key(pem), _bytes(signature)
    digest = utils.Prehashed(hashes.SHA256())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(given, bytes.fromhex(sha256_of(file)), padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, bytes.fromhex(sha256_of(file)), ec.ECDSA(digest))
        else:
            key.verify(given, file.read_bytes())
    except InvalidSignature:
        return False
    return True


def _key(pem: str) -> Key:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a public key in PEM") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA:
        return key
    if isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        return key
    raise ValueError(f"a public key of RSA with {LEAST_RSA} bits or more, ECDSA or Ed25519")


def _bytes(signature: Path) -> bytes:
    with signature.open("rb") as file:
        given = file.read(MOST_BYTES)
    try:
        return base64.b64decode(b"".join(given.split()), validate=True)
    except binascii.Error:
        return given
