"""Items with two faults or more: they pin the order in which reasons are given.

Two engines that agree on accept and reject can still differ in the reason; these show it.
"""

from __future__ import annotations

from clauses import FIELD_CLAUSE, HYBRID_CLAUSE
from construct import MAIN, key_pair, scalar, solve, solve_labelled, stream
from curve import TWO_256, N, P, inv, joint, x_of, y_of
from der import der_signature
from families.scalars import range_reason
from octets import WRITE, b32, number, raw_signature, sec1, uncompressed
from suite import Suite, digest_group
from verifier import REASONS


def two_faults(suite: Suite) -> None:
    """Items with two faults or more: the verdict is the first in the order of the reasons."""
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    keys = {
        "good key": (sec1(MAIN.q), None),
        "malformed key": (b"\x06" + b32(x) + b32(y), "key-malformed"),
        "key off the curve": (uncompressed(x, y + 1), "key-not-on-curve"),
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
                two_faults_item(suite, key, "raw", raw_signature(r, s), reasons, label)
            if (i + j) % 4 == 0:
                if len(reasons) > 1:
                    two_faults_item(
                        suite, key, "der", der_signature(r, s), reasons, f"{label}, der"
                    )
                broken = reasons | {"encoding"}
                for encoding, write in WRITE.items():
                    comment = f"{label}, {encoding} and a byte"
                    two_faults_item(suite, key, encoding, write(r, s) + b"\0", broken, comment)


def two_faults_item(
    suite: Suite, key: bytes, encoding: str, sig: bytes, reasons: set[str], comment: str
) -> None:
    """One item with all of `reasons` against it; the equation fails as well."""
    group = digest_group(key, encoding)
    first = min(reasons, key=REASONS.index)
    suite.put(group, comment, "TwoFaults", b32(scalar("two faults e")), sig, first)


def more_faults(suite: Suite) -> None:
    """Pairs of faults inside the key, and O as a result together with other faults."""
    x, y = x_of(MAIN.q), y_of(MAIN.q)
    item = solve_labelled(MAIN.q, "more faults")
    flags = "TwoFaults"
    both = uncompressed(P, y)
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
    suite.e(pair.q, "faults: R = O alone", flags, zero, "r-is-identity")
    suite.e(pair.q, "faults: R = O and equation", flags, zero._replace(e=1), "r-is-identity")
    suite.e(pair.q, "faults: r + n and R = O", flags, zero._replace(r=small + N), "r-out-of-range")
    group = digest_group(pair.q)
    long_sig = raw_signature(small, s) + b"\0"
    suite.put(group, "faults: 65 bytes and R = O", flags, b32(zero.e), long_sig, "encoding")
    off = uncompressed(x, y + 1)
    n_minus = (N - item.s, item.s)
    for encoding in ("raw", "der"):
        keys = (("O", b"\0", "key-is-identity"), ("off the curve", off, "key-not-on-curve"))
        for name, key, reason in keys:
            comment = f"faults: r + s = n, key {name}, message, {encoding}"
            suite.m(key, comment, flags, b"m", n_minus, reason, encoding=encoding)
