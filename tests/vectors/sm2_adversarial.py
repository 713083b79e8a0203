#!/usr/bin/env python3
"""Makes sm2_adversarial.json: hostile inputs for SM2 signature verification.

Wycheproof has no file for SM2; this is one in its form. The README beside this
file describes the form, the flags and how other libraries were compared.

    python3 sm2_adversarial.py           writes sm2_adversarial.json beside itself
    python3 sm2_adversarial.py --check   exits 1 if that file is not what would be written,
                                         or if a flag is missing in README.md

The arithmetic is Python's own integers and the textbook affine group law, so that
it shares nothing with an engine that uses limbs, Montgomery form and windows.
Every case states its verdict from the way it was built; `verify`, below, then
computes the verdict from the bytes alone, and the two must agree.

Order of the file: SM3, curve, encodings, verifier; the suite that collects cases;
one function for each family of cases; what other libraries do; the output.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

OUTPUT = Path(__file__).with_suffix(".json")
README = Path(__file__).with_name("README.md")

# --------------------------------------------------------------------------------------
# SM3 (GB/T 32905-2016)
# --------------------------------------------------------------------------------------

WORD = 0xFFFFFFFF
SM3_IV: tuple[int, ...] = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600,
    0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip


def rotl(x: int, k: int) -> int:
    """Rotate a 32-bit word left; k is taken modulo 32, as clause 5.3.3 needs for T_j."""
    k %= 32
    return ((x << k) | (x >> (32 - k))) & WORD


SM3_T = tuple(rotl(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64))


def sm3_compress(v: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The compression function, GB/T 32905 clause 5.3."""
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15)
        w.append(x ^ rotl(x, 15) ^ rotl(x, 23) ^ rotl(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = v
    for j in range(64):
        a12 = rotl(a, 12)
        ss1 = rotl((a12 + e + SM3_T[j]) & WORD, 7)
        ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if j < 16 else (e & f) | (~e & WORD & g)
        tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) & WORD
        tt2 = (gg + h + ss1 + w[j]) & WORD
        a, b, c, d = tt1, a, rotl(b, 9), c
        e, f, g, h = tt2 ^ rotl(tt2, 9) ^ rotl(tt2, 17), e, rotl(f, 19), g
    return tuple(x ^ y for x, y in zip(v, (a, b, c, d, e, f, g, h), strict=True))


def sm3(data: bytes) -> bytes:
    """SM3 digest of `data`."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    v = SM3_IV
    for i in range(0, len(padded), 64):
        v = sm3_compress(v, padded[i : i + 64])
    return b"".join(x.to_bytes(4, "big") for x in v)


# --------------------------------------------------------------------------------------
# The curve sm2p256v1 (GB/T 32918.5-2017) and its group
# --------------------------------------------------------------------------------------

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GX = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0

TWO_256 = 1 << 256
DEFAULT_ID = b"1234567812345678"

# An affine point, or None for the identity O.
Point = tuple[int, int] | None
G: Point = (GX, GY)


def add(p: Point, q: Point) -> Point:
    """p + q by GB/T 32918.1 3.2.3.1.

    B does not occur in these formulas. So they also add points of any other curve
    y^2 = x^3 - 3x + b', which is what an invalid-curve attack lives on.
    """
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def neg(p: Point) -> Point:
    """-p."""
    return None if p is None else (p[0], -p[1] % P)


def x_of(p: Point) -> int:
    """x(p), for a point that is not O."""
    assert p is not None
    return p[0]


def y_of(p: Point) -> int:
    """y(p), for a point that is not O."""
    assert p is not None
    return p[1]


@cache
def doublings(p: Point) -> tuple[Point, ...]:
    """p, 2p, 4p, ..., 2^255 p. Kept, because most points are multiplied often."""
    row = [p]
    for _ in range(255):
        row.append(add(row[-1], row[-1]))
    return tuple(row)


def mul(k: int, p: Point) -> Point:
    """k*p for 0 <= k < 2^256. k is not reduced: off the curve, n is not the order of p."""
    assert 0 <= k < TWO_256
    total: Point = None
    for i, term in enumerate(doublings(p)):
        if k >> i & 1:
            total = add(total, term)
    return total


def joint(s: int, q: Point, t: int) -> Point:
    """s*G + t*q, GB/T 32918.2 7.1 B6."""
    return add(mul(s, G), mul(t, q))


def rhs(x: int) -> int:
    """x^3 - 3x + b modulo p."""
    return (x * x * x + A * x + B) % P


def sqrt(v: int) -> int | None:
    """The even square root of v modulo p (p = 3 mod 4), or None."""
    root = pow(v, (P + 1) // 4, P)
    if root * root % P != v % P:
        return None
    return root if root % 2 == 0 else P - root


def on_curve(x: int, y: int) -> bool:
    """Whether (x, y) satisfies the curve equation."""
    return y * y % P == rhs(x)


def lift(x: int, odd: int = 0) -> Point:
    """The point with this x and the given parity of y; the x must be on the curve."""
    y = sqrt(rhs(x))
    assert y is not None, hex(x)
    return x, (P - y if odd else y)


def has_point(x: int) -> bool:
    """Whether some point of the curve has this x."""
    return sqrt(rhs(x)) is not None


def inv(k: int) -> int:
    """1/k modulo n."""
    return pow(k, -1, N)


# --------------------------------------------------------------------------------------
# Encodings
# --------------------------------------------------------------------------------------


def b32(v: int) -> bytes:
    """v as 32 bytes, big-endian."""
    return v.to_bytes(32, "big")


def number(b: bytes) -> int:
    """Bytes as a big-endian unsigned integer."""
    return int.from_bytes(b, "big")


def sec1(p: Point) -> bytes:
    """Uncompressed form, GB/T 32918.1 4.2.9 c)."""
    return b"\x00" if p is None else b"\x04" + b32(p[0]) + b32(p[1])


def sec1_compressed(p: Point) -> bytes:
    """Compressed form, GB/T 32918.1 4.2.9 b)."""
    return bytes([2 + y_of(p) % 2]) + b32(x_of(p))


def raw(r: int, s: int) -> bytes:
    """r || s, 32 bytes each."""
    return b32(r) + b32(s)


def der_length(n: int) -> bytes:
    """The minimal definite length, X.690 10.1."""
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element with a tag of one byte."""
    return bytes([tag]) + der_length(len(content)) + content


