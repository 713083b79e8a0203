"""Good numbers in every size class, written as DER and raw, and raw forms of a wrong length."""

from __future__ import annotations

from clauses import DER_INTEGER_CLAUSE
from construct import MAIN, solve, stream
from curve import N
from der import der_signature, seq, tlv
from octets import b32, number, raw_signature
from suite import Suite, digest_group

DER_SIZES = {
    "1 byte": 0x7F, "1 byte and a zero": 0x80, "2 bytes": 0x0100,
    "31 bytes": (1 << 247) - 19, "31 bytes and a zero": (1 << 248) - 1,
    "32 bytes": (1 << 254) + 7, "32 bytes and a zero": N - 3,
}  # fmt: skip


def der_sizes(suite: Suite) -> None:
    """Good DER signatures with r and s of every size class, and their zero-padded doubles."""
    group = digest_group(MAIN.q, "der")
    pairs = [(r_name, s_name) for r_name in DER_SIZES for s_name in DER_SIZES]
    for r_name, s_name in pairs[::4]:
        r, s = DER_SIZES[r_name], DER_SIZES[s_name]
        item, label = solve(MAIN.q, r, s), f"DER: r of {r_name}, s of {s_name}"
        suite.e(MAIN.q, label, "EdgeCaseScalar", item, encoding="der")
        padded = seq(tlv(2, b"\0" + b32(r)) + tlv(2, b"\0" + b32(s)))
        if padded != der_signature(r, s):
            label, flag = f"{label}, both padded to 33 bytes", "InvalidInteger"
            suite.put(group, label, flag, b32(item.e), padded, "encoding", DER_INTEGER_CLAUSE)


def raw_lengths(suite: Suite) -> None:
    """The raw form has 64 bytes, whatever the values."""
    short = solve(MAIN.q, number(stream("raw short r", 30)), number(stream("raw short s", 29)))
    r, s = short.r, short.s
    group = digest_group(MAIN.q)
    suite.e(MAIN.q, "raw: r and s start with zero bytes", "EdgeCaseScalar", short)
    forms = {
        "no bytes": b"",
        "one byte": b"\x01",
        "r alone": b32(r),
        "63 bytes, last one missing": raw_signature(r, s)[:63],
        "63 bytes, a zero byte of r missing": raw_signature(r, s)[1:],
        "63 bytes, a zero byte of s missing": b32(r) + b32(s)[1:],
        "61 bytes, s in its 29 bytes": b32(r) + b32(s)[3:],
        "59 bytes, r and s in the fewest bytes": r.to_bytes(30, "big") + s.to_bytes(29, "big"),
        "65 bytes, zero after": raw_signature(r, s) + b"\0",
        "65 bytes, zero before": b"\0" + raw_signature(r, s),
        "65 bytes, recovery byte 1b after": raw_signature(r, s) + b"\x1b",
        "65 bytes, s in 33 bytes": b32(r) + b"\0" + b32(s),
        "66 bytes, r and s in 33 bytes": b"\0" + b32(r) + b"\0" + b32(s),
        "96 bytes, e after": raw_signature(r, s) + b32(short.e),
        "128 bytes, r and s in 64 bytes": bytes(32) + b32(r) + bytes(32) + b32(s),
        "128 bytes, twice": raw_signature(r, s) * 2,
        "DER": der_signature(r, s),
        "hex text": raw_signature(r, s).hex().encode(),
    }
    for name, sig in forms.items():
        suite.put(group, f"raw: {name}", "RawLength", b32(short.e), sig, "encoding")
    # 64 bytes of DER are a raw signature whose r starts with 30: read as such, and wrong.
    r, s = number(stream("raw der r", 29)) | 1 << 230, number(stream("raw der s", 29)) | 1 << 230
    item = solve(MAIN.q, r, s)
    sig = der_signature(r, s)
    assert len(sig) == 64
    suite.put(group, "raw: DER of 64 bytes", "RawLength", b32(item.e), sig, "equation")
    suite.e(MAIN.q, "raw: the same signature in raw form", "EdgeCaseScalar", item)
