"""How items are made: choices by label, signing, and the equation solved backwards.

Nothing here is random. A label fixes each choice, so that the set has the same bytes
each time and a new case leaves the others as they are.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from curve import G, N, Point, inv, joint, mul, x_of
from octets import number
from verifier import digest


def stream(label: str, size: int) -> bytes:
    """`size` bytes that depend on the label alone: SHA-256 in counter mode."""
    blocks = (
        hashlib.sha256(f"chainbox sm2 adversarial v1|{label}|{i}".encode()).digest()
        for i in range(-(-size // 32))
    )
    return b"".join(blocks)[:size]


def scalar(label: str) -> int:
    """A number in [1, n-1] that depends on the label alone."""
    return number(stream(label, 40)) % (N - 1) + 1


class KeyPair(NamedTuple):
    """A private key and its public point."""

    d: int
    q: Point


def key_pair(label: str) -> KeyPair:
    """A key pair that depends on the label alone."""
    d = scalar(f"key {label}")
    return KeyPair(d, mul(d, G))


MAIN = key_pair("main")


def sign_e(d: int, e: int, k: int) -> tuple[int, int]:
    """(r, s) on the integer e with nonce k, GB/T 32918.2 6.1 A4 to A6."""
    r = (e + x_of(mul(k, G))) % N
    s = inv(1 + d) * (k - r * d) % N
    assert r and s and (r + k) % N
    return r, s


def sign(pair: KeyPair, ident: bytes, msg: bytes, label: str) -> tuple[int, int]:
    """(r, s) on a message; the nonce depends on the label alone."""
    return sign_e(pair.d, digest(ident, pair.q, msg), scalar(f"nonce {label}"))


class Solved(NamedTuple):
    """A signature, and the e for which the equation holds."""

    r: int
    s: int
    e: int


def solve(q: Point, r: int, s: int) -> Solved:
    """The e for which r = e + x(s*G + (r+s)*q) modulo n; r and s may be any integers.

    A digest that may be chosen lets anybody do this for any key and any r and s. That is
    no weakness of SM2, where e is a hash, but it gives a test full control.
    s*G + t*q = O counts as x = 0, so that only a check for O can tell.
    """
    point = joint(s % N, q, (r + s) % N)
    x = 0 if point is None else point[0]
    return Solved(r, s, (r - x) % N)


def solve_st(q: Point, s: int, t: int) -> Solved:
    """`solve` from the two scalars that multiply G and q."""
    return solve(q, (t - s) % N, s % N)


def solve_labelled(q: Point, label: str) -> Solved:
    """`solve_st` with scalars that depend on the label alone."""
    return solve_st(q, scalar(f"s {label}"), scalar(f"t {label}"))
