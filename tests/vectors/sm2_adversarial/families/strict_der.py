"""Everything that strict DER refuses around one good signature.

A signature with a second encoding is a second transaction to whoever hashes the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from clauses import DER_INTEGER_CLAUSE, DER_LENGTH_CLAUSE
from construct import MAIN, sign
from der import der_int, der_length, int_content, seq, tlv
from octets import b32, raw_signature
from suite import Suite, message_group
from verifier import DEFAULT_ID


class Variant(NamedTuple):
    """A spoiled form of one DER signature."""

    flags: str
    name: str
    sig: bytes
    reason: str | None = "encoding"
    clause: str | None = None


class Parts:
    """The pieces of a good signature, to be put together again with one of them changed.

    r has its top bit set and s has not, so that only r needs a leading zero byte.
    """

    def __init__(self, r: int, s: int) -> None:
        assert r >> 255 == 1 and s >> 255 == 0
        self.numbers = r, s
        self.r, self.s = der_int(r), der_int(s)
        self.r_content, self.s_content = int_content(r), int_content(s)
        self.body = self.r + self.s
        self.good = seq(self.body)

    def lengths(self) -> tuple[tuple[str, int, Callable[[bytes], bytes]], ...]:
        """(what, its right length, the signature with other octets for that length)."""
        r, s = self.r_content, self.s_content
        return (
            ("sequence", len(self.body), lambda octets: b"\x30" + octets + self.body),
            ("r", len(r), lambda octets: seq(b"\x02" + octets + r + self.s)),
            ("s", len(s), lambda octets: seq(self.r + b"\x02" + octets + s)),
        )


def ber_variants(good: Parts) -> Iterator[Variant]:
    """Forms that BER reads as the same two numbers and DER forbids."""
    flag, clause, end = "BerEncoding", DER_LENGTH_CLAUSE, b"\0\0"
    for what, size, build in good.lengths():
        for octets in (1, 2, 3, 4, 8, 126) if what == "sequence" else (1, 2):
            sig = build(bytes([0x80 | octets]) + size.to_bytes(octets, "big"))
            yield Variant(flag, f"length of {what} in {octets} octets", sig, clause=clause)
    indefinite = {
        "sequence of indefinite length": b"\x30\x80" + good.body + end,
        "sequence of indefinite length, no end": b"\x30\x80" + good.body,
        "r of indefinite length": seq(b"\x02\x80" + good.r_content + end + good.s),
        "s of indefinite length": seq(good.r + b"\x02\x80" + good.s_content + end),
    }
    for name, sig in indefinite.items():
        yield Variant(flag, name, sig, clause=clause)
    yield Variant(flag, "r constructed", seq(b"\x22" + good.r[1:] + good.s))
    yield Variant(flag, "r constructed of one INTEGER", seq(tlv(0x22, good.r) + good.s))
    yield Variant(flag, "tag of r in high form", seq(b"\x1f\x02" + good.r[1:] + good.s))
    yield Variant(flag, "tag of the sequence in high form", b"\x3f\x10" + good.good[1:])


def length_variants(good: Parts) -> Iterator[Variant]:
    """Lengths that are wrong, among them those that overflow a machine word."""
    for what, size, build in good.lengths():
        octets = {
            "one less": der_length(size - 1),
            "one more": der_length(size + 1),
            "0": b"\0",
            "127": b"\x7f",
            "2^31-1": bytes.fromhex("847fffffff"),
            "2^32-1": bytes.fromhex("84ffffffff"),
            "2^64-1": bytes.fromhex("88ffffffffffffffff"),
            "2^32 more": der_length(size + (1 << 32)),
            "2^64 more": der_length(size + (1 << 64)),
            "the reserved octet ff": b"\xff",
        }
        for name, value in octets.items():
            yield Variant("InvalidLength", f"length of {what}: {name}", build(value))


def integer_variants(good: Parts) -> Iterator[Variant]:
    """INTEGERs with too many or too few bytes."""
    r, _ = good.numbers
    forms = {
        "r empty": seq(b"\x02\x00" + good.s),
        "s empty": seq(good.r + b"\x02\x00"),
        "r and s empty": seq(b"\x02\x00\x02\x00"),
        "r = 0 in two bytes": seq(b"\x02\x02\0\0" + good.s),
        "r negative and not minimal": seq(tlv(2, b"\xff" + b32(r)) + good.s),
        "s = -1 in two bytes": seq(good.r + b"\x02\x02\xff\xff"),
    }
    for zeros in (1, 2, 256):
        pad = bytes(zeros)
        forms[f"r with {zeros} more zero bytes"] = seq(tlv(2, pad + good.r_content) + good.s)
        forms[f"s with {zeros} more zero bytes"] = seq(good.r + tlv(2, pad + good.s_content))
    for name, sig in forms.items():
        yield Variant("InvalidInteger", name, sig, clause=DER_INTEGER_CLAUSE)
    # Without the zero byte the INTEGER is negative: well-formed, and out of range.
    negative = tlv(2, b32(r))
    bad_r, bad_s = seq(negative + good.s), seq(good.s + negative)
    yield Variant("RangeCheckR", "r without its zero byte", bad_r, "r-out-of-range")
    yield Variant("RangeCheckS", "s without its zero byte", bad_s, "s-out-of-range")


def element_variants(good: Parts) -> Iterator[Variant]:
    """Elements too many, too few, cut off or left over."""
    extras = {"00": b"\0", "NULL": b"\5\0", "INTEGER 0": b"\2\1\0", "end of contents": b"\0\0"}
    for name, extra in extras.items():
        places = {
            "after the sequence": good.good + extra,
            "at the end of the sequence": seq(good.body + extra),
            "at the start of the sequence": seq(extra + good.body),
            "between r and s": seq(good.r + extra + good.s),
            "before the sequence": extra + good.good,
        }
        for place, sig in places.items():
            yield Variant("TrailingData", f"{name} {place}", sig)
    yield Variant("TrailingData", "the signature twice", good.good * 2)
    missing = {
        "no s": seq(good.r),
        "no r and no s": seq(b""),
        "no bytes": b"",
        "r and s without a sequence": good.body,
        "three INTEGERs": seq(good.body + good.s),
    }
    for name, sig in missing.items():
        yield Variant("MissingElement", name, sig)
    r_end = 2 + len(good.r)
    cuts = {1: "the tag", 2: "the head", 3: "the tag of r", 4: "the head of r", 5: "one byte of r"}
    cuts |= {
        r_end: "r",
        r_end + 1: "the tag of s",
        r_end + 2: "the head of s",
        len(good.good) - 1: "all but one byte",
    }
    for size, name in cuts.items():
        yield Variant("Truncated", f"cut after {name}", good.good[:size])
        if size > 2 and size != r_end:
            sig = seq(good.good[2:size])
            yield Variant("Truncated", f"sequence cut after {name}, its length right", sig)


def type_variants(good: Parts) -> Iterator[Variant]:
    """Other tags, other containers, no container."""
    forms = {
        f"sequence with tag {tag:02x}": bytes([tag]) + good.good[1:]
        for tag in (0x00, 0x10, 0x31, 0x70, 0xA0, 0xFF)
    }
    for tag in (0x01, 0x03, 0x04, 0x0A, 0x82):
        forms[f"r with tag {tag:02x}"] = seq(bytes([tag]) + good.r[1:] + good.s)
        forms[f"s with tag {tag:02x}"] = seq(good.r + bytes([tag]) + good.s[1:])
    forms |= {
        "r inside a sequence": seq(seq(good.r) + good.s),
        "s inside a sequence": seq(good.r + seq(good.s)),
        "sequence inside a sequence": seq(good.good),
        "OCTET STRING around the signature": tlv(0x04, good.good),
        "BIT STRING around the signature": tlv(0x03, b"\0" + good.good),
        "raw form": raw_signature(*good.numbers),
        "hex text": good.good.hex().encode(),
    }
    for name, sig in forms.items():
        yield Variant("WrongType", name, sig)


def signed_with_top_bits(msg: bytes) -> tuple[int, int]:
    """A signature of MAIN whose r has its top bit set and whose s has not."""
    for i in range(64):
        r, s = sign(MAIN, DEFAULT_ID, msg, f"top bits {i}")
        if r >> 255 == 1 and s >> 248 in range(1, 128):
            return r, s
    raise AssertionError("no such signature among the first 64")


def der_and_ber(suite: Suite) -> None:
    """Everything that strict DER refuses around one good signature."""
    msg = b"strict DER"
    good = Parts(*signed_with_top_bits(msg))
    group = message_group(MAIN.q, "der")
    suite.put(group, "DER: as it should be", "ValidSignature", msg, good.good)
    makers = (ber_variants, length_variants, integer_variants, element_variants, type_variants)
    for v in (variant for maker in makers for variant in maker(good)):
        suite.put(group, f"DER: {v.name}", v.flags, msg, v.sig, v.reason, v.clause)
