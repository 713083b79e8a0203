"""Signatures by formulas that are near to those of SM2, ECDSA among them."""

from __future__ import annotations

from construct import key_pair, scalar, sign_e
from curve import TWO_256, G, N, P, inv, mul, x_of, y_of
from octets import b32, number
from suite import Suite
from verifier import DEFAULT_ID, digest


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
