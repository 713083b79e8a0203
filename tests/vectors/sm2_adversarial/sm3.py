"""SM3, GB/T 32905-2016, written from its clauses word by word.

Python's hashlib has SM3 only where its OpenSSL has, and the engine under test must not
be its own judge. So the set brings its own, checked in known_answers.py.
"""

from __future__ import annotations

WORD = 0xFFFFFFFF
SM3_IV: tuple[int, ...] = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600,
    0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip


def rotl(x: int, k: int) -> int:
    """Rotate a 32-bit word left; k is taken modulo 32, as clause 5.3.3 needs for T_j."""
    k %= 32
    return ((x << k) | (x >> (32 - k))) & WORD


SM3_T = tuple(rotl(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64))


def sm3_compress(v: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The compression function, GB/T 32905 clause 5.3."""
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ rotl(w[j - 3], 15)
        w.append(x ^ rotl(x, 15) ^ rotl(x, 23) ^ rotl(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = v
    for j in range(64):
        a12 = rotl(a, 12)
        ss1 = rotl((a12 + e + SM3_T[j]) & WORD, 7)
        ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if j < 16 else (e & f) | (~e & WORD & g)
        tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) & WORD
        tt2 = (gg + h + ss1 + w[j]) & WORD
        a, b, c, d = tt1, a, rotl(b, 9), c
        e, f, g, h = tt2 ^ rotl(tt2, 9) ^ rotl(tt2, 17), e, rotl(f, 19), g
    return tuple(x ^ y for x, y in zip(v, (a, b, c, d, e, f, g, h), strict=True))


def sm3(data: bytes) -> bytes:
    """SM3 digest of `data`."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    v = SM3_IV
    for i in range(0, len(padded), 64):
        v = sm3_compress(v, padded[i : i + 64])
    return b"".join(x.to_bytes(4, "big") for x in v)
