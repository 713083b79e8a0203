"""Keys that look strange and are legal: an engine must not refuse them or get them wrong."""

from __future__ import annotations

from construct import KeyPair, Solved, key_pair, scalar, sign, solve_labelled
from curve import (
    HALF,
    TWO_256,
    G,
    N,
    P,
    has_point,
    lift,
    mul,
    near,
    neg,
    offset_name,
    rhs,
    small_y_point,
    y_of,
)
from octets import b32, sec1_compressed
from suite import Suite
from verifier import DEFAULT_ID


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
