"""The curve sm2p256v1 (GB/T 32918.5-2017) and its group.

Python's own integers and the textbook affine group law: slow, and without anything in
common with an engine that uses limbs, Montgomery form and windows. An error of such an
engine cannot occur here too.
"""

from __future__ import annotations

from functools import cache

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GX = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0
TWO_256 = 1 << 256
HALF = (N + 1) // 2  # 1/2 modulo n

# Parameters of other curves, which software has mixed up with these.
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


def joint_ladder(s: int, q: Point, t: int) -> Point:
    """s*G + t*q in one pass from the top bit down, as a fast verifier does it."""
    table = {(1, 0): G, (0, 1): q, (1, 1): add(G, q), (0, 0): None}
    total: Point = None
    for i in reversed(range(256)):
        total = add(add(total, total), table[s >> i & 1, t >> i & 1])
    return total


def inv(k: int) -> int:
    """1/k modulo n."""
    return pow(k, -1, N)


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


def has_point(x: int) -> bool:
    """Whether some point of the curve has this x."""
    return sqrt(rhs(x)) is not None


def lift(x: int, odd: int = 0) -> Point:
    """The point with this x and the given parity of y; the x must be on the curve."""
    y = sqrt(rhs(x))
    assert y is not None, hex(x)
    return x, (P - y if odd else y)


def near(start: int, step: int, count: int) -> list[int]:
    """The first `count` x of the curve among start, start + step, start + 2*step, ..."""
    found: list[int] = []
    x = start
    while len(found) < count:
        if has_point(x):
            found.append(x)
        x += step
    return found


def key_for(point: Point, s: int, t: int) -> Point:
    """The key Q for which s*G + t*Q is the given point."""
    return mul(inv(t), add(point, neg(mul(s, G))))


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


def offset_name(x: int) -> str:
    """x relative to the landmark that is nearest to it."""
    landmarks = {0: "0", P - N: "p-n", N: "n", P: "p"}
    mark = min(landmarks, key=lambda v: abs(x - v))
    if mark == 0:
        return str(x)
    return landmarks[mark] + (f"{x - mark:+d}" if x != mark else "")
