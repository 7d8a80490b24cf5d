"""Asks the parts of docs/examples/fastapi that need no package: one JSON document on standard input, one on standard output."""

import json
import sys

from access import Access
from keyed_hash import keyed_hash


def hash_of(secret: str, callback_id: str) -> str:
    return keyed_hash(bytes.fromhex(secret), callback_id.encode()).hex()


def refusal_of(secrets: list[str], callback_id: str, signature: str) -> str | None:
    return Access(secrets).refuse_id(callback_id.encode(), signature)


def config_error_of(secrets: list[str], allow_unsigned: bool, signatures: list[str]) -> str | None:
    try:
        Access(secrets, allow_unsigned=allow_unsigned, signatures=signatures)
    except ValueError as error:
        return str(error)
    return None


questions = {"hash": hash_of, "refusal": refusal_of, "configError": config_error_of}
asked = json.load(sys.stdin)
json.dump([questions[name](*values) for name, *values in asked], sys.stdout)
