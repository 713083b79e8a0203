"""What chainbox-hsm signs, made from docs/signing.md on its own: encodings of payloads and their digests.

    python3 tests/vectors/payloads.py            writes payloads.json
    python3 tests/vectors/payloads.py --check    exits 1 if the file is not what would be written

SM3 and Z_A are those of sm2_adversarial/, Keccak-256 stands here, SHA-256 is Python's.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "payloads.json"
sys.path[:0] = [str(HERE / "sm2_adversarial"), str(HERE)]

from checked_in import write_or_check  # noqa: E402
from known_answers import STANDARD, self_test  # noqa: E402
from verifier import DEFAULT_ID, digest  # noqa: E402

STEPS = {"propose": 1, "prevote": 2, "precommit": 3}
TLS_SM2_ID = b"TLSv1.3+GM+Cipher+Suite"
BLOCK = bytes(range(32))
LANE = (1 << 64) - 1


def keccak256(message: bytes) -> bytes:
    """Keccak-256 with the original padding (the Keccak reference, section 1; rate 136, not SHA3-256)."""
    padded = bytearray(message + b"\x01")
    padded += bytes(-len(padded) % 136)
    padded[-1] |= 0x80
    state = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), 136):
        for lane in range(17):
            word = padded[start + 8 * lane : start + 8 * lane + 8]
            state[lane % 5][lane // 5] ^= int.from_bytes(word, "little")
        state = keccak_f(state)
    return b"".join(state[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def rotl(word: int, count: int) -> int:
    return ((word << count) | (word >> (64 - count))) & LANE if count else word


def keccak_f(a: list[list[int]]) -> list[list[int]]:
    """24 rounds of theta, rho, pi, chi and iota (FIPS 202, section 3.2); the constants come from their shift register."""
    register = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotl(c[(x + 1) % 5], 1) for x in range(5)]
        a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rotl(current, (t + 1) * (t + 2) // 2 % 64)
        a = [[a[x][y] ^ (~a[(x + 1) % 5][y] & a[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        for j in range(7):
            a[0][0] ^= (register & 1) << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
    return a


def consensus(tag: bytes, chain: str, height: int, round_: int, step: str, block: bytes | None) -> bytes:
    name = chain.encode()
    parts = [tag, len(name).to_bytes(2, "big"), name, height.to_bytes(8, "big"), round_.to_bytes(4, "big"), bytes([STEPS[step]])]
    return b"".join(parts) + (b"\x00" if block is None else b"\x01" + block)


def vote(chain: str, height: int, round_: int, step: str, block: bytes | None) -> dict:
    message = consensus(b"chainbox/vote/1\0", chain, height, round_, step, block)
    fields = {"chain": chain, "height": height, "round": round_, "step": step}
    return entry("vote", message, fields | ({} if block is None else {"block": block.hex()}))


def proposal(chain: str, height: int, round_: int, block: bytes) -> dict:
    message = consensus(b"chainbox/block/1\0", chain, height, round_, "propose", block)
    return entry("block", message, {"chain": chain, "height": height, "round": round_, "block": block.hex()})


def head(records: int, last: bytes) -> dict:
    message = b"chainbox/audit/1\0" + records.to_bytes(8, "big") + last
    return entry("audit", message, {"records": records, "head": last.hex()})


def content(role: str, message: bytes) -> dict:
    return entry(role, message, {"content": message.hex()})


def handshake(who: bytes, transcript: bytes) -> dict:
    return content("tls", b" " * 64 + b"TLS 1.3, " + who + b" CertificateVerify\0" + transcript)


def entry(role: str, message: bytes, fields: dict) -> dict:
    ident = TLS_SM2_ID if role == "tls" else DEFAULT_ID
    e = digest(ident, STANDARD.q, message).to_bytes(32, "big")
    digests = {"sha256": sha256(message).hexdigest()}
    if role != "tls":
        digests["keccak256"] = keccak256(message).hex()
    return {"role": role, **fields, "message": message.hex(), **digests, "sm2_e": e.hex()}


def vectors() -> dict:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    self_test()
    x, y = STANDARD.q
    return {
        "about": "Made by tests/vectors/payloads.py from docs/signing.md; never edited by hand.",
        "sm2_public_key": "04" + x.to_bytes(32, "big").hex() + y.to_bytes(32, "big").hex(),
        "payloads": [
            vote("test-1", 1, 0, "prevote", BLOCK),
            vote("test-1", 1, 0, "precommit", BLOCK),
            vote("test-1", 1, 0, "prevote", None),
            vote("c", (1 << 64) - 1, (1 << 32) - 1, "precommit", bytes(32)),
            vote("链-1", 0, 0, "prevote", b"\xff" * 32),
            vote("c" * 64, 258, 65_536, "prevote", BLOCK),
            proposal("test-1", 1, 0, BLOCK),
            proposal("test-1", (1 << 53) + 1, 7, BLOCK),
            head(1, BLOCK),
            head((1 << 64) - 1, bytes(32)),
            content("transaction", b"\x00"),
            content("transaction", bytes.fromhex("02f0") + bytes(range(200))),
            content("transaction", b"chainbox/vote/1"),
            handshake(b"server", bytes(range(32))),
            handshake(b"client", bytes(range(48))),
        ],
    }


if __name__ == "__main__":
    sys.exit(write_or_check(OUTPUT, vectors(), sys.argv[1:]))
