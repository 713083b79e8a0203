"""Keys off the curve.

The addition formulas do not contain b, so they work on other curves too. One with a point
of small order lets anybody sign, if the key is not checked.
"""

from __future__ import annotations

from construct import MAIN, Solved, scalar, sign, solve_labelled, solve_st
from curve import P256_G, SECP256K1_G, B, N, P, Point, add, joint_ladder, mul, sqrt, x_of, y_of
from octets import b32, number
from suite import Suite
from verifier import DEFAULT_ID

TWIST_ORDER = 2 * P + 2 - N


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
    for prime in (7, 443):
        found[f"twist, order {prime}"] = (twist_point(TWIST_ORDER // prime), prime)
    for point, order in found.values():
        assert order_of(point, 443) == order
    return found


def twist_point(cofactor: int) -> Point:
    """The first point of y^2 = x^3 - 3x - b that the cofactor does not send to O."""
    x = 0
    while True:
        y = sqrt(x**3 - 3 * x - B)
        if y is not None:
            assert mul(TWIST_ORDER, (x, y)) is None
            point = mul(cofactor, (x, y))
            if point is not None:
                return point
        x += 1


def invalid_curve(suite: Suite) -> None:
    """Keys off the curve. The equation holds for a verifier that adds points without a look."""
    flag, reason = "InvalidCurve", "key-not-on-curve"
    for name, (point, order) in low_order_points().items():
        s = scalar(f"low order {name}")
        for residue in sorted({0, 1, order - 1}):
            # t = residue modulo the order, so that t*Q' is O, Q' or -Q'.
            t = scalar(f"low order t {name}") % (N // 2048) * order + residue
            item = solve_st(point, s, t)
            suite.e(point, f"key of {name}, t = {residue} modulo it", flag, item, reason)
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    off: dict[str, Point] = {
        "(0, 0)": (0, 0),
        "(0, 1)": (0, 1),
        "(1, 0)": (1, 0),
        "(x, y+1)": (x, y + 1),
        "(x+1, y)": (x + 1, y),
        "(y, x)": (y, x),
        "(-x, y)": (-x % P, y),
        "(x, 0)": (x, 0),
        "(0, y)": (0, y),
        "x and y with their bytes reversed": (number(b32(x)[::-1]), number(b32(y)[::-1])),
        "the generator of P-256": P256_G,
        "the generator of secp256k1": SECP256K1_G,
        "a random pair": (scalar("random x"), scalar("random y")),
        "a point of the twist": twist_point(1),
    }
    for name, point in off.items():
        item = solve_labelled(point, f"off curve {name}")
        suite.e(point, f"key off the curve: {name}", flag, item, reason)
    for name in ("(0, 0)", "(x, y+1)", "the generator of P-256"):
        msg = b"off the curve"
        rs = sign(MAIN, DEFAULT_ID, msg, "off")
        suite.m(off[name], f"key off the curve: {name}, message", flag, msg, rs, reason)
    for name in ("(x, y+1)", "(y, x)", "the generator of P-256", "a random pair"):
        # Off the curve the group law fails, and another order of additions gives another R.
        point = off[name]
        s, t = scalar(f"ladder s {name}"), scalar(f"ladder t {name}")
        item = Solved((t - s) % N, s, (t - s - x_of(joint_ladder(s, point, t))) % N)
        suite.e(point, f"key off the curve: {name}, joint ladder", flag, item, reason)
    # (0, 0) is how many libraries write O. Then R = sG.
    item = solve_labelled(None, "zero zero")
    suite.e((0, 0), "key off the curve: (0, 0) taken for O", flag, item, reason)
