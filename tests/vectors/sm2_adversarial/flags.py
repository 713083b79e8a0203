"""What each flag means, in Wycheproof's words where it has some.

A flag says what a case is there to catch, so that a failing engine is told its likely
fault. README.md lists the same flags; `--check` finds one that is missing there.
"""

from __future__ import annotations

from typing import NamedTuple

from clauses import PART1, PART2


class Note(NamedTuple):
    """What a flag means."""

    bug_type: str
    description: str
    clause: str


NOTES: dict[str, Note] = {
    "StandardExample": Note(
        "BASIC",
        "The worked example of the standard, and it with one thing changed.",
        "GB/T 32918.5 annex A",
    ),
    "ValidSignature": Note("BASIC", "A random signature that must be accepted.", f"{PART2} 7.1"),
    "EdgeCaseScalar": Note(
        "EDGE_CASE",
        "r, s or t = r + s is small, near n, or has a regular bit pattern; the signature is valid.",
        f"{PART2} 7.1 B1, B2, B5",
    ),
    "EdgeCaseDigest": Note(
        "EDGE_CASE",
        "e is 0, near n or p, or at least n. It is an integer of 256 bits and counts modulo n.",
        f"{PART2} 7.1 B4, B7",
    ),
    "RangeCheckR": Note(
        "MISSING_STEP",
        "r is outside [1, n-1]. The equation holds modulo n, so only the range check refuses.",
        f"{PART2} 7.1 B1",
    ),
    "RangeCheckS": Note(
        "MISSING_STEP",
        "s is outside [1, n-1]. The equation holds modulo n, so only the range check refuses.",
        f"{PART2} 7.1 B2",
    ),
    "SumZero": Note(
        "MISSING_STEP",
        "r + s = 0 modulo n, or an item made to look so. Then the key has no part in the equation.",
        f"{PART2} 7.1 B5",
    ),
    "PointAtInfinity": Note(
        "ARITHMETIC_ERROR",
        "s*G + t*Q = O, which has no x. A verifier that takes it for x = 0, or compares "
        "X = c*Z^2 where X = Z = 0, accepts.",
        f"{PART2} 7.1 B6",
    ),
    "XZero": Note(
        "EDGE_CASE",
        "c = r - e = 0. Legal if x(R) = 0, and two points of the curve have x = 0.",
        f"{PART2} 7.1 B7",
    ),
    "XEdge": Note(
        "EDGE_CASE",
        "x(R) is next to 0, p - n or n. Below p - n, both c and c + n are field elements.",
        f"{PART2} 7.1 B7",
    ),
    "XAboveN": Note(
        "ARITHMETIC_ERROR",
        "x(R) is in [n, p). It counts modulo n; random tests never meet it.",
        f"{PART2} 7.1 B7",
    ),
    "WrongModulus": Note(
        "ARITHMETIC_ERROR",
        "e + x(R) = r holds modulo p or 2^256, or after a slip of sign or coordinate, but not "
        "modulo n.",
        f"{PART2} 7.1 B7",
    ),
    "OffByOne": Note("BASIC", "One step away from a valid item.", f"{PART2} 7.1 B7"),
    "SmallMultipleKey": Note(
        "EDGE_CASE",
        "Q is a small or regular multiple of G. Verification has to take it, -G too, though the "
        "private key n-1 cannot sign.",
        f"{PART1} 6.2.1",
    ),
    "SpecialKey": Note(
        "EDGE_CASE",
        "A coordinate of Q is 0, small, near p, or has many zero bits. Q is a legal key.",
        f"{PART1} 6.2.1",
    ),
    "LadderCollision": Note(
        "ARITHMETIC_ERROR",
        "Equal or opposite points meet in an addition, at the end, at a given bit, or in a table.",
        f"{PART1} 3.2.3.1 c) to e)",
    ),
    "CompressedKey": Note(
        "FUNCTIONALITY",
        "Q is given as 02 or 03 and x. The parity picks the root; Z_A hashes both coordinates.",
        f"{PART1} 4.2.10 c)",
    ),
    "HybridKey": Note(
        "FUNCTIONALITY",
        "Q is given in the hybrid form 06 or 07, which the standard makes optional.",
        f"{PART1} 4.1",
    ),
    "CompactKey": Note(
        "FUNCTIONALITY",
        "Q is given as 05 and x, a form that some libraries have and the standard has not.",
        f"{PART1} 4.2.10",
    ),
    "MalformedKey": Note(
        "MISSING_STEP",
        "The key has a wrong tag or length around a good point.",
        f"{PART1} 4.2.10",
    ),
    "UnreducedKey": Note(
        "MISSING_STEP",
        "A coordinate is p or more; for some, taking it modulo p would give a legal key.",
        f"{PART1} 4.2.7",
    ),
    "IdentityKey": Note(
        "AUTH_BYPASS",
        "Q = O. Then s*G alone decides, and anybody can sign.",
        f"{PART1} 6.2.1 a)",
    ),
    "InvalidCurve": Note(
        "AUTH_BYPASS",
        "Q is not on the curve. With a point of small order on another curve, anybody can sign.",
        f"{PART1} 6.2.1 c)",
    ),
    "BerEncoding": Note(
        "BER_ENCODING",
        "The signature is BER and not DER.",
        "GB/T 35276 7.3, X.690 10.1",
    ),
    "InvalidLength": Note("BER_ENCODING", "A length that does not fit its content.", "X.690 8.1.3"),
    "InvalidInteger": Note(
        "BER_ENCODING",
        "An INTEGER that is empty or has more bytes than it needs.",
        "X.690 8.3.1, 8.3.2",
    ),
    "TrailingData": Note(
        "SIGNATURE_MALLEABILITY",
        "More bytes than the signature: after it, inside it or before it.",
        "GB/T 35276 7.3",
    ),
    "MissingElement": Note("BER_ENCODING", "Fewer or more than two INTEGERs.", "GB/T 35276 7.3"),
    "Truncated": Note("BER_ENCODING", "The signature ends early.", "X.690 8.1.3"),
    "WrongType": Note(
        "BER_ENCODING", "Another type or container than the one expected.", "GB/T 35276 7.3"
    ),
    "RawLength": Note(
        "FUNCTIONALITY",
        "A raw signature that has not the form r || s of 64 bytes.",
        f"{PART1} 4.2.2",
    ),
    "IdDefault": Note("FUNCTIONALITY", "The id is the default, given in full.", "GB/T 35276 10"),
    "IdOther": Note(
        "FUNCTIONALITY",
        "The id is any other string of at most 8191 bytes; the empty one is not the default.",
        f"{PART2} 5.5",
    ),
    "IdMismatch": Note("MISSING_STEP", "The signature was made for another id.", f"{PART2} 5.5"),
    "MessageLength": Note(
        "EDGE_CASE", "The message ends at or near a block boundary of SM3.", "GB/T 32905 5.2"
    ),
    "ModifiedMessage": Note(
        "BASIC", "The signature was made for another message.", f"{PART2} 7.1 B4"
    ),
    "WrongDigest": Note(
        "WRONG_PRIMITIVE", "The signature is right for another e.", f"{PART2} 5.5, 7.1 B3, B4"
    ),
    "WrongEquation": Note(
        "WRONG_PRIMITIVE", "The signature follows a formula near to SM2's.", f"{PART2} 6.1 A5, A6"
    ),
    "WrongKey": Note("BASIC", "The signature was made with another key.", f"{PART2} 7.1 B6"),
    "TwoFaults": Note(
        "FUNCTIONALITY",
        "The item has several faults; the reason is the first in the order of the engine.",
        "the order of reasons in README.md",
    ),
    "BitFlip": Note("BASIC", "One bit of a valid item is flipped.", f"{PART2} 7.1 B7"),
}
