"""Values kept sealed: what stands in the database is of no use to whoever has the database alone.

The keys come from GUANJIA_DATA_KEY (comma separated, newest first) or from the file `data.key` in the data folder, made
once. New values are sealed with the first key; what an older key sealed is read as long as that key is still listed.
A context ("registry.resident.identity:<company>:<row>") is bound to each value: put elsewhere, it does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guanjia.config import Config, kept_once

KEY_FILE = "data.key"
SHORTEST_KEY = 32  # characters
_VERSION = "s1"
_MAGIC = b"\x89gjs1."  # no file of the types that are taken begins so
_NONCE = 12  # bytes, random for each value


class KeyFault(Exception):
    """The keys of this installation do not serve; the message says what to do."""

    holds_no_values = True


class _Keys(NamedTuple):
    id: str
    sealing: bytes
    finding: bytes


def seal(config: Config, plaintext: str, context: str) -> str:
    """The value, sealed with the newest key: about 50 characters of ASCII more than 4/3 of its bytes.

    Raises KeyFault for a key that is too short.
    """
    keys = _keys(config)[0]
    nonce = os.urandom(_NONCE)
    hidden = AESGCM(keys.sealing).encrypt(nonce, plaintext.encode("utf-8"), context.encode("utf-8"))
    return f"{_VERSION}.{keys.id}.{base64.urlsafe_b64encode(nonce + hidden).decode('ascii').rstrip('=')}"


def unseal(config: Config, sealed: str, context: str) -> str:
    """The value again. Raises KeyFault if its key is not listed any more, or if it was altered or moved."""
    version, _dot, rest = sealed.partition(".")
    key_id, _dot, body = rest.partition(".")
    if version != _VERSION:
        raise KeyFault("This value was not sealed by this program, or by a newer release of it.")
    keys = _keys_named(config, key_id)
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return AESGCM(keys.sealing).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode("utf-8")).decode("utf-8")
    except (InvalidTag, ValueError, binascii.Error):
        raise KeyFault("A sealed value was altered, or belongs to another record. Restore it from a backup.") from None


def seal_bytes(config: Config, content: bytes, context: str) -> bytes:
    """The content of a file, sealed with the newest key: 38 bytes longer. Raises KeyFault for a key that is too short."""
    keys = _keys(config)[0]
    nonce = os.urandom(_NONCE)
    return (
        _MAGIC + keys.id.encode("ascii") + nonce + AESGCM(keys.sealing).encrypt(nonce, content, context.encode("utf-8"))
    )


def unseal_bytes(config: Config, stored: bytes, context: str) -> bytes:
    """The content again; what never was sealed is given back as it is. Raises KeyFault as `unseal` does."""
    if not stored.startswith(_MAGIC):
        return stored
    start = len(_MAGIC) + 8
    key_id = stored[len(_MAGIC) : start].decode("ascii", "replace")
    keys = _keys_named(config, key_id)
    try:
        return AESGCM(keys.sealing).decrypt(
            stored[start : start + _NONCE], stored[start + _NONCE :], context.encode("utf-8")
        )
    except (InvalidTag, ValueError):
        raise KeyFault("A sealed file was altered, or belongs elsewhere. Restore it from a backup.") from None


def is_sealed(stored: bytes) -> bool:
    """Whether the content, or its first bytes, were written by `seal_bytes`."""
    return stored.startswith(_MAGIC)


def sealed_with_newest(config: Config, sealed: str) -> bool:
    """Whether a value needs no sealing anew after a change of keys."""
    return sealed.startswith(f"{_VERSION}.{_keys(config)[0].id}.")


def blind_index(config: Config, plaintext: str, context: str) -> str:
    """What equal values of one context have in common, without telling them: 43 characters, made with the newest key.

    Name the company in the context, or companies could compare what they keep.
    """
    return _index(_keys(config)[0], plaintext, context)


def blind_indexes(config: Config, plaintext: str, context: str) -> tuple[str, ...]:
    """The index under every listed key, newest first: look for all of them, and a change of keys hides nothing."""
    return tuple(_index(keys, plaintext, context) for keys in _keys(config))


def key_ids(config: Config) -> tuple[str, ...]:
    """Short names of the listed keys, newest first; they tell nothing of the keys. Raises KeyFault."""
    return tuple(keys.id for keys in _keys(config))


def _keys_named(config: Config, key_id: str) -> _Keys:
    found = next((keys for keys in _keys(config) if keys.id == key_id), None)
    if found is None:
        raise KeyFault(f"The key {key_id} that sealed this value is not listed. Put it back into GUANJIA_DATA_KEY.")
    return found


def _index(keys: _Keys, plaintext: str, context: str) -> str:
    message = f"{len(context)}:{context}:{plaintext}".encode()
    digest = hmac.new(keys.finding, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def _keys(config: Config) -> tuple[_Keys, ...]:
    given = config.data_key or kept_once(config.data_folder / KEY_FILE)
    return _derived(given)


@lru_cache(maxsize=16)
def _derived(given: str) -> tuple[_Keys, ...]:
    listed = [part.strip() for part in given.split(",") if part.strip()]
    if not listed or any(len(part) < SHORTEST_KEY for part in listed):
        raise KeyFault(
            f"Each key in GUANJIA_DATA_KEY needs {SHORTEST_KEY} characters or more. "
            'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    return tuple(_keys_of(part.encode("utf-8")) for part in listed)


def _keys_of(secret: bytes) -> _Keys:
    def part(purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=f"guanjia {purpose}".encode()).derive(secret)

    return _Keys(part("name")[:4].hex(), part("sealing"), part("finding"))
