"""BLAKE3's keyed hash, in plain Python: callback ids are one block of 64 bytes, which takes a fifth of a millisecond."""

from __future__ import annotations

import struct
from collections.abc import Sequence

KEY_LENGTH = 32

_BLOCK = 64
_CHUNK = 1024
_WORD = 0xFFFFFFFF

_CHUNK_START = 1 << 0
_CHUNK_END = 1 << 1
_PARENT = 1 << 2
_ROOT = 1 << 3
_KEYED_HASH = 1 << 4

# The first four words of SHA-256's initial state, as BLAKE3 §2.2 has them.
_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A)
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
# The words that each of a round's eight mixings works on: the columns, then the diagonals.
_MIXINGS = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)
_ROUNDS = 7

_Words = Sequence[int]


def keyed_hash(key: bytes, data: bytes) -> bytes:
    """The 32 bytes of `data` under a key of 32 bytes."""
    if len(key) != KEY_LENGTH:
        raise ValueError(f"expected a key of {KEY_LENGTH} bytes, got {len(key)}")
    return struct.pack("<8I", *_node(struct.unpack("<8I", key), data, 0, _ROOT))


def _node(key: _Words, data: bytes, first_chunk: int, root: int) -> _Words:
    """The chaining value of a subtree; the left one of two is complete."""
    if len(data) <= _CHUNK:
        return _chunk(key, data, first_chunk, root)
    chunks = -(-len(data) // _CHUNK)
    left = 1 << ((chunks - 1).bit_length() - 1)
    middle = left * _CHUNK
    children = (
        *_node(key, data[:middle], first_chunk, 0),
        *_node(key, data[middle:], first_chunk + left, 0),
    )
    return _compress(key, children, 0, _BLOCK, _PARENT | _KEYED_HASH | root)


def _chunk(key: _Words, data: bytes, counter: int, root: int) -> _Words:
    last = max(len(data) - 1, 0) // _BLOCK
    value = key
    for index in range(last + 1):
        block = data[index * _BLOCK : (index + 1) * _BLOCK]
        flags = _KEYED_HASH
        if index == 0:
            flags |= _CHUNK_START
        if index == last:
            flags |= _CHUNK_END | root
        words = struct.unpack("<16I", block.ljust(_BLOCK, b"\0"))
        value = _compress(value, words, counter, len(block), flags)
    return value


def _compress(value: _Words, block: _Words, counter: int, length: int, flags: int) -> _Words:
    state = [*value, *_IV, counter & _WORD, counter >> 32, length, flags]
    for round_number in range(_ROUNDS):
        if round_number > 0:
            block = [block[index] for index in _PERMUTATION]
        for index, places in enumerate(_MIXINGS):
            _mix(state, places, block[2 * index], block[2 * index + 1])
    return [state[index] ^ state[index + 8] for index in range(8)]


def _mix(state: list[int], places: tuple[int, int, int, int], x: int, y: int) -> None:
    a, b, c, d = places
    state[a] = (state[a] + state[b] + x) & _WORD
    state[d] = _rotated(state[d] ^ state[a], 16)
    state[c] = (state[c] + state[d]) & _WORD
    state[b] = _rotated(state[b] ^ state[c], 12)
    state[a] = (state[a] + state[b] + y) & _WORD
    state[d] = _rotated(state[d] ^ state[a], 8)
    state[c] = (state[c] + state[d]) & _WORD
    state[b] = _rotated(state[b] ^ state[c], 7)


def _rotated(word: int, bits: int) -> int:
    return (word >> bits | word << (32 - bits)) & _WORD
