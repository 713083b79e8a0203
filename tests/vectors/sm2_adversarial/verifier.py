"""The reference verdict: the bytes of an item in, the reason for refusing it out.

A case states its verdict from the way it was built. This computes it a second time from
the bytes alone, without a look at how it was built, so that a case with the wrong fault, or
with one fault more than meant, is found when the set is made.
"""

from __future__ import annotations

from curve import GX, GY, A, B, N, P, Point, has_point, joint, lift, on_curve, x_of, y_of
from der import read_der_signature
from octets import b32, number
from sm3 import sm3

DEFAULT_ID = b"1234567812345678"

# The closed list, in the order in which an item with several faults is refused.
# low-s-policy is a rule for other schemes; no item here meets it.
REASONS = (
    "encoding",
    "r-out-of-range",
    "s-out-of-range",
    "key-malformed",
    "key-not-on-curve",
    "key-is-identity",
    "r-plus-s-is-zero",
    "r-is-identity",
    "low-s-policy",
    "equation",
)


class Refused(Exception):
    """Carries one code of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_signature(encoding: str, sig: bytes) -> tuple[int, int]:
    """(r, s), which may lie outside [1, n-1]."""
    if encoding == "raw":
        if len(sig) != 64:
            raise Refused("encoding")
        return number(sig[:32]), number(sig[32:])
    try:
        return read_der_signature(sig)
    except ValueError:
        raise Refused("encoding") from None


def read_key(key: bytes) -> Point:
    """A point from its SEC1 bytes. The hybrid and compact forms are not taken."""
    if key == b"\x00":
        return None
    if len(key) == 65 and key[0] == 4:
        x, y = number(key[1:33]), number(key[33:])
        if x >= P or y >= P:
            raise Refused("key-malformed")
        if not on_curve(x, y):
            raise Refused("key-not-on-curve")
        return x, y
    if len(key) == 33 and key[0] in (2, 3):
        x = number(key[1:])
        if x >= P:
            raise Refused("key-malformed")
        if not has_point(x):
            raise Refused("key-not-on-curve")
        return lift(x, key[0] & 1)
    raise Refused("key-malformed")


def z_value(ident: bytes, q: Point) -> bytes:
    """Z_A, GB/T 32918.2 5.5. ENTL counts bits in two bytes, so an id has at most 8191 bytes."""
    entl = (8 * len(ident)).to_bytes(2, "big")
    return sm3(entl + ident + b"".join(map(b32, (A, B, GX, GY, x_of(q), y_of(q)))))


def digest(ident: bytes, q: Point, msg: bytes) -> int:
    """e = SM3(Z_A || M) as an integer, GB/T 32918.2 7.1 B3 and B4."""
    return number(sm3(z_value(ident, q) + msg))


def refuse_reason(
    encoding: str, kind: str, key: bytes, ident: bytes, msg: bytes, sig: bytes
) -> None:
    """Raise Refused with the first reason that applies, in the order of REASONS."""
    r, s = read_signature(encoding, sig)
    if not 1 <= r < N:
        raise Refused("r-out-of-range")
    if not 1 <= s < N:
        raise Refused("s-out-of-range")
    q = read_key(key)
    if q is None:
        raise Refused("key-is-identity")
    t = (r + s) % N
    if t == 0:
        raise Refused("r-plus-s-is-zero")
    point = joint(s, q, t)
    if point is None:
        raise Refused("r-is-identity")
    e = number(msg) if kind == "digest" else digest(ident, q, msg)
    if (e + point[0]) % N != r:
        raise Refused("equation")


def verify(
    encoding: str, kind: str, key: bytes, ident: bytes, msg: bytes, sig: bytes
) -> str | None:
    """The reason for which an item is invalid, or None if it is valid."""
    try:
        refuse_reason(encoding, kind, key, ident, msg, sig)
    except Refused as refused:
        return refused.reason
    return None
