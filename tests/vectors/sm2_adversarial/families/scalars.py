"""r and s at and beyond the edges of [1, n-1], and their sum.

The equation holds in each of these, so that nothing but the check in question can refuse.
"""

from __future__ import annotations

from collections.abc import Callable

from construct import MAIN, Solved, scalar, sign, solve, stream
from curve import HALF, TWO_256, G, N, P, mul
from octets import number
from suite import Suite
from verifier import DEFAULT_ID

EDGE_SCALARS = {
    "0": 0, "1": 1, "(n-1)/2": HALF - 1, "(n+1)/2": HALF, "n-1": N - 1,
    "n": N, "n+1": N + 1, "p": P, "2^256-1": TWO_256 - 1,
}  # fmt: skip


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

    def put(comment: str, flag: str, rs: tuple[int, int], reason: str | None = None) -> None:
        suite.m(MAIN.q, comment, flag, msg, rs, reason, encoding="der")

    put("DER, range: the signature itself", "ValidSignature", (r, s))
    for name, shift in shifts.items():
        put(f"DER, r: {name}", "RangeCheckR", (shift(r), s), "r-out-of-range")
        put(f"DER, s: {name}", "RangeCheckS", (r, shift(s)), "s-out-of-range")


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