def int_content(v: int) -> bytes:
    """Content of the minimal two's-complement INTEGER, X.690 8.3.2; v may be negative."""
    magnitude_bits = (v if v >= 0 else ~v).bit_length()
    return v.to_bytes(magnitude_bits // 8 + 1, "big", signed=True)


def der_int(v: int) -> bytes:
    """INTEGER v."""
    return tlv(0x02, int_content(v))


def seq(content: bytes) -> bytes:
    """SEQUENCE of the given content."""
    return tlv(0x30, content)


def der(r: int, s: int) -> bytes:
    """SM2Signature ::= SEQUENCE { R INTEGER, S INTEGER }, GB/T 35276 7.3."""
    return seq(der_int(r) + der_int(s))


WRITE: dict[str, Callable[[int, int], bytes]] = {"raw": raw, "der": der}


# --------------------------------------------------------------------------------------
# The verifier: bytes in, reason out. None means valid
# --------------------------------------------------------------------------------------


class Refused(Exception):
    """Carries one code of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
    "r-point-is-identity",
    "low-s-policy",
    "equation",
)


def read_tlv(tag: int, data: bytes) -> tuple[bytes, bytes]:
    """Split strict DER `data` into the content of its first element and the rest."""
    if len(data) < 2 or data[0] != tag:
        raise Refused("encoding")
    size, start = data[1], 2
    if size & 0x80:
        octets = size & 0x7F
        size, start = number(data[2 : 2 + octets]), 2 + octets
        if len(data) < start or data[1:start] != der_length(size):
            raise Refused("encoding")
    if len(data) < start + size:
        raise Refused("encoding")
    return data[start : start + size], data[start + size :]


def read_int(data: bytes) -> tuple[int, bytes]:
    """Read one strict DER INTEGER. Its range is not looked at here."""
    content, rest = read_tlv(0x02, data)
    value = int.from_bytes(content, "big", signed=True)
    if content != int_content(value):
        raise Refused("encoding")
    return value, rest


def read_signature(encoding: str, sig: bytes) -> tuple[int, int]:
    """(r, s), which may lie outside [1, n-1]."""
    if encoding == "raw":
        if len(sig) != 64:
            raise Refused("encoding")
        return number(sig[:32]), number(sig[32:])
    content, rest = read_tlv(0x30, sig)
    r, after_r = read_int(content)
    s, after_s = read_int(after_r)
    if rest or after_s:
        raise Refused("encoding")
    return r, s


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
        raise Refused("r-point-is-identity")
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


# --------------------------------------------------------------------------------------
# Deterministic choices, signing, and equations solved backwards
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# The suite
# --------------------------------------------------------------------------------------

PART1 = "GB/T 32918.1"
PART2 = "GB/T 32918.2"

# The clause that decides a case, unless the case names another.
CLAUSES: dict[str | None, str] = {
    None: f"{PART2} 7.1 B7: (e' + x1') mod n = r'",
    "encoding": "GB/T 35276 7.3: SEQUENCE { R INTEGER, S INTEGER } in DER",
    "r-out-of-range": f"{PART2} 7.1 B1: r' in [1, n-1]",
    "s-out-of-range": f"{PART2} 7.1 B2: s' in [1, n-1]",
    "key-malformed": f"{PART1} 4.2.10: byte string to point",
    "key-not-on-curve": f"{PART1} 6.2.1 c): y^2 = x^3 + ax + b",
    "key-is-identity": f"{PART1} 6.2.1 a): P is not O",
    "r-plus-s-is-zero": f"{PART2} 7.1 B5: t = (r' + s') mod n is not 0",
    "r-point-is-identity": f"{PART2} 7.1 B6: (x1', y1') = [s']G + [t]P_A; O has no x1'",
    "equation": f"{PART2} 7.1 B7: (e' + x1') mod n = r'",
}

RAW_CLAUSE = f"{PART1} 4.2.2: r and s as byte strings of 32 bytes each"
DER_LENGTH_CLAUSE = "X.690 10.1: definite length in the fewest octets"
DER_INTEGER_CLAUSE = "X.690 8.3.2: INTEGER in the fewest octets"
Z_CLAUSE = f"{PART2} 5.5: Z_A = H256(ENTL_A || ID_A || a || b || x_G || y_G || x_A || y_A)"
FIELD_CLAUSE = f"{PART1} 4.2.7: byte string to field element, in [0, p-1]"
HYBRID_CLAUSE = f"{PART1} 4.1 makes the hybrid form 06/07 optional; the engine does not take it"
E_CLAUSE = f"{PART2} 7.1 B4: e' = H_v(Z_A || M')"


class Disagreement(NamedTuple):
    """What another library does with a case where its answer is not the expected one."""

    library: str
    accepts: bool
    why: str


@dataclass
class Case:
    """One item of the set."""

    comment: str
    flags: list[str]
    msg: bytes
    sig: bytes
    reason: str | None
    clause: str
    disagrees: list[Disagreement] = field(default_factory=list)


class GroupKey(NamedTuple):
    """What the cases of one test group share."""

    key: bytes
    encoding: str
    kind: str
    ident: bytes


class Suite:
    """Collects cases, checks each against `verify`, and keeps them in groups."""

    def __init__(self) -> None:
        self.groups: dict[GroupKey, list[Case]] = {}
        self.by_comment: dict[str, Case] = {}
        self.items: set[tuple[GroupKey, bytes, bytes]] = set()

    def put(
        self,
        group: GroupKey,
        comment: str,
        flags: str,
        msg: bytes,
        sig: bytes,
        reason: str | None = None,
        clause: str | None = None,
    ) -> None:
        """Add a case. `flags` are names separated by spaces."""
        got = verify(group.encoding, group.kind, group.key, group.ident, msg, sig)
        assert got == reason, f"{comment}: built as {reason}, verified as {got}"
        assert comment not in self.by_comment, f"two cases are called {comment!r}"
        assert (group, msg, sig) not in self.items, f"{comment}: the same item as another"
        assert all(f in NOTES for f in flags.split()), f"{comment}: unknown flag in {flags}"
        usual = RAW_CLAUSE if (reason, group.encoding) == ("encoding", "raw") else CLAUSES[reason]
        case = Case(comment, flags.split(), msg, sig, reason, clause or usual)
        self.groups.setdefault(group, []).append(case)
        self.by_comment[comment] = case
        self.items.add((group, msg, sig))

    def e(
        self,
        key: bytes | Point,
        comment: str,
        flags: str,
        item: Solved,
        reason: str | None = None,
        clause: str | None = None,
        encoding: str = "raw",
    ) -> None:
        """Add a case whose input is e itself. A point stands for its uncompressed form."""
        group = GroupKey(key if isinstance(key, bytes) else sec1(key), encoding, "digest", b"")
        sig = WRITE[encoding](item.r, item.s)
        self.put(group, comment, flags, b32(item.e), sig, reason, clause)

    def m(
        self,
        key: bytes | Point,
        comment: str,
        flags: str,
        msg: bytes,
        rs: tuple[int, int],
        reason: str | None = None,
        clause: str | None = None,
        ident: bytes = DEFAULT_ID,
        encoding: str = "raw",
    ) -> None:
        """Add a case whose input is a message."""
        group = GroupKey(key if isinstance(key, bytes) else sec1(key), encoding, "message", ident)
        sig = WRITE[encoding](*rs)
        self.put(group, comment, flags, msg, sig, reason, clause)


# --------------------------------------------------------------------------------------
# Families of cases
# --------------------------------------------------------------------------------------

MAIN = key_pair("main")
HALF = (N + 1) // 2  # 1/2 modulo n

STANDARD = KeyPair(
    0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8,
    mul(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8, G),
)
STANDARD_MSG = b"message digest"
STANDARD_K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
STANDARD_RS = (
    0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
    0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
)


def standard_example(suite: Suite) -> None:
    """The worked example of GB/T 32918.5 in every form that an item can take."""
    q, msg, rs, flag = STANDARD.q, STANDARD_MSG, STANDARD_RS, "StandardExample"
    item = Solved(*rs, digest(DEFAULT_ID, q, msg))
    suite.m(q, "worked example of GB/T 32918.5", flag, msg, rs)
    suite.m(q, "worked example, DER", flag, msg, rs, encoding="der")
    suite.m(sec1_compressed(q), "worked example, compressed key", flag, msg, rs)
    suite.e(q, "worked example, e given", flag, item)
    suite.e(q, "worked example, e given, DER", flag, item, encoding="der")
    suite.m(q, "worked example, other message", flag, b"message digesT", rs, "equation", E_CLAUSE)
    suite.m(neg(q), "worked example, key negated", flag, msg, rs, "equation")
    suite.m(q, "worked example, empty id", flag, msg, rs, "equation", Z_CLAUSE, ident=b"")


def range_reason(r: int, s: int) -> str | None:
    """What B1, B2 and B5 say of r and s."""
    if not 1 <= r < N:
        return "r-out-of-range"
    if not 1 <= s < N:
        return "s-out-of-range"
    return "r-plus-s-is-zero" if (r + s) % N == 0 else None


def range_flags(r: int, s: int) -> str:
    """Flags that go with `range_reason`."""
    reason = range_reason(r, s)
    flags = {None: "EdgeCaseScalar", "r-plus-s-is-zero": "SumZero"}
    return flags.get(reason, "RangeCheckR" if reason == "r-out-of-range" else "RangeCheckS")


EDGE_SCALARS = {
    "0": 0, "1": 1, "(n-1)/2": HALF - 1, "(n+1)/2": HALF, "n-1": N - 1,
    "n": N, "n+1": N + 1, "p": P, "2^256-1": TWO_256 - 1,
}  # fmt: skip


def range_grid(suite: Suite) -> None:
    """Every pair of edge values. e makes the equation true, so only B1, B2 and B5 can refuse."""
    for r_name, r in EDGE_SCALARS.items():
        for s_name, s in EDGE_SCALARS.items():
            comment, flags = f"r = {r_name}, s = {s_name}", range_flags(r, s)
            suite.e(MAIN.q, comment, flags, solve(MAIN.q, r, s), range_reason(r, s))


def range_shifted(suite: Suite) -> None:
    """A good signature and its double with n added, which fits because r or s is small."""
    q = MAIN.q
    for i in range(3):
        small, full = number(stream(f"small {i}", 26)), scalar(f"full {i}")
        for name, r, s in (("r", small, full), ("s", full, small), ("r and s", small, small + i)):
            item = solve(q, r, s)
            high = Solved(r + N * ("r" in name), s + N * (name != "r"), item.e)
            suite.e(q, f"small {name} #{i}", "EdgeCaseScalar", item)
            flags = range_flags(high.r, high.s)
            suite.e(q, f"small {name} #{i}, n added", flags, high, range_reason(high.r, high.s))


def range_der(suite: Suite) -> None:
    """Well-formed INTEGERs outside [1, n-1]: an answer about range, never about encoding."""
    msg = b"range in DER"
    r, s = sign(MAIN, DEFAULT_ID, msg, "range der")
    shifts: dict[str, Callable[[int], int]] = {
        "0": lambda v: 0,
        "-1": lambda v: -1,
        "-128 (content of one byte)": lambda v: -128,
        "negated": lambda v: -v,
        "n": lambda v: N,
        "n added": lambda v: v + N,
        "n taken away": lambda v: v - N,
        "2n added": lambda v: v + 2 * N,
        "2^256 added": lambda v: v + TWO_256,
        "2^256": lambda v: TWO_256,
        "n * 2^256 added": lambda v: v + (N << 256),
        "n * 2^800 added (lengths in long form)": lambda v: v + (N << 800),
        "n * 2^2200 added (lengths of two octets)": lambda v: v + (N << 2200),
    }
    group = GroupKey(sec1(MAIN.q), "der", "message", DEFAULT_ID)
    suite.put(group, "DER, range: the signature itself", "ValidSignature", msg, der(r, s))
    for name, shift in shifts.items():
        bad_r, bad_s = der(shift(r), s), der(r, shift(s))
        suite.put(group, f"DER, r: {name}", "RangeCheckR", msg, bad_r, "r-out-of-range")
        suite.put(group, f"DER, s: {name}", "RangeCheckS", msg, bad_s, "s-out-of-range")


def sum_zero(suite: Suite) -> None:
    """r + s = n, where t*Q vanishes and s*G alone decides; and the neighbours of that sum."""
    q = MAIN.q
    for i in range(3):
        s = scalar(f"sum zero {i}")
        item = solve(q, N - s, s)
        suite.e(q, f"r + s = n #{i}", "SumZero", item, "r-plus-s-is-zero")
        for step in (-1, 1):
            beside = solve(q, (N - s + step) % N, s)
            suite.e(q, f"r + s = n{step:+d} #{i}", "EdgeCaseScalar", beside)
            wrong = beside._replace(e=item.e)
            suite.e(q, f"r + s = n{step:+d} #{i}, e as if t were 0", "SumZero", wrong, "equation")
    for name, d in (("G", 1), ("-G", N - 1), ("2G", 2), ("-2G", N - 2)):
        key, s = mul(d, G), scalar(f"sum zero {name}")
        item = solve(key, N - s, s)
        suite.e(key, f"r + s = n, key {name}", "SumZero SmallMultipleKey", item, "r-plus-s-is-zero")
    s = scalar("sum zero message")
    for encoding in ("raw", "der"):
        comment, rs = f"r + s = n, {encoding} message", (N - s, s)
        suite.m(q, comment, "SumZero", b"sum", rs, "r-plus-s-is-zero", encoding=encoding)
    for total, name in ((TWO_256, "2^256"), (TWO_256 - 1, "2^256-1"), (P, "p")):
        r = scalar(f"sum {name}") % (total // 4) + total // 2
        suite.e(q, f"r + s = {name}", "EdgeCaseScalar", solve(q, r, total - r))


def identity_cases(suite: Suite, name: str, d: int) -> None:
    """s*G + t*Q = O for Q = d*G, with each e that a verifier without a check for O could take."""
    q, t = mul(d, G), scalar(f"identity {name}")
    item = solve_st(q, -t * d % N, t)
    assert joint(item.s, q, t) is None
    guesses = {
        "e = r, so that x = 0 would do": item.r,
        "e = r - 1, so that x = 1 would do": item.r - 1,
        "e = 0": 0,
        "e = r - x(G)": (item.r - GX) % N,
        "e random": scalar(f"identity e {name}"),
    }
    for guess, e in guesses.items():
        wrong = item._replace(e=e)
        suite.e(q, f"R = O, Q = {name}, {guess}", "PointAtInfinity", wrong, "r-point-is-identity")


def point_at_infinity(suite: Suite) -> None:
    """s*G = -t*Q for keys of every kind. (Q = -G would need r = 0.)"""
    named = {"dG": MAIN.d, "G": 1, "2G": 2, "-2G": N - 2, "G/2": HALF, "2^128 G": 1 << 128}
    for name, d in named.items():
        identity_cases(suite, name, d)
    pair = key_pair("identity der")
    t = scalar("identity der")
    item = solve_st(pair.q, -t * pair.d % N, t)
    suite.e(pair.q, "R = O, DER", "PointAtInfinity", item, "r-point-is-identity", encoding="der")
    rs = (item.r, item.s)
    suite.m(pair.q, "R = O, message", "PointAtInfinity", b"any message", rs, "r-point-is-identity")


def key_for(point: Point, s: int, t: int) -> Point:
    """The key Q for which s*G + t*Q is the given point."""
    return mul(inv(t), add(point, neg(mul(s, G))))


def near(start: int, step: int, count: int) -> list[int]:
    """The first `count` x of the curve among start, start + step, start + 2*step, ..."""
    found: list[int] = []
    x = start
    while len(found) < count:
        if has_point(x):
            found.append(x)
        x += step
    return found


def offset_name(x: int) -> str:
    """x relative to the landmark that is nearest to it."""
    landmarks = {0: "0", P - N: "p-n", N: "n", P: "p"}
    mark = min(landmarks, key=lambda v: abs(x - v))
    if mark == 0:
        return str(x)
    return landmarks[mark] + (f"{x - mark:+d}" if x != mark else "")


def x_of_r(suite: Suite) -> None:
    """R with an x at the edges: 0; below p-n, where both c and c+n are field elements; above n."""
    xs = near(0, 1, 3) + near(P - N - 1, -1, 2) + near(P - N, 1, 2)
    xs += near(N - 1, -1, 2) + near(N, 1, 3) + near(P - 1, -1, 3)
    for x in xs:
        name = offset_name(x)
        flag = "XZero" if x == 0 else "XAboveN" if x >= N else "XEdge"
        for odd in (0, 1):
            label = f"x(R) = {name}, y {'odd' if odd else 'even'}"
            s, t = scalar(f"s {label}"), scalar(f"t {label}")
            q = key_for(lift(x, odd), s, t)
            item = solve_st(q, s, t)
            assert (item.r - item.e - x) % N == 0
            suite.e(q, label, flag, item)
            if odd == 0:
                for step in (1, -1):
                    wrong = item._replace(e=(item.e + step) % N)
                    suite.e(q, f"{label}, e {step:+d}", f"{flag} OffByOne", wrong, "equation")
            else:
                x_wrong_modulus(suite, q, item, x, label)


def x_wrong_modulus(suite: Suite, q: Point, item: Solved, x: int, label: str) -> None:
    """The same R with e chosen so that the equation holds modulo p or 2^256, not modulo n."""
    for name, modulus in (("p", P), ("2^256", TWO_256)):
        e = (item.r - x) % modulus
        if (e - item.e) % N:
            wrong = item._replace(e=e)
            suite.e(q, f"{label}, true modulo {name} only", "WrongModulus", wrong, "equation")


def wrong_modulus(suite: Suite) -> None:
    """Comparisons of x(R) with c = r - e done in the wrong ring."""
    for i in range(4):
        label = f"modulus {i}"
        q, s, t = MAIN.q, scalar(f"s {label}"), scalar(f"t {label}")
        item, point = solve_st(q, s, t), joint(s, q, t)
        x, y = x_of(point), y_of(point)
        # c + n = x(R) + p: a verifier that tries c + n without the bound c + n < p accepts.
        wrap = item._replace(e=(item.r - x - P + N) % N)
        suite.e(q, f"c + n = x(R) + p #{i}", "WrongModulus", wrap, "equation")
        # c = x(R) + 2^256 - p or so: the fold of a 256-bit sum that was not carried.
        fold = item._replace(e=(item.r - x - (TWO_256 - P)) % N)
        suite.e(q, f"c = x(R) + 2^256 - p #{i}", "WrongModulus", fold, "equation")
        # r - e was reduced by p instead of n when it borrowed.
        for name, modulus in (("p", P), ("2^256", TWO_256)):
            borrow = item._replace(e=(item.r - x) % modulus)
            if (borrow.e - item.e) % N:
                suite.e(q, f"r - e borrows {name} #{i}", "WrongModulus", borrow, "equation")
        # c and x swapped in sign: e - r = x.
        sign_flip = item._replace(e=(item.r + x) % N)
        suite.e(q, f"e - r = x(R) #{i}", "WrongModulus", sign_flip, "equation")
        # The y of R is taken for its x.
        taken = item._replace(e=(item.r - y) % N)
        suite.e(q, f"e + y(R) = r #{i}", "WrongModulus", taken, "equation")


def multiple_name(d: int) -> str:
    """A short name of d*G."""
    signed = d if d <= N // 2 else d - N
    powers = {1 << k: f"2^{k}" for k in range(5, 256)}
    body = powers.get(abs(signed), str(abs(signed)))
    return ("-" if signed < 0 else "") + ("" if body == "1" else body) + "G"


def off_by_one(item: Solved, turn: int) -> tuple[str, Solved]:
    """A forgery one step away from a good item; `turn` picks which field is moved."""
    moves = (
        ("e + 1", item._replace(e=(item.e + 1) % N)),
        ("r + 1", item._replace(r=item.r % (N - 1) + 1)),
        ("s + 1", item._replace(s=item.s % (N - 1) + 1)),
        ("s negated", item._replace(s=N - item.s)),
    )
    return moves[turn % len(moves)]


def key_multiples(suite: Suite) -> None:
    """Keys whose discrete logarithm is small or special: legal, and met again inside the ladder."""
    named = {multiple_name(d): d for k in range(1, 21) for d in (k, N - k)}
    named |= {"(n-1)/2 G": HALF - 1, "(n+1)/2 G": HALF}
    named |= {multiple_name(1 << k): 1 << k for k in (8, 31, 32, 64, 127, 128, 192, 255)}
    for turn, (name, d) in enumerate(named.items()):
        q = mul(d, G)
        item = solve_labelled(q, f"multiple {name}")
        suite.e(q, f"key {name}", "SmallMultipleKey", item)
        if turn % 4 in (0, 3):
            change, forged = off_by_one(item, turn // 2)
            suite.e(q, f"key {name}, {change}", "SmallMultipleKey OffByOne", forged, "equation")
        if d in (1, 2, 3, N - 2, HALF - 1, 1 << 128):
            msg = f"signed with {name}".encode()
            rs = sign(KeyPair(d, q), DEFAULT_ID, msg, name)
            suite.m(q, f"key {name}, message", "SmallMultipleKey", msg, rs)


def x_for_y(y: int) -> int | None:
    """An x with (x, y) on the curve, or None if this way finds none.

    a = -3 and x = u + 1/u turn the cubic into u^3 + u^-3 = y^2 - b, a quadratic in u^3.
    p = 2 mod 3, so every element has exactly one cube root.
    """
    c = (y * y - B) % P
    root = sqrt(c * c - 4)
    if root is None:
        return None
    u = pow((c + root) * pow(2, -1, P) % P, (2 * P - 1) // 3, P)
    x = (u + pow(u, -1, P)) % P
    assert on_curve(x, y)
    return x


def small_y_point() -> Point:
    """The point with the smallest y that `x_for_y` finds; y + p fits in 256 bits."""
    y = 1
    while (x := x_for_y(y)) is None:
        y += 1
    return x, y


def special_keys(suite: Suite) -> None:
    """Legal keys with an x or a y at an edge. Nobody knows the private key of most of them."""
    small_y = small_y_point()
    points = {
        "x = 0, y even": lift(0, 0),
        "x = 0, y odd": lift(0, 1),
        "x = 1": lift(1, 0),
        f"x = {offset_name(near(P - 1, -1, 1)[0])}": lift(near(P - 1, -1, 1)[0], 1),
        f"x = {offset_name(near(N, 1, 1)[0])}": lift(near(N, 1, 1)[0], 0),
        f"y = {y_of(small_y)}": small_y,
        f"y = p-{y_of(small_y)}": neg(small_y),
        "largest x below 2^256 - p": lift(near(TWO_256 - P - 1, -1, 1)[0], 1),
        "x of 24 zero bits": lift(near(1 << 231, 1, 1)[0], 1),
        "x of 64 low zero bits": lift(near(scalar("x high") >> 64 << 64, 1 << 64, 1)[0], 0),
    }
    for turn, (name, q) in enumerate(points.items()):
        item = solve_labelled(q, f"special {name}")
        suite.e(q, f"key with {name}", "SpecialKey", item)
        flags = "SpecialKey CompressedKey"
        suite.e(sec1_compressed(q), f"key with {name}, compressed", flags, item)
        change, forged = off_by_one(item, turn)
        suite.e(q, f"key with {name}, {change}", "SpecialKey OffByOne", forged, "equation")


def compressed_keys(suite: Suite) -> None:
    """Both parities, the wrong parity, and x without a y."""
    for i in range(3):
        pair = key_pair(f"compressed {i}")
        for name, q, d in (("Q", pair.q, pair.d), ("-Q", neg(pair.q), N - pair.d)):
            key, parity = sec1_compressed(q), ("even", "odd")[y_of(q) % 2]
            other = bytes([key[0] ^ 1]) + key[1:]
            label = f"compressed {name} #{i}, y {parity}"
            msg = label.encode()
            rs = sign(KeyPair(d, q), DEFAULT_ID, msg, label)
            item = solve_labelled(q, label)
            flag, wrong = "CompressedKey", "CompressedKey WrongKey"
            suite.m(key, f"{label}, message", flag, msg, rs)
            suite.m(other, f"{label}, message, other parity", wrong, msg, rs, "equation")
            suite.e(key, label, flag, item)
            suite.e(other, f"{label}, other parity", wrong, item, "equation")
    without_y = [x for x in range(2, 30) if not has_point(x)]
    for x in (*without_y[:2], P - 1, N):
        # As if y were the root that p = 3 mod 4 offers for any value, square or not.
        pretended = (x, pow(rhs(x), (P + 1) // 4, P))
        for tag in (2, 3):
            key = bytes([tag]) + b32(x)
            item = solve_labelled(pretended, f"no y {x} {tag}")
            comment = f"compressed, no y for x = {offset_name(x)}, tag {tag:02x}"
            suite.e(key, comment, "InvalidCurve CompressedKey", item, "key-not-on-curve")


def unreduced_keys(suite: Suite) -> None:
    """Coordinates written as v + p. The point is legal, its writing is not."""
    low_x, low_y, zero = lift(near(1000, 1, 1)[0], 1), small_y_point(), lift(0, 0)
    keys = {
        "x + p": (low_x, b"\x04" + b32(x_of(low_x) + P) + b32(y_of(low_x))),
        "x + p, compressed": (low_x, b"\x03" + b32(x_of(low_x) + P)),
        "y + p": (low_y, b"\x04" + b32(x_of(low_y)) + b32(y_of(low_y) + P)),
        "x = p for 0": (zero, b"\x04" + b32(P) + b32(y_of(zero))),
        "x = p for 0, compressed": (zero, b"\x02" + b32(P)),
    }
    for name, (q, key) in keys.items():
        item = solve_labelled(q, f"unreduced {name}")
        suite.e(q, f"{name}: the same point, reduced", "SpecialKey", item)
        suite.e(key, f"key with {name}", "UnreducedKey", item, "key-malformed", FIELD_CLAUSE)
    off = {
        "x = 2^256-1": b"\x04" + b"\xff" * 32 + b32(y_of(MAIN.q)),
        "y = 2^256-1": b"\x04" + b32(x_of(MAIN.q)) + b"\xff" * 32,
        "y = p": b"\x04" + b32(x_of(MAIN.q)) + b32(P),
        "x = y = p": b"\x04" + b32(P) + b32(P),
        "x = y = 2^256-1": b"\x04" + b"\xff" * 64,
        "x = 2^256-1, compressed": b"\x03" + b"\xff" * 32,
    }
    item = solve_labelled(MAIN.q, "unreduced")
    for name, key in off.items():
        suite.e(key, f"key with {name}", "UnreducedKey", item, "key-malformed", FIELD_CLAUSE)


def malformed_keys(suite: Suite) -> None:
    """Wrong tags and lengths around a good point. Each item would be valid for that point."""
    q = MAIN.q
    x, y = b32(x_of(q)), b32(y_of(q))
    item = solve_labelled(q, "malformed")
    msg = b"malformed key"
    rs = sign(MAIN, DEFAULT_ID, msg, "malformed")
    parity = y_of(q) % 2
    spki_head = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
    keys = {
        "hybrid, right parity": bytes([6 + parity]) + x + y,
        "hybrid, wrong parity": bytes([7 - parity]) + x + y,
        "empty": b"",
        "no tag, x and y only": x + y,
        "no tag, x only": x,
        "tag 04 alone": b"\x04",
        "tag 02 alone": b"\x02",
        "64 bytes: y one byte short": b"\x04" + x + y[:31],
        "66 bytes: one byte too many": b"\x04" + x + y + b"\x00",
        "66 bytes: a zero byte before the tag": b"\x00\x04" + x + y,
        "67 bytes: x and y with a leading zero": b"\x04\x00" + x + b"\x00" + y,
        "32 bytes: compressed, one byte short": bytes([2 + parity]) + x[:31],
        "34 bytes: compressed, one byte too many": bytes([2 + parity]) + x + b"\x00",
        "65 bytes with the compressed tag": bytes([2 + parity]) + x + y,
        "33 bytes with tag 04": b"\x04" + x,
        "33 bytes with tag 06": b"\x06" + x,
        "65 bytes with tag 00": b"\x00" + x + y,
        "65 zero bytes": bytes(65),
        "33 zero bytes": bytes(33),
        "two zero bytes": bytes(2),
        "65 bytes with tag 01": b"\x01" + x + y,
        "65 bytes with tag 05": b"\x05" + x + y,
        "65 bytes with tag 08": b"\x08" + x + y,
        "65 bytes with tag 14": b"\x14" + x + y,
        "65 bytes with tag 84": b"\x84" + x + y,
        "65 bytes with tag ff": b"\xff" + x + y,
        "a SubjectPublicKeyInfo instead of a point": spki_head + b"\x04" + x + y,
        "an OCTET STRING around the point": b"\x04\x41\x04" + x + y,
        "hex text": (b"04" + x.hex().encode() + y.hex().encode()),
    }
    for name, key in keys.items():
        hybrid = name.startswith("hybrid")
        flags = "HybridKey" if hybrid else "MalformedKey"
        clause = HYBRID_CLAUSE if hybrid else None
        suite.e(key, f"key: {name}", flags, item, "key-malformed", clause)
        if hybrid or name in ("empty", "no tag, x and y only"):
            suite.m(key, f"key: {name}, message", flags, msg, rs, "key-malformed", clause)
    # The compact form is x alone and stands for the smaller y, here that of exactly one of the two.
    for point in (q, neg(q)):
        size = "smaller" if y_of(point) < P // 2 else "larger"
        item = solve_labelled(point, f"compact {size}")
        key, label = b"\x05" + x, f"key: compact form, meant for the {size} y"
        suite.e(key, label, "CompactKey", item, "key-malformed")
        d = MAIN.d if point == q else N - MAIN.d
        rs = sign(KeyPair(d, point), DEFAULT_ID, msg, f"compact {size}")
        suite.m(key, f"{label}, message", "CompactKey", msg, rs, "key-malformed")


def identity_key(suite: Suite) -> None:
    """Q = O makes s*G alone decide: anybody can sign for it, message or digest."""
    key = b"\x00"
    for i in range(4):
        item = solve_labelled(None, f"identity key {i}")
        suite.e(key, f"key O, R = sG #{i}", "IdentityKey", item, "key-is-identity")
    item = solve_labelled(None, "identity key der")
    suite.e(key, "key O, R = sG, DER", "IdentityKey", item, "key-is-identity", encoding="der")
    # Z_A needs coordinates; zeros are what a verifier without the check might hash.
    msg, k = b"signed by nobody", scalar("identity key message")
    e = digest(DEFAULT_ID, (0, 0), msg)
    rs = ((e + x_of(mul(k, G))) % N, k)
    for encoding in ("raw", "der"):
        comment = f"key O, message, {encoding}"
        suite.m(key, comment, "IdentityKey", msg, rs, "key-is-identity", encoding=encoding)


def affine_key(x: int, y: int) -> bytes:
    """The uncompressed form of any pair of field elements."""
    return b"\x04" + b32(x % P) + b32(y % P)


def order_of(point: Point, bound: int) -> int:
    """The order of a point, on whatever curve it lies, if at most `bound`."""
    total, k = point, 1
    while total is not None:
        total, k = add(total, point), k + 1
        assert k <= bound
    return k


def low_order_points() -> dict[str, tuple[Point, int]]:
    """Points of small order on other curves y^2 = x^3 - 3x + b'; add() cannot tell them apart.

    2: y = 0. 3: b' is where the third division polynomial 3x^4 - 18x^2 + 12b'x - 9 is 0.
    4: the same with x^6 - 15x^4 + 20b'x^3 - 45x^2 + 12b'x - 8b'^2 + 27.
    7 and 443 divide the order of the twist, which for p = 3 mod 4 is b' = -b.
    """
    found: dict[str, tuple[Point, int]] = {}
    for i, x in enumerate((0, 5, x_of(MAIN.q))):
        found[f"order 2 #{i}"] = ((x, 0), 2)
    for x in range(1, 40):
        b3 = (9 + 18 * x**2 - 3 * x**4) * pow(12 * x, -1, P) % P
        y = sqrt(x**3 - 3 * x + b3)
        if y and sum(k.startswith("order 3") for k in found) < 2:
            found[f"order 3, x = {x}"] = ((x, y), 3)
        # 8b'^2 - (20x^3 + 12x)b' - (x^6 - 15x^4 - 45x^2 + 27) = 0, solved for b'.
        half, rest = 10 * x**3 + 6 * x, x**6 - 15 * x**4 - 45 * x**2 + 27
        root = sqrt(half * half + 8 * rest)
        if root is not None and sum(k.startswith("order 4") for k in found) < 2:
            y = sqrt(x**3 - 3 * x + (half + root) * pow(8, -1, P))
            if y:
                found[f"order 4, x = {x}"] = ((x, y), 4)
    twist_order = 2 * P + 2 - N
    for prime in (7, 443):
        found[f"twist, order {prime}"] = (twist_point(twist_order // prime), prime)
    for point, order in found.values():
        assert order_of(point, 443) == order
    return found


def twist_point(cofactor: int) -> Point:
    """The first point of y^2 = x^3 - 3x - b that the cofactor does not send to O."""
    x = 0
    while True:
        y = sqrt(x**3 - 3 * x - B)
        if y is not None:
            assert mul_any(2 * P + 2 - N, (x, y)) is None
            point = mul_any(cofactor, (x, y))
            if point is not None:
                return point
        x += 1


def mul_any(k: int, p: Point) -> Point:
    """k*p for k of any size."""
    total: Point = None
    for bit in bin(k)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, p)
    return total


def joint_ladder(s: int, q: Point, t: int) -> Point:
    """s*G + t*q in one pass from the top bit down, as a fast verifier does it."""
    table = {(1, 0): G, (0, 1): q, (1, 1): add(G, q), (0, 0): None}
    total: Point = None
    for i in reversed(range(256)):
        total = add(add(total, total), table[s >> i & 1, t >> i & 1])
    return total


def invalid_curve(suite: Suite) -> None:
    """Keys off the curve. The equation holds for a verifier that adds points without a look."""
    flag, reason = "InvalidCurve", "key-not-on-curve"
    for name, (point, order) in low_order_points().items():
        key = sec1(point)
        s = scalar(f"low order {name}")
        for residue in sorted({0, 1, order - 1}):
            # t = residue modulo the order, so that t*Q' is O, Q' or -Q'.
            t = scalar(f"low order t {name}") % (N // 2048) * order + residue
            item = solve_st(point, s, t)
            suite.e(key, f"key of {name}, t = {residue} modulo it", flag, item, reason)
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    off = {
        "(0, 0)": affine_key(0, 0),
        "(0, 1)": affine_key(0, 1),
        "(1, 0)": affine_key(1, 0),
        "(x, y+1)": affine_key(x, y + 1),
        "(x+1, y)": affine_key(x + 1, y),
        "(y, x)": affine_key(y, x),
        "(-x, y)": affine_key(-x, y),
        "(x, 0)": affine_key(x, 0),
        "(0, y)": affine_key(0, y),
        "x and y with their bytes reversed": affine_key(number(b32(x)[::-1]), number(b32(y)[::-1])),
        "the generator of P-256": affine_key(*P256_G),
        "the generator of secp256k1": affine_key(*SECP256K1_G),
        "a random pair": affine_key(scalar("random x"), scalar("random y")),
        "a point of the twist": sec1(twist_point(1)),
    }
    for name, key in off.items():
        point = (number(key[1:33]), number(key[33:]))
        item = solve_labelled(point, f"off curve {name}")
        suite.e(key, f"key off the curve: {name}", flag, item, reason)
    for name in ("(0, 0)", "(x, y+1)", "the generator of P-256"):
        msg = b"off the curve"
        rs = sign(MAIN, DEFAULT_ID, msg, "off")
        suite.m(off[name], f"key off the curve: {name}, message", flag, msg, rs, reason)
    for name in ("(x, y+1)", "(y, x)", "the generator of P-256", "a random pair"):
        # Off the curve the group law fails, and another order of additions gives another R.
        point = (number(off[name][1:33]), number(off[name][33:]))
        s, t = scalar(f"ladder s {name}"), scalar(f"ladder t {name}")
        item = Solved((t - s) % N, s, (t - s - x_of(joint_ladder(s, point, t))) % N)
        suite.e(off[name], f"key off the curve: {name}, joint ladder", flag, item, reason)
    # (0, 0) is how many libraries write O. Then R = sG.
    item = solve_labelled(None, "zero zero")
    suite.e(affine_key(0, 0), "key off the curve: (0, 0) taken for O", flag, item, reason)


P256_AB = (
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
)
P256_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SECP256K1_G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def special_scalars() -> list[tuple[str, int, int]]:
    """Pairs (s, t) whose bits are regular: one bit, all bits, alternating bits, long runs."""
    ones = (1 << 255) - 1
    fives = int("5" * 64, 16)
    runs = int("ffff0000" * 8, 16) >> 1
    pairs = [
        ("1, 2", 1, 2),
        ("2, 1", 2, 1),
        ("1, 3", 1, 3),
        ("3, 1", 3, 1),
        ("2, 3", 2, 3),
        ("1, n-1", 1, N - 1),
        ("n-1, 1", N - 1, 1),
        ("n-1, n-2", N - 1, N - 2),
        ("15, 16", 15, 16),
        ("16, 15", 16, 15),
        ("2^128, 1", 1 << 128, 1),
        ("1, 2^128", 1, 1 << 128),
        ("2^255, 2^254", 1 << 255, 1 << 254),
        ("2^128 - 1, 2^128", (1 << 128) - 1, 1 << 128),
        ("2^255 - 1, 2^255", ones, 1 << 255),
        ("55...5, aa...a", fives, 2 * fives % N),
        ("n - 2^64, 2^64", N - (1 << 64), 1 << 64),
        ("2^192, n - 2^192", 1 << 192, N - (1 << 192)),
        ("(n-1)/2, (n+1)/2", HALF - 1, HALF),
        ("runs of 16, their complement", runs, ones - runs),
        ("2^64 - 1, 2^256 - 2^192 modulo n", (1 << 64) - 1, (TWO_256 - (1 << 192)) % N),
    ]
    assert all(0 < s < N and 0 < t < N and s != t for _, s, t in pairs)
    return pairs


LADDER_KEYS: dict[str, int] = {
    "G": 1, "-G": N - 1, "2G": 2, "-2G": N - 2, "3G": 3, "-3G": N - 3,
    "15G": 15, "-16G": N - 16, "17G": 17,
    "G/2": HALF, "-G/2": N - HALF, "-G/3": -inv(3) % N,
    "2G/3": 2 * inv(3) % N, "-2G/3": -2 * inv(3) % N, "-3G/2": -3 * inv(2) % N,
    "-5G/7": -5 * inv(7) % N, "-15G/8": -15 * inv(8) % N,
    "2^128 G": 1 << 128, "-2^128 G": N - (1 << 128), "2^-4 G": inv(16),
}  # fmt: skip


def ladder_item(suite: Suite, name: str, d: int, s: int, t: int, comment: str) -> None:
    """The pair (s, t) for the key d*G: valid, unless it meets O."""
    q = mul(d, G)
    item = solve_st(q, s, t)
    reason = "r-point-is-identity" if (s + t * d) % N == 0 else None
    flags = "PointAtInfinity LadderCollision" if reason else "LadderCollision"
    suite.e(q, f"Q = {name}, {comment}", flags, item, reason)


def ladder_scalars(suite: Suite) -> None:
    """Regular scalars times keys i/j*G: tables with i*G + j*Q then hold O and equal points."""
    pairs = special_scalars()
    for turn, (name, d) in enumerate(LADDER_KEYS.items()):
        for i in range(2):
            pair_name, s, t = pairs[(turn * 2 + i) % len(pairs)]
            ladder_item(suite, name, d, s, t, f"s, t = {pair_name}")
    q = key_pair("ladder").q
    for pair_name, s, t in pairs:
        suite.e(q, f"Q random, s, t = {pair_name}", "EdgeCaseScalar", solve_st(q, s, t))


def ladder_final(suite: Suite) -> None:
    """s*G and t*Q equal (the last addition doubles) or opposite (it gives O)."""
    keys = LADDER_KEYS | {"dG": MAIN.d}
    for name, d in keys.items():
        t = scalar(f"final {name}")
        if d != 1:
            ladder_item(suite, name, d, t * d % N, t, "sG = tQ")
        if d != N - 1:
            ladder_item(suite, name, d, -t * d % N, t, "sG = -tQ")
    for name in ("2G", "-3G/2", "dG"):
        d = keys[name]
        q, t = mul(d, G), scalar(f"final small {name}")
        item = solve_st(q, t * d % N, t)
        wrong = item._replace(e=(item.e + 1) % N)
        suite.e(q, f"Q = {name}, sG = tQ, e + 1", "LadderCollision OffByOne", wrong, "equation")
        # An addition that does not double leaves x = 0 or O behind: e as if it had.
        zero = item._replace(e=item.r)
        suite.e(q, f"Q = {name}, sG = tQ, e as if x(R) = 0", "LadderCollision", zero, "equation")


def ladder_inside(suite: Suite) -> None:
    """s = m*2^j + s', t = 2^j + t', Q = +-m*G: at bit j the accumulator m*G meets Q or -Q.

    Left-to-right ladders, joint or not, then double or pass through O with bits still to come.
    """
    for m_name, m in (("1", 1), ("2", 2), ("5", 5), ("15", 15), ("2^32-1", WORD)):
        for j in (1, 4, 65, 200):
            low_s = scalar(f"inside s {m_name} {j}") % (1 << j)
            low_t = scalar(f"inside t {m_name} {j}") % (1 << j)
            s, t = m * (1 << j) + low_s, (1 << j) + low_t
            for sign_name, d in (("", m), ("-", N - m)):
                if s != t:
                    name = f"{sign_name}{m_name} G"
                    ladder_item(suite, name, d, s, t, f"met at bit {j}")


class Variant(NamedTuple):
    """A spoiled form of one DER signature."""

    flags: str
    name: str
    sig: bytes
    reason: str | None = "encoding"
    clause: str | None = None


class Parts:
    """The pieces of a good signature, to be put together again with one of them changed.

    r has its top bit set and s has not, so that only r needs a leading zero byte.
    """

    def __init__(self, r: int, s: int) -> None:
        assert r >> 255 == 1 and s >> 255 == 0
        self.numbers = r, s
        self.r, self.s = der_int(r), der_int(s)
        self.r_content, self.s_content = int_content(r), int_content(s)
        self.body = self.r + self.s
        self.good = seq(self.body)

    def lengths(self) -> tuple[tuple[str, int, Callable[[bytes], bytes]], ...]:
        """(what, its right length, the signature with other octets for that length)."""
        r, s = self.r_content, self.s_content
        return (
            ("sequence", len(self.body), lambda octets: b"\x30" + octets + self.body),
            ("r", len(r), lambda octets: seq(b"\x02" + octets + r + self.s)),
            ("s", len(s), lambda octets: seq(self.r + b"\x02" + octets + s)),
        )


def ber_variants(good: Parts) -> Iterator[Variant]:
    """Forms that BER reads as the same two numbers and DER forbids."""
    flag, clause, end = "BerEncoding", DER_LENGTH_CLAUSE, b"\0\0"
    for what, size, build in good.lengths():
        for octets in (1, 2, 3, 4, 8, 126) if what == "sequence" else (1, 2):
            sig = build(bytes([0x80 | octets]) + size.to_bytes(octets, "big"))
            yield Variant(flag, f"length of {what} in {octets} octets", sig, clause=clause)
    indefinite = {
        "sequence of indefinite length": b"\x30\x80" + good.body + end,
        "sequence of indefinite length, no end": b"\x30\x80" + good.body,
        "r of indefinite length": seq(b"\x02\x80" + good.r_content + end + good.s),
        "s of indefinite length": seq(good.r + b"\x02\x80" + good.s_content + end),
    }
    for name, sig in indefinite.items():
        yield Variant(flag, name, sig, clause=clause)
    yield Variant(flag, "r constructed", seq(b"\x22" + good.r[1:] + good.s))
    yield Variant(flag, "r constructed of one INTEGER", seq(tlv(0x22, good.r) + good.s))
    yield Variant(flag, "tag of r in high form", seq(b"\x1f\x02" + good.r[1:] + good.s))
    yield Variant(flag, "tag of the sequence in high form", b"\x3f\x10" + good.good[1:])


def length_variants(good: Parts) -> Iterator[Variant]:
    """Lengths that are wrong, among them those that overflow a machine word."""
    for what, size, build in good.lengths():
        octets = {
            "one less": der_length(size - 1),
            "one more": der_length(size + 1),
            "0": b"\0",
            "127": b"\x7f",
            "2^31-1": bytes.fromhex("847fffffff"),
            "2^32-1": bytes.fromhex("84ffffffff"),
            "2^64-1": bytes.fromhex("88ffffffffffffffff"),
            "2^32 more": der_length(size + (1 << 32)),
            "2^64 more": der_length(size + (1 << 64)),
            "the reserved octet ff": b"\xff",
        }
        for name, value in octets.items():
            yield Variant("InvalidLength", f"length of {what}: {name}", build(value))


def integer_variants(good: Parts) -> Iterator[Variant]:
    """INTEGERs with too many or too few bytes."""
    r, _ = good.numbers
    forms = {
        "r empty": seq(b"\x02\x00" + good.s),
        "s empty": seq(good.r + b"\x02\x00"),
        "r and s empty": seq(b"\x02\x00\x02\x00"),
        "r = 0 in two bytes": seq(b"\x02\x02\0\0" + good.s),
        "r negative and not minimal": seq(tlv(2, b"\xff" + b32(r)) + good.s),
        "s = -1 in two bytes": seq(good.r + b"\x02\x02\xff\xff"),
    }
    for zeros in (1, 2, 256):
        pad = bytes(zeros)
        forms[f"r with {zeros} more zero bytes"] = seq(tlv(2, pad + good.r_content) + good.s)
        forms[f"s with {zeros} more zero bytes"] = seq(good.r + tlv(2, pad + good.s_content))
    for name, sig in forms.items():
        yield Variant("InvalidInteger", name, sig, clause=DER_INTEGER_CLAUSE)
    # Without the zero byte the INTEGER is negative: well-formed, and out of range.
    negative = tlv(2, b32(r))
    bad_r, bad_s = seq(negative + good.s), seq(good.s + negative)
    yield Variant("RangeCheckR", "r without its zero byte", bad_r, "r-out-of-range")
    yield Variant("RangeCheckS", "s without its zero byte", bad_s, "s-out-of-range")


def element_variants(good: Parts) -> Iterator[Variant]:
    """Elements too many, too few, cut off or left over."""
    extras = {"00": b"\0", "NULL": b"\5\0", "INTEGER 0": b"\2\1\0", "end of contents": b"\0\0"}
    for name, extra in extras.items():
        places = {
            "after the sequence": good.good + extra,
            "at the end of the sequence": seq(good.body + extra),
            "at the start of the sequence": seq(extra + good.body),
            "between r and s": seq(good.r + extra + good.s),
            "before the sequence": extra + good.good,
        }
        for place, sig in places.items():
            yield Variant("TrailingData", f"{name} {place}", sig)
    yield Variant("TrailingData", "the signature twice", good.good * 2)
    missing = {
        "no s": seq(good.r),
        "no r and no s": seq(b""),
        "no bytes": b"",
        "r and s without a sequence": good.body,
        "three INTEGERs": seq(good.body + good.s),
    }
    for name, sig in missing.items():
        yield Variant("MissingElement", name, sig)
    r_end = 2 + len(good.r)
    cuts = {1: "the tag", 2: "the head", 3: "the tag of r", 4: "the head of r", 5: "one byte of r"}
    cuts |= {
        r_end: "r",
        r_end + 1: "the tag of s",
        r_end + 2: "the head of s",
        len(good.good) - 1: "all but one byte",
    }
    for size, name in cuts.items():
        yield Variant("Truncated", f"cut after {name}", good.good[:size])
        if size > 2 and size != r_end:
            sig = seq(good.good[2:size])
            yield Variant("Truncated", f"sequence cut after {name}, its length right", sig)


def type_variants(good: Parts) -> Iterator[Variant]:
    """Other tags, other containers, no container."""
    forms = {
        f"sequence with tag {tag:02x}": bytes([tag]) + good.good[1:]
        for tag in (0x00, 0x10, 0x31, 0x70, 0xA0, 0xFF)
    }
    for tag in (0x01, 0x03, 0x04, 0x0A, 0x82):
        forms[f"r with tag {tag:02x}"] = seq(bytes([tag]) + good.r[1:] + good.s)
        forms[f"s with tag {tag:02x}"] = seq(good.r + bytes([tag]) + good.s[1:])
    forms |= {
        "r inside a sequence": seq(seq(good.r) + good.s),
        "s inside a sequence": seq(good.r + seq(good.s)),
        "sequence inside a sequence": seq(good.good),
        "OCTET STRING around the signature": tlv(0x04, good.good),
        "BIT STRING around the signature": tlv(0x03, b"\0" + good.good),
        "raw form": raw(*good.numbers),
        "hex text": good.good.hex().encode(),
    }
    for name, sig in forms.items():
        yield Variant("WrongType", name, sig)


def signed_with_top_bits(msg: bytes) -> tuple[int, int]:
    """A signature of MAIN whose r has its top bit set and whose s has not."""
    for i in range(64):
        r, s = sign(MAIN, DEFAULT_ID, msg, f"top bits {i}")
        if r >> 255 == 1 and s >> 248 in range(1, 128):
            return r, s
    raise AssertionError("no such signature among the first 64")


def der_and_ber(suite: Suite) -> None:
    """Everything that strict DER refuses around one good signature."""
    msg = b"strict DER"
    good = Parts(*signed_with_top_bits(msg))
    group = GroupKey(sec1(MAIN.q), "der", "message", DEFAULT_ID)
    suite.put(group, "DER: as it should be", "ValidSignature", msg, good.good)
    makers = (ber_variants, length_variants, integer_variants, element_variants, type_variants)
    for v in (variant for maker in makers for variant in maker(good)):
        suite.put(group, f"DER: {v.name}", v.flags, msg, v.sig, v.reason, v.clause)


DER_SIZES = {
    "1 byte": 0x7F, "1 byte and a zero": 0x80, "2 bytes": 0x0100,
    "31 bytes": (1 << 247) - 19, "31 bytes and a zero": (1 << 248) - 1,
    "32 bytes": (1 << 254) + 7, "32 bytes and a zero": N - 3,
}  # fmt: skip


def der_sizes(suite: Suite) -> None:
    """Good DER signatures with r and s of every size class, and their zero-padded doubles."""
    group = GroupKey(sec1(MAIN.q), "der", "digest", b"")
    pairs = [(r_name, s_name) for r_name in DER_SIZES for s_name in DER_SIZES]
    for r_name, s_name in pairs[::4]:
        r, s = DER_SIZES[r_name], DER_SIZES[s_name]
        e, label = b32(solve(MAIN.q, r, s).e), f"DER: r of {r_name}, s of {s_name}"
        suite.put(group, label, "EdgeCaseScalar", e, der(r, s))
        padded = seq(tlv(2, b"\0" + b32(r)) + tlv(2, b"\0" + b32(s)))
        if padded != der(r, s):
            label, flag = f"{label}, both padded to 33 bytes", "InvalidInteger"
            suite.put(group, label, flag, e, padded, "encoding", DER_INTEGER_CLAUSE)


def raw_lengths(suite: Suite) -> None:
    """The raw form has 64 bytes, whatever the values."""
    short = solve(MAIN.q, number(stream("raw short r", 30)), number(stream("raw short s", 29)))
    r, s = short.r, short.s
    group = GroupKey(sec1(MAIN.q), "raw", "digest", b"")
    suite.e(MAIN.q, "raw: r and s start with zero bytes", "EdgeCaseScalar", short)
    forms = {
        "no bytes": b"",
        "one byte": b"\x01",
        "r alone": b32(r),
        "63 bytes, last one missing": raw(r, s)[:63],
        "63 bytes, a zero byte of r missing": raw(r, s)[1:],
        "63 bytes, a zero byte of s missing": b32(r) + b32(s)[1:],
        "61 bytes, s in its 29 bytes": b32(r) + b32(s)[3:],
        "59 bytes, r and s in the fewest bytes": r.to_bytes(30, "big") + s.to_bytes(29, "big"),
        "65 bytes, zero after": raw(r, s) + b"\0",
        "65 bytes, zero before": b"\0" + raw(r, s),
        "65 bytes, recovery byte 1b after": raw(r, s) + b"\x1b",
        "65 bytes, s in 33 bytes": b32(r) + b"\0" + b32(s),
        "66 bytes, r and s in 33 bytes": b"\0" + b32(r) + b"\0" + b32(s),
        "96 bytes, e after": raw(r, s) + b32(short.e),
        "128 bytes, r and s in 64 bytes": bytes(32) + b32(r) + bytes(32) + b32(s),
        "128 bytes, twice": raw(r, s) * 2,
        "DER": der(r, s),
        "hex text": raw(r, s).hex().encode(),
    }
    for name, sig in forms.items():
        suite.put(group, f"raw: {name}", "RawLength", b32(short.e), sig, "encoding")
    # 64 bytes of DER are a raw signature whose r starts with 30: read as such, and wrong.
    r, s = number(stream("raw der r", 29)) | 1 << 230, number(stream("raw der s", 29)) | 1 << 230
    item = solve(MAIN.q, r, s)
    assert len(der(r, s)) == 64
    suite.put(group, "raw: DER of 64 bytes", "RawLength", b32(item.e), der(r, s), "equation")
    suite.e(MAIN.q, "raw: the same signature in raw form", "EdgeCaseScalar", item)


def identifiers(suite: Suite) -> None:
    """Ids of every length and kind, and signatures made for another id."""
    pair = key_pair("ids")
    msg = b"who signed this?"
    ids = {
        "empty": b"",
        "1 byte, a": b"a",
        "1 byte, 00": b"\0",
        "the default": DEFAULT_ID,
        "the default, shorter by 1": DEFAULT_ID[:15],
        "the default and 00": DEFAULT_ID + b"\0",
        "ALICE123@YAHOO.COM": b"ALICE123@YAHOO.COM",
        "alice123@yahoo.com": b"alice123@yahoo.com",
        "16 zero bytes": bytes(16),
        "the default in UTF-16": DEFAULT_ID.decode().encode("utf-16-le"),
        "31 bytes (ENTL below 256)": b"i" * 31,
        "32 bytes (ENTL = 256)": b"i" * 32,
        "53 bytes (Z_A fills a block up to the length)": b"i" * 53,
        "54 bytes": b"i" * 54,
        "61 bytes": b"i" * 61,
        "62 bytes (blocks are full)": b"i" * 62,
        "UTF-8, not ASCII": "链盒 ü".encode(),
        "not UTF-8": b"\xff\xfe\x80",
        "255 bytes": b"j" * 255,
        "256 bytes": b"j" * 256,
        "8190 bytes": b"k" * 8190,
        "8191 bytes": b"k" * 8191,
    }
    names = list(ids)
    for i, name in enumerate(names):
        ident = ids[name]
        flag = "IdDefault" if ident == DEFAULT_ID else "IdOther"
        rs = sign(pair, ident, msg, f"id {name}")
        encoding = "raw" if i % 2 else "der"
        suite.m(pair.q, f"id: {name}", flag, msg, rs, ident=ident, encoding=encoding)
        other = names[i - 1] if name != "8190 bytes" else "empty"
        rs = sign(pair, ids[other], msg, f"id {other} for {name}")
        group = GroupKey(sec1(pair.q), encoding, "message", ident)
        comment, sig = f"id: {name}, signed for: {other}", WRITE[encoding](*rs)
        suite.put(group, comment, "IdMismatch", msg, sig, "equation", Z_CLAUSE)
    for name in ("empty", "1 byte, a", "the default and 00", "alice123@yahoo.com"):
        rs = sign(pair, DEFAULT_ID, msg, f"default for {name}")
        comment = f"id: {name}, signed for the default"
        suite.m(pair.q, comment, "IdMismatch", msg, rs, "equation", Z_CLAUSE, ident=ids[name])
        rs = sign(pair, ids[name], msg, f"{name} for default")
        comment = f"id: the default, signed for: {name}"
        suite.m(pair.q, comment, "IdMismatch", msg, rs, "equation", Z_CLAUSE)
    # The boundary between id and message must not move.
    rs = sign(pair, b"ab", b"c", "boundary")
    suite.m(pair.q, "id: ab, message c", "IdOther", b"c", rs, ident=b"ab")
    suite.m(pair.q, "id: a, message bc", "IdMismatch", b"bc", rs, "equation", Z_CLAUSE, ident=b"a")


def messages(suite: Suite) -> None:
    """Messages at the block boundaries of SM3, which hashes Z_A (32 bytes) before them."""
    sizes = [0, 1, 23, 24, 31, 32, 33, 55, 56, 63, 64, 65, 87, 88, 119, 120, 128, 1024, 8159, 8160]
    for i, size in enumerate(sizes):
        msg = stream(f"message {size}", size)
        rs = sign(MAIN, DEFAULT_ID, msg, f"message {size}")
        encoding = "der" if i % 3 == 0 else "raw"
        sig = WRITE[encoding](*rs)
        group = GroupKey(sec1(MAIN.q), encoding, "message", DEFAULT_ID)
        label, flag = f"message of {size} bytes", "ModifiedMessage"
        suite.put(group, label, "MessageLength", msg, sig)
        if size == 0:
            suite.put(group, f"{label}, a zero byte put in", flag, b"\0", sig, "equation", E_CLAUSE)
        elif size <= 128:
            changed = bytes([msg[0] ^ 1]) + msg[1:]
            comment = f"{label}, first bit flipped"
            suite.put(group, comment, flag, changed, sig, "equation", E_CLAUSE)
            if size % 32 == 0:
                comment = f"{label}, last byte dropped"
                suite.put(group, comment, flag, msg[:-1], sig, "equation", E_CLAUSE)
    rs = sign(MAIN, DEFAULT_ID, bytes(65536), "message of 64 KiB")
    suite.m(MAIN.q, "message of 64 KiB of zero bytes", "MessageLength", bytes(65536), rs)
    rs = sign(MAIN, DEFAULT_ID, b"padding", "padding")
    comment, padded = "message with a padding byte put in", b"padding\x80"
    suite.m(MAIN.q, comment, "ModifiedMessage", padded, rs, "equation", E_CLAUSE)


EDGE_DIGESTS = {
    "0": 0, "1": 1, "2^255": 1 << 255, "n-1": N - 1, "n": N, "n+1": N + 1,
    "p-1": P - 1, "p": P, "p+1": P + 1, "2n - 2^256 + 1": 2 * N - TWO_256 + 1,
    "2^256-2": TWO_256 - 2, "2^256-1": TWO_256 - 1,
}  # fmt: skip


def digests(suite: Suite) -> None:
    """e at the edges. e is 256 bits and is reduced modulo n; 0 is like any other."""
    for name, e in EDGE_DIGESTS.items():
        for encoding in ("raw", "der"):
            label = f"e = {name}, {encoding}"
            item = Solved(*sign_e(MAIN.d, e, scalar(f"k {label}")), e)
            suite.e(MAIN.q, label, "EdgeCaseDigest", item, encoding=encoding)
        item = Solved(*sign_e(MAIN.d, e, scalar(f"k e {name}")), e)
        step = 1 if e < TWO_256 - 1 else -1
        wrong = item._replace(e=e + step)
        comment = f"signed e = {name}, given e {step:+d}"
        suite.e(MAIN.q, comment, "EdgeCaseDigest OffByOne", wrong, "equation")
    # Signed for e modulo p or modulo 2^255: what a wrong reduction would take.
    for name, e, taken in (
        ("2^256-1 for e modulo p", TWO_256 - 1, (TWO_256 - 1) % P),
        ("p for 0", P, 0),
        ("p+1 for 1", P + 1, 1),
        ("2^256-1 for 0, as if e >= n were dropped", TWO_256 - 1, 0),
        ("n for n-1, as if clamped", N, N - 1),
        ("2^255 for 0, as if cut to 255 bits", 1 << 255, 0),
        ("2^256-1 for e/2, as if cut to 255 bits", TWO_256 - 1, (TWO_256 - 1) >> 1),
    ):
        item = Solved(*sign_e(MAIN.d, taken, scalar(f"k taken {name}")), e)
        suite.e(MAIN.q, f"e = {name}", "EdgeCaseDigest", item, "equation")
    # c = r - e = 0 with e >= n needs x(R) = 0.
    r, s = number(stream("c zero r", 24)), scalar("c zero s")
    q = key_for(lift(0, 1), s, (r + s) % N)
    for name, e in (("e = r", r), ("e = r + n", r + N)):
        suite.e(q, f"c = 0, x(R) = 0, {name}", "XZero EdgeCaseDigest", Solved(r, s, e))
    suite.e(MAIN.q, "c = 0, x(R) not 0", "XZero", Solved(r, s, r), "equation")


def wrong_hashes(ident: bytes, q: Point, msg: bytes) -> dict[str, int]:
    """Other things that signers have hashed in place of SM3(Z_A || M)."""
    z = z_value(ident, q)
    params = b"".join(map(b32, (A, B, GX, GY)))
    xa, ya = b32(x_of(q)), b32(y_of(q))
    entl = (8 * len(ident)).to_bytes(2, "big")
    other = key_pair("other").q
    p256 = b"".join(map(b32, (*P256_AB, *P256_G)))

    def with_z(preimage: bytes) -> bytes:
        return sm3(sm3(preimage) + msg)

    hashes = {
        "no Z_A": sm3(msg),
        "no Z_A, SHA-256": hashlib.sha256(msg).digest(),
        "SHA-256 of Z_A || M": hashlib.sha256(z + msg).digest(),
        "M || Z_A": sm3(msg + z),
        "Z_A || SM3(M)": sm3(z + sm3(msg)),
        "SM3 twice": sm3(sm3(z + msg)),
        "SM3 of Z_A alone": z,
        "the id in place of Z_A": sm3(ident + msg),
        "Z_A in hex": sm3(z.hex().encode() + msg),
        "message in hex": sm3(z + msg.hex().encode()),
        "Z_A of another key": sm3(z_value(ident, other) + msg),
        "Z_A of the key negated": sm3(z_value(ident, neg(q)) + msg),
        "Z_A of G": sm3(z_value(ident, G) + msg),
        "Z_A with ENTL in bytes": with_z(len(ident).to_bytes(2, "big") + ident + params + xa + ya),
        "Z_A with ENTL in little-endian order": with_z(entl[::-1] + ident + params + xa + ya),
        "Z_A with ENTL of one byte": with_z(entl[1:] + ident + params + xa + ya),
        "Z_A with ENTL of four bytes": with_z(b"\0\0" + entl + ident + params + xa + ya),
        "Z_A without ENTL": with_z(ident + params + xa + ya),
        "Z_A without id": with_z(entl + params + xa + ya),
        "Z_A without a and b": with_z(entl + ident + b32(GX) + b32(GY) + xa + ya),
        "Z_A without G": with_z(entl + ident + b32(A) + b32(B) + xa + ya),
        "Z_A with a = 3": with_z(entl + ident + b32(3) + params[32:] + xa + ya),
        "Z_A with the parameters of P-256": with_z(entl + ident + p256 + xa + ya),
        "Z_A with x alone": with_z(entl + ident + params + xa),
        "Z_A with y before x": with_z(entl + ident + params + ya + xa),
        "Z_A with the tag 04 of the key": with_z(entl + ident + params + b"\x04" + xa + ya),
        "Z_A with the compressed key": with_z(entl + ident + params + sec1_compressed(q)),
        "Z_A with the key before the parameters": with_z(entl + ident + xa + ya + params),
        "e with its bytes reversed": sm3(z + msg)[::-1],
        "e cut to 160 bits": sm3(z + msg)[:20],
    }
    return {name: number(h) for name, h in hashes.items()}


def wrong_digest(suite: Suite) -> None:
    """Signatures that are right for another e."""
    pair = key_pair("wrong digest")
    msg = b"the digest is not what it should be"
    rs = sign(pair, DEFAULT_ID, msg, "right digest")
    suite.m(pair.q, "hashed as it should be", "ValidSignature", msg, rs)
    for name, e in wrong_hashes(DEFAULT_ID, pair.q, msg).items():
        rs = sign_e(pair.d, e, scalar(f"k {name}"))
        clause = Z_CLAUSE if name.startswith("Z_A") else E_CLAUSE
        suite.m(pair.q, f"hashed: {name}", "WrongDigest", msg, rs, "equation", clause)


def ecdsa(d: int, e: int, k: int) -> tuple[int, int]:
    """An ECDSA signature on this curve."""
    r = x_of(mul(k, G)) % N
    return r, inv(k) * (e + r * d) % N


def wrong_equations(d: int, e: int, k: int) -> dict[str, tuple[int, int]]:
    """(r, s) by formulas that are near to those of SM2."""
    r, s = sign_e(d, e, k)
    point = mul(k, G)
    x, y = x_of(point), y_of(point)

    def s_of(other_r: int) -> int:
        return inv(1 + d) * (k - other_r * d) % N

    other_r = {
        "r = x, no e": x % N,
        "r = e - x": (e - x) % N,
        "r = x - e": (x - e) % N,
        "r = e * x": e * x % N,
        "r = e xor x": (e ^ x) % N,
        "r = e + y": (e + y) % N,
        "r = e + x modulo p": (e + x) % P % N,
        "r = e + x modulo 2^256": (e + x) % TWO_256 % N,
        "r = e, no x": e % N,
    }
    found = {name: (v, s_of(v)) for name, v in other_r.items() if v != r}
    found |= {
        "r and s swapped": (s, r),
        "s negated": (r, N - s),
        "r negated": (N - r, s),
        "r and s negated": (N - r, N - s),
        "s inverted": (r, inv(s)),
        "s + 1": (r, s + 1),
        "s - 1": (r, s - 1),
        "r + 1": (r + 1, s),
        "r - 1": (r - 1, s),
        "r + 1 and s - 1, the same t": (r + 1, s - 1),
        "s doubled": (r, 2 * s % N),
        "s = k - rd, for t = r": (r, (k - r * d) % N),
        "s = (1+d)(k - rd)": (r, (1 + d) * (k - r * d) % N),
        "s = (k + rd)/(1+d)": (r, inv(1 + d) * (k + r * d) % N),
        "s = (k - rd)/(1-d), for t = r - s": (r, inv(1 - d) * (k - r * d) % N),
        "s = (k - rd)/d": (r, inv(d) * (k - r * d) % N),
        "s = (k - r)/(1+d), for R = tG + sQ": (r, inv(1 + d) * (k - r) % N),
        "s = k/(1+d), for t = s": (r, inv(1 + d) * k % N),
        "s = k": (r, k),
        "ECDSA": ecdsa(d, e, k),
        "r of SM2, s of ECDSA": (r, ecdsa(d, e, k)[1]),
        "bytes of r and s reversed": (number(b32(r)[::-1]) % N, number(b32(s)[::-1]) % N),
    }
    return found


def wrong_equation(suite: Suite) -> None:
    """Signatures by near-miss formulas, and the two that R and -R both allow."""
    pair = key_pair("wrong equation")
    msg = b"the equation is not what it should be"
    e = digest(DEFAULT_ID, pair.q, msg)
    k = scalar("wrong equation")
    flag, rs, mirrored = "ValidSignature", sign_e(pair.d, e, k), sign_e(pair.d, e, N - k)
    suite.m(pair.q, "equation as it should be", flag, msg, rs)
    suite.m(pair.q, "the same r with -R in place of R", flag, msg, mirrored)
    for name, rs in wrong_equations(pair.d, e, k).items():
        suite.m(pair.q, f"equation: {name}", "WrongEquation", msg, rs, "equation")
    other = key_pair("other")
    rs = sign_e(other.d, e, k)
    suite.m(pair.q, "equation: signed with another key", "WrongKey", msg, rs, "equation")


def two_faults(suite: Suite) -> None:
    """Items with two faults or more: the verdict is the first in the order of the reasons."""
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    keys = {
        "good key": (sec1(MAIN.q), None),
        "malformed key": (b"\x06" + b32(x) + b32(y), "key-malformed"),
        "key off the curve": (affine_key(x, y + 1), "key-not-on-curve"),
        "key O": (b"\x00", "key-is-identity"),
    }
    good = scalar("two faults r"), scalar("two faults s")
    numbers = {
        "good r and s": good,
        "r = 0": (0, good[1]),
        "r = n": (N, good[1]),
        "s = 0": (good[0], 0),
        "s = 2^256-1": (good[0], TWO_256 - 1),
        "r = 0 and s = 0": (0, 0),
        "r = n and s = 0": (N, 0),
        "r = 2^256-1 and s = n": (TWO_256 - 1, N),
        "r + s = n": (N - good[1], good[1]),
    }
    for i, (key_name, (key, key_reason)) in enumerate(keys.items()):
        for j, (rs_name, (r, s)) in enumerate(numbers.items()):
            reasons = {v for v in ("equation", key_reason, range_reason(r, s)) if v}
            label = f"faults: {rs_name}, {key_name}, equation"
            if len(reasons) > 1:
                two_faults_item(suite, key, "raw", raw(r, s), reasons, label)
            if (i + j) % 4 == 0:
                if len(reasons) > 1:
                    two_faults_item(suite, key, "der", der(r, s), reasons, f"{label}, der")
                broken = reasons | {"encoding"}
                for encoding, write in WRITE.items():
                    comment = f"{label}, {encoding} and a byte"
                    two_faults_item(suite, key, encoding, write(r, s) + b"\0", broken, comment)


def two_faults_item(
    suite: Suite, key: bytes, encoding: str, sig: bytes, reasons: set[str], comment: str
) -> None:
    """One item with all of `reasons` against it; the equation fails as well."""
    group = GroupKey(key, encoding, "digest", b"")
    first = min(reasons, key=REASONS.index)
    suite.put(group, comment, "TwoFaults", b32(scalar("two faults e")), sig, first)


def more_faults(suite: Suite) -> None:
    """Pairs of faults inside the key, and O as a result together with other faults."""
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    item = solve_labelled(MAIN.q, "more faults")
    flags = "TwoFaults"
    both = b"\x04" + b32(P) + b32(y)
    comment = "faults: x = p and off the curve"
    suite.e(both, comment, flags, item, "key-malformed", FIELD_CLAUSE)
    both = b"\x06" + b32(x) + b32((y + 1) % P)
    comment = "faults: hybrid and off the curve"
    suite.e(both, comment, flags, item, "key-malformed", HYBRID_CLAUSE)
    suite.e(bytes(64), "faults: key of 64 zero bytes", flags, item, "key-malformed")
    pair = key_pair("more faults")
    small = number(stream("more faults small", 26))
    # t*d = -s with r small, so that r + n fits: s = -r*d/(1+d).
    s = -small * pair.d * inv(1 + pair.d) % N
    zero = solve(pair.q, small, s)
    assert joint(s, pair.q, (small + s) % N) is None
    suite.e(pair.q, "faults: R = O alone", flags, zero, "r-point-is-identity")
    suite.e(pair.q, "faults: R = O and equation", flags, zero._replace(e=1), "r-point-is-identity")
    suite.e(pair.q, "faults: r + n and R = O", flags, zero._replace(r=small + N), "r-out-of-range")
    group = GroupKey(sec1(pair.q), "raw", "digest", b"")
    long_sig = raw(small, s) + b"\0"
    suite.put(group, "faults: 65 bytes and R = O", flags, b32(zero.e), long_sig, "encoding")
    off = affine_key(x, y + 1)
    n_minus = (N - item.s, item.s)
    for encoding in ("raw", "der"):
        keys = (("O", b"\0", "key-is-identity"), ("off the curve", off, "key-not-on-curve"))
        for name, key, reason in keys:
            comment = f"faults: r + s = n, key {name}, message, {encoding}"
            suite.m(key, comment, flags, b"m", n_minus, reason, encoding=encoding)


def flip(data: bytes, label: str) -> bytes:
    """`data` with one bit flipped, chosen by the label, outside the first four bytes."""
    bit = number(stream(f"flip {label}", 8)) % (8 * len(data) - 32) + 32
    byte, mask = bit // 8, 1 << (bit % 8)
    return data[:byte] + bytes([data[byte] ^ mask]) + data[byte + 1 :]


def flip_int(v: int, label: str) -> int:
    """v with one of its low 224 bits flipped."""
    return number(flip(b32(v), label))


def bit_flips(suite: Suite) -> None:
    """Random good items, and each with one bit flipped in one field."""
    for i in range(8):
        encoding = "der" if i % 2 else "raw"
        ident = DEFAULT_ID if i % 3 else stream(f"flip id {i}", 9)
        one_bit_flips(suite, i, encoding, ident)


def one_bit_flips(suite: Suite, i: int, encoding: str, ident: bytes) -> None:
    """One random good item and its flips."""
    write = WRITE[encoding]
    pair, label = key_pair(f"flip {i}"), f"random #{i}"
    msg = stream(f"flip message {i}", 20 + 7 * i)
    r, s = sign(pair, ident, msg, label)
    group = GroupKey(sec1(pair.q), encoding, "message", ident)
    sig = write(r, s)
    item = Solved(r, s, digest(ident, pair.q, msg))
    suite.put(group, label, "ValidSignature", msg, sig)
    suite.e(pair.q, f"{label}, e given", "ValidSignature", item)

    def refused(what: str, group: GroupKey, msg: bytes, sig: bytes, reason: str) -> None:
        suite.put(group, f"{label}, bit of {what}", "BitFlip", msg, sig, reason)

    refused("r", group, msg, write(flip_int(r, f"r {i}"), s), "equation")
    refused("s", group, msg, write(r, flip_int(s, f"s {i}")), "equation")
    refused("the message", group, flip(msg, f"m {i}"), sig, "equation")
    refused("the id", group._replace(ident=flip(ident, f"id {i}")), msg, sig, "equation")
    if i % 2:
        other_root = group._replace(key=sec1_compressed(neg(pair.q)))
        refused("the tag of the key", other_root, msg, sig, "equation")
    else:
        off_curve = group._replace(key=flip(group.key, f"key {i}"))
        refused("the key", off_curve, msg, sig, "key-not-on-curve")
    bad_e = item._replace(e=flip_int(item.e, f"e {i}"))
    suite.e(pair.q, f"{label}, bit of e", "BitFlip", bad_e, "equation")


FAMILIES: tuple[Callable[[Suite], None], ...] = (
    standard_example,
    range_grid,
    range_shifted,
    range_der,
    sum_zero,
    point_at_infinity,
    x_of_r,
    wrong_modulus,
    key_multiples,
    special_keys,
    compressed_keys,
    unreduced_keys,
    malformed_keys,
    identity_key,
    invalid_curve,
    ladder_scalars,
    ladder_final,
    ladder_inside,
    der_and_ber,
    der_sizes,
    raw_lengths,
    identifiers,
    messages,
    digests,
    wrong_digest,
    wrong_equation,
    two_faults,
    more_faults,
    bit_flips,
)


# --------------------------------------------------------------------------------------
# Flags
# --------------------------------------------------------------------------------------


class Note(NamedTuple):
    """What a flag means."""

    bug_type: str
    description: str
    clause: str


NOTES: dict[str, Note] = {
    "StandardExample": Note(
        "BASIC",
        "The worked example of the standard, and it with one thing changed.",
        "GB/T 32918.5 annex A",
    ),
    "ValidSignature": Note("BASIC", "A random signature that must be accepted.", f"{PART2} 7.1"),
    "EdgeCaseScalar": Note(
        "EDGE_CASE",
        "r, s or t = r + s is small, near n, or has a regular bit pattern; the signature is valid.",
        f"{PART2} 7.1 B1, B2, B5",
    ),
    "EdgeCaseDigest": Note(
        "EDGE_CASE",
        "e is 0, near n or p, or at least n. It is an integer of 256 bits and counts modulo n.",
        f"{PART2} 7.1 B4, B7",
    ),
    "RangeCheckR": Note(
        "MISSING_STEP",
        "r is outside [1, n-1]. The equation holds modulo n, so only the range check refuses.",
        f"{PART2} 7.1 B1",
    ),
    "RangeCheckS": Note(
        "MISSING_STEP",
        "s is outside [1, n-1]. The equation holds modulo n, so only the range check refuses.",
        f"{PART2} 7.1 B2",
    ),
    "SumZero": Note(
        "MISSING_STEP",
        "r + s = 0 modulo n, or an item made to look so. Then the key has no part in the equation.",
        f"{PART2} 7.1 B5",
    ),
    "PointAtInfinity": Note(
        "ARITHMETIC_ERROR",
        "s*G + t*Q = O, which has no x. A verifier that takes it for x = 0, or compares "
        "X = c*Z^2 where X = Z = 0, accepts.",
        f"{PART2} 7.1 B6",
    ),
    "XZero": Note(
        "EDGE_CASE",
        "c = r - e = 0. Legal if x(R) = 0, and two points of the curve have x = 0.",
        f"{PART2} 7.1 B7",
    ),
    "XEdge": Note(
        "EDGE_CASE",
        "x(R) is next to 0, p - n or n. Below p - n, both c and c + n are field elements.",
        f"{PART2} 7.1 B7",
    ),
    "XAboveN": Note(
        "ARITHMETIC_ERROR",
        "x(R) is in [n, p). It counts modulo n; random tests never meet it.",
        f"{PART2} 7.1 B7",
    ),
    "WrongModulus": Note(
        "ARITHMETIC_ERROR",
        "e + x(R) = r holds modulo p or 2^256, or after a slip of sign or coordinate, but not "
        "modulo n.",
        f"{PART2} 7.1 B7",
    ),
    "OffByOne": Note("BASIC", "One step away from a valid item.", f"{PART2} 7.1 B7"),
    "SmallMultipleKey": Note(
        "EDGE_CASE",
        "Q is a small or regular multiple of G. Verification has to take it, -G too, though the "
        "private key n-1 cannot sign.",
        f"{PART1} 6.2.1",
    ),
    "SpecialKey": Note(
        "EDGE_CASE",
        "A coordinate of Q is 0, small, near p, or has many zero bits. Q is a legal key.",
        f"{PART1} 6.2.1",
    ),
    "LadderCollision": Note(
        "ARITHMETIC_ERROR",
        "Equal or opposite points meet in an addition, at the end, at a given bit, or in a table.",
        f"{PART1} 3.2.3.1 c) to e)",
    ),
    "CompressedKey": Note(
        "FUNCTIONALITY",
        "Q is given as 02 or 03 and x. The parity picks the root; Z_A hashes both coordinates.",
        f"{PART1} 4.2.10 c)",
    ),
    "HybridKey": Note(
        "FUNCTIONALITY",
        "Q is given in the hybrid form 06 or 07, which the standard makes optional.",
        f"{PART1} 4.1",
    ),
    "CompactKey": Note(
        "FUNCTIONALITY",
        "Q is given as 05 and x, a form that some libraries have and the standard has not.",
        f"{PART1} 4.2.10",
    ),
    "MalformedKey": Note(
        "MISSING_STEP",
        "The key has a wrong tag or length around a good point.",
        f"{PART1} 4.2.10",
    ),
    "UnreducedKey": Note(
        "MISSING_STEP",
        "A coordinate is p or more; for some, taking it modulo p would give a legal key.",
        f"{PART1} 4.2.7",
    ),
    "IdentityKey": Note(
        "AUTH_BYPASS",
        "Q = O. Then s*G alone decides, and anybody can sign.",
        f"{PART1} 6.2.1 a)",
    ),
    "InvalidCurve": Note(
        "AUTH_BYPASS",
        "Q is not on the curve. With a point of small order on another curve, anybody can sign.",
        f"{PART1} 6.2.1 c)",
    ),
    "BerEncoding": Note(
        "BER_ENCODING",
        "The signature is BER and not DER.",
        "GB/T 35276 7.3, X.690 10.1",
    ),
    "InvalidLength": Note("BER_ENCODING", "A length that does not fit its content.", "X.690 8.1.3"),
    "InvalidInteger": Note(
        "BER_ENCODING",
        "An INTEGER that is empty or has more bytes than it needs.",
        "X.690 8.3.1, 8.3.2",
    ),
    "TrailingData": Note(
        "SIGNATURE_MALLEABILITY",
        "More bytes than the signature: after it, inside it or before it.",
        "GB/T 35276 7.3",
    ),
    "MissingElement": Note("BER_ENCODING", "Fewer or more than two INTEGERs.", "GB/T 35276 7.3"),
    "Truncated": Note("BER_ENCODING", "The signature ends early.", "X.690 8.1.3"),
    "WrongType": Note(
        "BER_ENCODING", "Another type or container than the one expected.", "GB/T 35276 7.3"
    ),
    "RawLength": Note(
        "FUNCTIONALITY",
        "A raw signature that has not the form r || s of 64 bytes.",
        f"{PART1} 4.2.2",
    ),
    "IdDefault": Note("FUNCTIONALITY", "The id is the default, given in full.", "GB/T 35276 10"),
    "IdOther": Note(
        "FUNCTIONALITY",
        "The id is any other string of at most 8191 bytes; the empty one is not the default.",
        f"{PART2} 5.5",
    ),
    "IdMismatch": Note("MISSING_STEP", "The signature was made for another id.", f"{PART2} 5.5"),
    "MessageLength": Note(
        "EDGE_CASE", "The message ends at or near a block boundary of SM3.", "GB/T 32905 5.2"
    ),
    "ModifiedMessage": Note(
        "BASIC", "The signature was made for another message.", f"{PART2} 7.1 B4"
    ),
    "WrongDigest": Note(
        "WRONG_PRIMITIVE", "The signature is right for another e.", f"{PART2} 5.5, 7.1 B3, B4"
    ),
    "WrongEquation": Note(
        "WRONG_PRIMITIVE", "The signature follows a formula near to SM2's.", f"{PART2} 6.1 A5, A6"
    ),
    "WrongKey": Note("BASIC", "The signature was made with another key.", f"{PART2} 7.1 B6"),
    "TwoFaults": Note(
        "FUNCTIONALITY",
        "The item has several faults; the reason is the first in the order of the engine.",
        "the order of reasons in README.md",
    ),
    "BitFlip": Note("BASIC", "One bit of a valid item is flipped.", f"{PART2} 7.1 B7"),
}


# --------------------------------------------------------------------------------------
# What other libraries do
# --------------------------------------------------------------------------------------


class Difference(NamedTuple):
    """The cases, one comment a line, in which a library differs for one cause."""

    library: str
    accepts: bool
    why: str
    comments: str


# Observed by running the libraries as README.md says, not computed here.
DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "libcrypto 3.0",
        True,
        "EC_POINT_oct2point takes the hybrid form if its parity is right",
        """
key: hybrid, right parity
key: hybrid, right parity, message
""",
    ),
    Difference(
        "libcrypto 3.0",
        True,
        "EVP_PKEY_fromdata takes O as a key, and EVP_PKEY_verify does not check it; then R = sG",
        """
key O, R = sG #0
key O, R = sG #1
key O, R = sG #2
key O, R = sG #3
key O, R = sG, DER
""",
    ),
    Difference(
        "libcrypto 3.0",
        False,
        "its longest id has 8190 bytes: it refuses from UINT16_MAX / 8 = 8191 on",
        """
id: 8191 bytes
""",
    ),
    Difference(
        "sm2 0.14",
        True,
        "the sec1 crate takes tag 05, the compact form, and picks the smaller y",
        """
key: compact form, meant for the smaller y
key: compact form, meant for the smaller y, message
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        True,
        "Signature::from_slice and verify_digest do not check that r and s are in [1, n-1]",
        """
r = 0, s = 1
r = 0, s = (n-1)/2
r = 0, s = (n+1)/2
r = 0, s = n-1
r = 0, s = n+1
r = 0, s = p
r = 0, s = 2^256-1
r = 1, s = 0
r = 1, s = n
r = 1, s = n+1
r = 1, s = p
r = 1, s = 2^256-1
r = (n-1)/2, s = 0
r = (n-1)/2, s = n
r = (n-1)/2, s = n+1
r = (n-1)/2, s = p
r = (n-1)/2, s = 2^256-1
r = (n+1)/2, s = 0
r = (n+1)/2, s = n
r = (n+1)/2, s = n+1
r = (n+1)/2, s = p
r = (n+1)/2, s = 2^256-1
r = n-1, s = 0
r = n-1, s = n
r = n-1, s = n+1
r = n-1, s = p
r = n-1, s = 2^256-1
r = n, s = 1
r = n, s = (n-1)/2
r = n, s = (n+1)/2
r = n, s = n-1
r = n, s = n+1
r = n, s = p
r = n, s = 2^256-1
r = n+1, s = 0
r = n+1, s = 1
r = n+1, s = (n-1)/2
r = n+1, s = (n+1)/2
r = n+1, s = n-1
r = n+1, s = n
r = n+1, s = n+1
r = n+1, s = p
r = p, s = 0
r = p, s = 1
r = p, s = (n-1)/2
r = p, s = (n+1)/2
r = p, s = n-1
r = p, s = n
r = p, s = n+1
r = p, s = p
r = 2^256-1, s = 0
r = 2^256-1, s = 1
r = 2^256-1, s = (n-1)/2
r = 2^256-1, s = (n+1)/2
r = 2^256-1, s = n-1
r = 2^256-1, s = n
small r #0, n added
small s #0, n added
small r and s #0, n added
small r #1, n added
small s #1, n added
small r and s #1, n added
small r #2, n added
small s #2, n added
small r and s #2, n added
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        True,
        "verify_digest does not check t = r + s for 0; then R = sG",
        """
r = 1, s = n-1
r = (n-1)/2, s = (n+1)/2
r = (n+1)/2, s = (n-1)/2
r = n-1, s = 1
r + s = n #0
r + s = n #1
r + s = n #2
r + s = n, key G
r + s = n, key -G
r + s = n, key 2G
r + s = n, key -2G
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        False,
        "point_add compares Jacobian coordinates, not points, and does not double when sG = tQ",
        """
Q = dG, sG = tQ
Q = -G, sG = tQ
Q = 2G, sG = tQ
Q = -2G, sG = tQ
Q = G/2, sG = tQ
Q = 2^128 G, sG = tQ
Q = 3G, sG = tQ
Q = -3G, sG = tQ
Q = 15G, sG = tQ
Q = -16G, sG = tQ
Q = 17G, sG = tQ
Q = -G/2, sG = tQ
Q = -G/3, sG = tQ
Q = 2G/3, s, t = 2, 3
Q = 2G/3, sG = tQ
Q = -2G/3, sG = tQ
Q = -3G/2, sG = tQ
Q = -5G/7, sG = tQ
Q = -15G/8, sG = tQ
Q = -2^128 G, sG = tQ
Q = 2^-4 G, sG = tQ
Q = 2^32-1 G, met at bit 1
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        True,
        "Signature::from_slice takes what follows byte 32 as s, unless longer than 32 bytes",
        """
raw: 63 bytes, a zero byte of s missing
raw: 61 bytes, s in its 29 bytes
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        False,
        "verify_digest compares x(R) with c = r - e alone, never with c + n",
        """
x(R) = n+4, y even
x(R) = n+4, y odd
x(R) = n+5, y even
x(R) = n+5, y odd
x(R) = n+6, y even
x(R) = n+6, y odd
x(R) = p-2, y even
x(R) = p-2, y odd
x(R) = p-7, y even
x(R) = p-7, y odd
x(R) = p-11, y even
x(R) = p-11, y odd
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        True,
        "PublicKey::from_slice does not compare coordinates with p; verify_digest reduces them",
        """
key with x + p
key with y + p
key with x = p for 0
""",
    ),
    Difference(
        "efficient-sm2 0.2",
        True,
        "verify_digest checks that R is on the curve, not the key; here tQ = O and R = sG",
        """
key of order 2 #0, t = 0 modulo it
key of order 2 #1, t = 0 modulo it
key of order 2 #2, t = 0 modulo it
key off the curve: (x, 0)
key of order 3, x = 2, t = 0 modulo it
key of order 4, x = 2, t = 0 modulo it
key of order 3, x = 3, t = 0 modulo it
key of order 4, x = 3, t = 0 modulo it
key of twist, order 7, t = 0 modulo it
key of twist, order 443, t = 0 modulo it
key off the curve: (1, 0)
""",
    ),
)


# --------------------------------------------------------------------------------------
# Known answers
# --------------------------------------------------------------------------------------


def self_test() -> None:
    """Check the arithmetic against the standards before anything is built on it."""
    abc = 0x66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0
    abcd = 0xDEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732
    assert number(sm3(b"abc")) == abc and number(sm3(b"abcd" * 16)) == abcd
    assert joint_ladder(STANDARD.d, G, STANDARD_K) == joint(STANDARD.d, G, STANDARD_K)
    assert on_curve(GX, GY) and mul(N - 1, G) == neg(G) and mul(N, G) is None
    d, q = STANDARD
    z = 0xB2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3
    assert number(z_value(DEFAULT_ID, q)) == z
    e = digest(DEFAULT_ID, q, STANDARD_MSG)
    assert e == 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
    assert sign_e(d, e, STANDARD_K) == STANDARD_RS


# --------------------------------------------------------------------------------------
# Output
# --------------------------------------------------------------------------------------


def test_json(tc_id: int, case: Case) -> dict[str, object]:
    """One test as Wycheproof writes it, with the reason and the clause added."""
    test: dict[str, object] = {
        "tcId": tc_id,
        "comment": case.comment,
        "flags": case.flags,
        "msg": case.msg.hex(),
        "sig": case.sig.hex(),
        "result": "valid" if case.reason is None else "invalid",
        "reason": case.reason,
        "clause": case.clause,
    }
    if case.disagrees:
        test["disagrees"] = [d._asdict() for d in case.disagrees]
    return test


def group_json(group: GroupKey, tests: list[dict[str, object]]) -> dict[str, object]:
    """One test group."""
    head: dict[str, object] = {
        "type": "Sm2Verify",
        "encoding": group.encoding,
        "input": group.kind,
        "publicKey": {
            "type": "EcPublicKey",
            "curve": "sm2p256v1",
            "keySize": 256,
            "uncompressed": group.key.hex(),
        },
        "sha": "SM3",
    }
    if group.kind == "message":
        head["id"] = group.ident.hex()
    return head | {"tests": tests}


def build() -> Suite:
    """All cases."""
    suite = Suite()
    for family in FAMILIES:
        family(suite)
    for difference in DIFFERENCES:
        for comment in difference.comments.strip().splitlines():
            case = suite.by_comment[comment]
            assert difference.accepts == (case.reason is not None), comment
            disagreement = Disagreement(difference.library, difference.accepts, difference.why)
            case.disagrees.append(disagreement)
    return suite


def render(suite: Suite) -> str:
    """The file as text."""
    tc_id = 0
    groups = []
    for group, cases in suite.groups.items():
        tests = []
        for case in cases:
            tc_id += 1
            tests.append(test_json(tc_id, case))
        groups.append(group_json(group, tests))
    used = {flag for case in suite.by_comment.values() for flag in case.flags}
    assert used == set(NOTES), used ^ set(NOTES)
    document = {
        "algorithm": "SM2",
        "schema": "chainbox_sm2_verify_v1",
        "numberOfTests": tc_id,
        "header": [
            "Hostile inputs for SM2 signature verification on sm2p256v1 with SM3.",
            "Made by sm2_adversarial.py; the form is described in README.md beside it.",
        ],
        "notes": {
            name: {"bugType": n.bug_type, "description": n.description, "clause": n.clause}
            for name, n in sorted(NOTES.items())
        },
        "testGroups": groups,
    }
    return json.dumps(document, indent=2) + "\n"


def drift(text: str) -> list[str]:
    """What is not as it should be: the file that was written, and the flags in the README."""
    faults = []
    if not OUTPUT.exists() or OUTPUT.read_text(encoding="ascii") != text:
        faults.append(f"{OUTPUT.name} is not what {Path(__file__).name} makes; run it")
    described = README.read_text(encoding="utf-8")
    faults += [
        f"{README.name} has no flag {flag}" for flag in NOTES if f"`{flag}`" not in described
    ]
    return faults


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not __debug__:
        print("run without -O: the checks of this generator are assertions", file=sys.stderr)
        return 2
    self_test()
    suite = build()
    text = render(suite)
    if not arguments:
        OUTPUT.write_text(text, encoding="ascii")
        print(f"{OUTPUT.name}: {len(suite.by_comment)} cases in {len(suite.groups)} groups")
        return 0
    faults = drift(text)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
