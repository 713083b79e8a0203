"""Scalars and keys that make equal or opposite points meet inside a scalar multiplication.

Fast addition formulas fail on such points. Where they meet depends on the method, so the
meeting is arranged in tables, at chosen bits, and in the last addition.
"""

from __future__ import annotations

from construct import MAIN, key_pair, scalar, solve_st
from curve import HALF, TWO_256, G, N, inv, mul
from suite import Suite


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
    reason = "r-is-identity" if (s + t * d) % N == 0 else None
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
    for m_name, m in (("1", 1), ("2", 2), ("5", 5), ("15", 15), ("2^32-1", (1 << 32) - 1)):
        for j in (1, 4, 65, 200):
            low_s = scalar(f"inside s {m_name} {j}") % (1 << j)
            low_t = scalar(f"inside t {m_name} {j}") % (1 << j)
            s, t = m * (1 << j) + low_s, (1 << j) + low_t
            for sign_name, d in (("", m), ("-", N - m)):
                if s != t:
                    name = f"{sign_name}{m_name} G"
                    ladder_item(suite, name, d, s, t, f"met at bit {j}")
