"""Who may answer callbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Sequence

from keyed_hash import keyed_hash

SIGNATURE_HEADER = "x-awa-signature"

Header = Callable[[str], "str | None"]
"""Looks a header up by its lower-case name; what came several times is joined with `, `."""

_SECRET = re.compile(r"[0-9a-fA-F]{64}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")
_VISIBLE = re.compile(r"[\t\x20-\x7e]*")
_SECONDS = re.compile(r"[0-9]{1,15}")
_INVALID = "invalid callback signature"
# Nobody has signed so long an id, and to hash it would cost more than to send it.
_LONGEST_ID = 4_096
_MOST_SIGNATURES = 32
_TOLERANCE_SECONDS = 300


class Access:
    """Whoever signs with one of the secrets; or everybody, where that is said in so many words.

    :param secrets: 64 hex digits each; several while they are rotated
    :param signatures: `standard` demands a Standard Webhooks signature over the body as well, made with one of the secrets at
        most five minutes ago, with the callback's id as its `webhook-id`
    :raises ValueError: for a secret that is none, for none, and for one beside `allow_unsigned`
    """

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        allow_unsigned: bool = False,
        signatures: Sequence[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        if allow_unsigned and secrets:
            raise ValueError("secret and allow_unsigned are mutually exclusive")
        if allow_unsigned and signatures:
            raise ValueError("signatures need a secret")
        if not allow_unsigned and not secrets:
            raise ValueError("a callback signing secret is required")
        if not all(_SECRET.fullmatch(secret) for secret in secrets):
            raise ValueError("expected secrets of 32 bytes as 64 hex digits")
        if any(name != "standard" for name in signatures):
            raise ValueError("signatures: only `standard` is known")
        self._keys = [bytes.fromhex(secret) for secret in secrets]
        self._body_keys = [secret.encode() for secret in secrets] if signatures else []
        self._allow_unsigned = allow_unsigned
        self._now = now

    def refuse_id(self, callback_id: bytes, signature: str | None) -> str | None:
        """Why the request is not let in. By the id as it stands in the path, before anything else is looked at."""
        if self._allow_unsigned:
            return None
        if not signature:
            return "missing X-Awa-Signature header"
        if not _VISIBLE.fullmatch(signature):
            return "invalid X-Awa-Signature header"
        return None if self._is_signed(callback_id, signature) else _INVALID

    def refuse_body(self, callback_id: str, header: Header, body: bytes) -> str | None:
        """Why the request is not let in where its body has to be signed as well."""
        if not self._body_keys or self._is_body_signed(callback_id, header, body):
            return None
        return _INVALID

    def _is_signed(self, callback_id: bytes, signature: str) -> bool:
        if len(callback_id) > _LONGEST_ID or not _SIGNATURE.fullmatch(signature):
            return False
        expected = [keyed_hash(key, callback_id) for key in self._keys]
        return _any_is([bytes.fromhex(signature)], expected)

    def _is_body_signed(self, callback_id: str, header: Header, body: bytes) -> bool:
        # Signed together with the body: what was signed for one callback is of no use for another.
        timestamp = header("webhook-timestamp") or ""
        if header("webhook-id") != callback_id or not self._is_recent(timestamp):
            return False
        values = (header("webhook-signature") or "").split(" ")
        given = [value[3:].encode("latin-1") for value in values if value.startswith("v1,")]
        if len(given) > _MOST_SIGNATURES:
            return False
        signed = f"{callback_id}.{timestamp}.".encode() + body
        return _any_is(given, [_standard(key, signed) for key in self._body_keys])

    def _is_recent(self, timestamp: str) -> bool:
        if not _SECONDS.fullmatch(timestamp):
            return False
        return abs(int(self._now()) - int(timestamp)) <= _TOLERANCE_SECONDS


def _standard(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _any_is(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Takes as long whichever matches, or none."""
    matches = [hmac.compare_digest(one, other) for one in given for other in expected]
    return any(matches)
