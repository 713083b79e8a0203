"""e at the edges, and signatures that are right for another e.

What a signer hashes is where implementations differ most: Z_A, ENTL, the order of parts.
"""

from __future__ import annotations

import hashlib

from clauses import E_CLAUSE, Z_CLAUSE
from construct import MAIN, Solved, key_pair, scalar, sign, sign_e, stream
from curve import (
    GX,
    GY,
    P256_AB,
    P256_G,
    TWO_256,
    A,
    B,
    G,
    N,
    P,
    Point,
    key_for,
    lift,
    neg,
    x_of,
    y_of,
)
from octets import b32, number, sec1_compressed
from sm3 import sm3
from suite import Suite
from verifier import DEFAULT_ID, z_value

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
