"""The point R = s*G + t*Q: the identity, or an x where the comparison with r is delicate.

x(R) is a field element and r is a number modulo n. Random items never meet the few values
where the two ways of counting differ, so R is chosen first and the key computed from it.
"""

from __future__ import annotations

from construct import MAIN, Solved, key_pair, scalar, solve_st
from curve import (
    GX,
    HALF,
    TWO_256,
    G,
    N,
    P,
    Point,
    joint,
    key_for,
    lift,
    mul,
    near,
    offset_name,
    x_of,
    y_of,
)
from suite import Suite


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
        suite.e(q, f"R = O, Q = {name}, {guess}", "PointAtInfinity", wrong, "r-is-identity")


def point_at_infinity(suite: Suite) -> None:
    """s*G = -t*Q for keys of every kind. (Q = -G would need r = 0.)"""
    named = {"dG": MAIN.d, "G": 1, "2G": 2, "-2G": N - 2, "G/2": HALF, "2^128 G": 1 << 128}
    for name, d in named.items():
        identity_cases(suite, name, d)
    pair = key_pair("identity der")
    t = scalar("identity der")
    item = solve_st(pair.q, -t * pair.d % N, t)
    suite.e(pair.q, "R = O, DER", "PointAtInfinity", item, "r-is-identity", encoding="der")
    rs = (item.r, item.s)
    suite.m(pair.q, "R = O, message", "PointAtInfinity", b"any message", rs, "r-is-identity")


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
        forged = {
            # A verifier that tries c + n without the bound c + n < p accepts.
            "c + n = x(R) + p": (item.r - x - P + N) % N,
            # The fold of a 256-bit sum that was not carried.
            "c = x(R) + 2^256 - p": (item.r - x - (TWO_256 - P)) % N,
            # r - e was reduced by another number than n when it borrowed.
            "r - e borrows p": (item.r - x) % P,
            "r - e borrows 2^256": (item.r - x) % TWO_256,
            # c and x swapped in sign.
            "e - r = x(R)": (item.r + x) % N,
            # The y of R is taken for its x.
            "e + y(R) = r": (item.r - y) % N,
        }
        for name, e in forged.items():
            if (e - item.e) % N:
                wrong = item._replace(e=e)
                suite.e(q, f"{name} #{i}", "WrongModulus", wrong, "equation")
