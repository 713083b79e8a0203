"""Keys that are no encoding of a public point, and the identity.

Each item would be valid if the key were taken for the point that it hints at.
"""

from __future__ import annotations

from clauses import FIELD_CLAUSE, HYBRID_CLAUSE
from construct import MAIN, KeyPair, scalar, sign, solve_labelled
from curve import TWO_256, G, N, P, lift, mul, near, neg, small_y_point, x_of, y_of
from octets import b32, uncompressed
from suite import Suite
from verifier import DEFAULT_ID, digest


def unreduced_keys(suite: Suite) -> None:
    """Coordinates written as v + p. The point is legal, its writing is not."""
    low_x, low_y, zero = lift(near(1000, 1, 1)[0], 1), small_y_point(), lift(0, 0)
    keys = {
        "x + p": (low_x, uncompressed(x_of(low_x) + P, y_of(low_x))),
        "x + p, compressed": (low_x, b"\x03" + b32(x_of(low_x) + P)),
        "y + p": (low_y, uncompressed(x_of(low_y), y_of(low_y) + P)),
        "x = p for 0": (zero, uncompressed(P, y_of(zero))),
        "x = p for 0, compressed": (zero, b"\x02" + b32(P)),
    }
    for name, (q, key) in keys.items():
        item = solve_labelled(q, f"unreduced {name}")
        suite.e(q, f"{name}: the same point, reduced", "SpecialKey", item)
        suite.e(key, f"key with {name}", "UnreducedKey", item, "key-malformed", FIELD_CLAUSE)
    top = TWO_256 - 1
    off = {
        "x = 2^256-1": uncompressed(top, y_of(MAIN.q)),
        "y = 2^256-1": uncompressed(x_of(MAIN.q), top),
        "y = p": uncompressed(x_of(MAIN.q), P),
        "x = y = p": uncompressed(P, P),
        "x = y = 2^256-1": uncompressed(top, top),
        "x = 2^256-1, compressed": b"\x03" + b32(top),
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
