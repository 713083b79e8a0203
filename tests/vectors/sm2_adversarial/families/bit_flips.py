"""Random good items, and each with one bit flipped in one field."""

from __future__ import annotations

from construct import Solved, key_pair, sign, stream
from curve import neg
from octets import WRITE, b32, number, sec1_compressed
from suite import GroupKey, Suite, message_group
from verifier import DEFAULT_ID, digest


def flip(data: bytes, label: str) -> bytes:
    """`data` with one bit flipped, chosen by the label, outside the first four bytes."""
    bit = number(stream(f"flip {label}", 8)) % (8 * len(data) - 32) + 32
    byte, mask = bit // 8, 1 << (bit % 8)
    return data[:byte] + bytes([data[byte] ^ mask]) + data[byte + 1 :]


def flip_int(v: int, label: str) -> int:
    """v with one of its low 224 bits flipped."""
    return number(flip(b32(v), label))


def bit_flips(suite: Suite) -> None:
    """Random good items, and each with one bit flipped in one field."""
    for i in range(8):
        encoding = "der" if i % 2 else "raw"
        ident = DEFAULT_ID if i % 3 else stream(f"flip id {i}", 9)
        one_bit_flips(suite, i, encoding, ident)


def one_bit_flips(suite: Suite, i: int, encoding: str, ident: bytes) -> None:
    """One random good item and its flips."""
    write = WRITE[encoding]
    pair, label = key_pair(f"flip {i}"), f"random #{i}"
    msg = stream(f"flip message {i}", 20 + 7 * i)
    r, s = sign(pair, ident, msg, label)
    group = message_group(pair.q, encoding, ident)
    sig = write(r, s)
    item = Solved(r, s, digest(ident, pair.q, msg))
    suite.put(group, label, "ValidSignature", msg, sig)
    suite.e(pair.q, f"{label}, e given", "ValidSignature", item)

    def refused(what: str, group: GroupKey, msg: bytes, sig: bytes, reason: str) -> None:
        suite.put(group, f"{label}, bit of {what}", "BitFlip", msg, sig, reason)

    refused("r", group, msg, write(flip_int(r, f"r {i}"), s), "equation")
    refused("s", group, msg, write(r, flip_int(s, f"s {i}")), "equation")
    refused("the message", group, flip(msg, f"m {i}"), sig, "equation")
    refused("the id", group._replace(ident=flip(ident, f"id {i}")), msg, sig, "equation")
    if i % 2:
        other_root = group._replace(key=sec1_compressed(neg(pair.q)))
        refused("the tag of the key", other_root, msg, sig, "equation")
    else:
        off_curve = group._replace(key=flip(group.key, f"key {i}"))
        refused("the key", off_curve, msg, sig, "key-not-on-curve")
    bad_e = item._replace(e=flip_int(item.e, f"e {i}"))
    suite.e(pair.q, f"{label}, bit of e", "BitFlip", bad_e, "equation")
