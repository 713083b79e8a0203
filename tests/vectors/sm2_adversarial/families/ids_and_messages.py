"""Ids and messages of every length and kind, and signatures made for other ones.

Lengths stand at the block boundaries of SM3, where padding goes wrong.
"""

from __future__ import annotations

from clauses import E_CLAUSE, Z_CLAUSE
from construct import MAIN, key_pair, sign, stream
from octets import WRITE
from suite import Suite, message_group
from verifier import DEFAULT_ID


def identifiers(suite: Suite) -> None:
    """Ids of every length and kind, and signatures made for another id."""
    pair = key_pair("ids")
    msg = b"who signed this?"
    ids = {
        "empty": b"",
        "1 byte, a": b"a",
        "1 byte, 00": b"\0",
        "the default": DEFAULT_ID,
        "the default, shorter by 1": DEFAULT_ID[:15],
        "the default and 00": DEFAULT_ID + b"\0",
        "ALICE123@YAHOO.COM": b"ALICE123@YAHOO.COM",
        "alice123@yahoo.com": b"alice123@yahoo.com",
        "16 zero bytes": bytes(16),
        "the default in UTF-16": DEFAULT_ID.decode().encode("utf-16-le"),
        "31 bytes (ENTL below 256)": b"i" * 31,
        "32 bytes (ENTL = 256)": b"i" * 32,
        "53 bytes (Z_A fills a block up to the length)": b"i" * 53,
        "54 bytes": b"i" * 54,
        "61 bytes": b"i" * 61,
        "62 bytes (blocks are full)": b"i" * 62,
        "UTF-8, not ASCII": "链盒 ü".encode(),
        "not UTF-8": b"\xff\xfe\x80",
        "255 bytes": b"j" * 255,
        "256 bytes": b"j" * 256,
        "8190 bytes": b"k" * 8190,
        "8191 bytes": b"k" * 8191,
    }
    names = list(ids)
    for i, name in enumerate(names):
        ident = ids[name]
        flag = "IdDefault" if ident == DEFAULT_ID else "IdOther"
        rs = sign(pair, ident, msg, f"id {name}")
        encoding = "raw" if i % 2 else "der"
        suite.m(pair.q, f"id: {name}", flag, msg, rs, ident=ident, encoding=encoding)
        other = names[i - 1] if name != "8190 bytes" else "empty"
        rs = sign(pair, ids[other], msg, f"id {other} for {name}")
        comment, fault = f"id: {name}, signed for: {other}", ("equation", Z_CLAUSE)
        suite.m(pair.q, comment, "IdMismatch", msg, rs, *fault, ident=ident, encoding=encoding)
    for name in ("empty", "1 byte, a", "the default and 00", "alice123@yahoo.com"):
        rs = sign(pair, DEFAULT_ID, msg, f"default for {name}")
        comment = f"id: {name}, signed for the default"
        suite.m(pair.q, comment, "IdMismatch", msg, rs, "equation", Z_CLAUSE, ident=ids[name])
        rs = sign(pair, ids[name], msg, f"{name} for default")
        comment = f"id: the default, signed for: {name}"
        suite.m(pair.q, comment, "IdMismatch", msg, rs, "equation", Z_CLAUSE)
    # The boundary between id and message must not move.
    rs = sign(pair, b"ab", b"c", "boundary")
    suite.m(pair.q, "id: ab, message c", "IdOther", b"c", rs, ident=b"ab")
    suite.m(pair.q, "id: a, message bc", "IdMismatch", b"bc", rs, "equation", Z_CLAUSE, ident=b"a")


def messages(suite: Suite) -> None:
    """Messages at the block boundaries of SM3, which hashes Z_A (32 bytes) before them."""
    sizes = [0, 1, 23, 24, 31, 32, 33, 55, 56, 63, 64, 65, 87, 88, 119, 120, 128, 1024, 8159, 8160]
    for i, size in enumerate(sizes):
        msg = stream(f"message {size}", size)
        rs = sign(MAIN, DEFAULT_ID, msg, f"message {size}")
        encoding = "der" if i % 3 == 0 else "raw"
        sig = WRITE[encoding](*rs)
        group = message_group(MAIN.q, encoding)
        label, flag = f"message of {size} bytes", "ModifiedMessage"
        suite.put(group, label, "MessageLength", msg, sig)
        if size == 0:
            suite.put(group, f"{label}, a zero byte put in", flag, b"\0", sig, "equation", E_CLAUSE)
        elif size <= 128:
            changed = bytes([msg[0] ^ 1]) + msg[1:]
            comment = f"{label}, first bit flipped"
            suite.put(group, comment, flag, changed, sig, "equation", E_CLAUSE)
            if size % 32 == 0:
                comment = f"{label}, last byte dropped"
                suite.put(group, comment, flag, msg[:-1], sig, "equation", E_CLAUSE)
    rs = sign(MAIN, DEFAULT_ID, bytes(65536), "message of 64 KiB")
    suite.m(MAIN.q, "message of 64 KiB of zero bytes", "MessageLength", bytes(65536), rs)
    rs = sign(MAIN, DEFAULT_ID, b"padding", "padding")
    comment, padded = "message with a padding byte put in", b"padding\x80"
    suite.m(MAIN.q, comment, "ModifiedMessage", padded, rs, "equation", E_CLAUSE)
