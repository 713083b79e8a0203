"""Integers, points and signatures as byte strings.

The writers refuse nothing: a hostile key or signature is written with them as well.
"""

from __future__ import annotations

from collections.abc import Callable

from curve import Point, x_of, y_of
from der import der_signature


def b32(v: int) -> bytes:
    """v as 32 bytes, big-endian."""
    return v.to_bytes(32, "big")


def number(b: bytes) -> int:
    """Bytes as a big-endian unsigned integer."""
    return int.from_bytes(b, "big")


def uncompressed(x: int, y: int) -> bytes:
    """The uncompressed form of any pair of 256-bit numbers."""
    return b"\x04" + b32(x) + b32(y)


def sec1(p: Point) -> bytes:
    """Uncompressed form, GB/T 32918.1 4.2.9 c)."""
    return b"\x00" if p is None else uncompressed(*p)


def sec1_compressed(p: Point) -> bytes:
    """Compressed form, GB/T 32918.1 4.2.9 b)."""
    return bytes([2 + y_of(p) % 2]) + b32(x_of(p))


def raw_signature(r: int, s: int) -> bytes:
    """r || s, 32 bytes each."""
    return b32(r) + b32(s)


WRITE: dict[str, Callable[[int, int], bytes]] = {"raw": raw_signature, "der": der_signature}
