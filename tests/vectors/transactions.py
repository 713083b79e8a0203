"""Transactions of our own chain, made from docs/transactions.md alone: a small second implementation, and the vectors that it makes.

    python3 tests/vectors/transactions.py            writes transactions.json
    python3 tests/vectors/transactions.py --check    exits 1 if the file is not what would be written

The curves' arithmetic stands here in Python's integers. SM3 is that of sm2_adversarial/, Keccak-256 that of payloads.py, SHA-256 Python's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
OUTPUT = HERE / "transactions.json"
sys.path[:0] = [str(HERE / "sm2_adversarial"), str(HERE)]

from checked_in import write_or_check  # noqa: E402
from payloads import keccak256  # noqa: E402
from sm3 import sm3  # noqa: E402

ID = b"1234567812345678"
PAYLOAD_MAX = 1 << 20

Point = tuple[int, int] | None


class Suite(NamedTuple):
    """A suite of the specification: its byte, its curve y^2 = x^3 + ax + b over p with G of order n, and its hash."""

    name: str
    byte: int
    p: int
    a: int
    b: int
    n: int
    g: tuple[int, int]
    hash: Callable[[bytes], bytes]


SUITES = [
    Suite(
        "secp256k1", 1, 2**256 - 2**32 - 977, 0, 7,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798, 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8),
        keccak256,
    ),
    Suite(
        "p256", 2, 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
        lambda message: sha256(message).digest(),
    ),
    Suite(
        "sm", 3, 2**256 - 2**224 - 2**96 + 2**64 - 1, -3,
        0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
        0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
        (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7, 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0),
        sm3,
    ),
]  # fmt: skip


def add(suite: Suite, left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2:
        if (y1 + y2) % suite.p == 0:
            return None
        slope = (3 * x1 * x1 + suite.a) * pow(2 * y1, -1, suite.p)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, suite.p)
    x = (slope * slope - x1 - x2) % suite.p
    return x, (slope * (x1 - x) - y1) % suite.p


def mul(suite: Suite, factor: int, point: Point) -> Point:
    product: Point = None
    for bit in bin(factor)[2:]:
        product = add(suite, product, product)
        if bit == "1":
            product = add(suite, product, point)
    return product


def b32(number: int) -> bytes:
    return number.to_bytes(32, "big")


class Key:
    """A private key of a suite, from a label; and its public half, SEC1 uncompressed."""

    def __init__(self, suite: Suite, label: str) -> None:
        self.suite, self.label = suite, label
        self.d = 1 + int.from_bytes(sha256(f"key {label}".encode()).digest(), "big") % (suite.n - 2)
        x, y = mul(suite, self.d, suite.g)  # type: ignore[misc]
        self.public = b"\x04" + b32(x) + b32(y)

    def address(self) -> bytes:
        return self.suite.hash(self.public[1:])[12:]

    def sign(self, message: bytes) -> bytes:
        """r || s; the nonce comes from key and message, so that the vectors are the same each time."""
        suite, n = self.suite, self.suite.n
        k = 1 + int.from_bytes(sha256(b"nonce" + b32(self.d) + message).digest(), "big") % (n - 1)
        x = mul(suite, k, suite.g)[0]  # type: ignore[index]
        if suite.name == "sm":
            e = int.from_bytes(sm3(self.z_a() + message), "big")
            r = (e + x) % n
            s = pow(1 + self.d, -1, n) * (k - r * self.d) % n
        else:
            e = int.from_bytes(suite.hash(message), "big")
            r = x % n
            s = pow(k, -1, n) * (e + r * self.d) % n
            s = min(s, n - s)
        return b32(r) + b32(s)

    def z_a(self) -> bytes:
        """GB/T 32918.2-2016, 5.5."""
        suite = self.suite
        numbers = [suite.a % suite.p, suite.b, *suite.g]
        return sm3((8 * len(ID)).to_bytes(2, "big") + ID + b"".join(map(b32, numbers)) + self.public[1:])


def short(string: bytes) -> bytes:
    return bytes([len(string)]) + string


def transfer(to: bytes, amount: int) -> bytes:
    return b"\x01" + to + amount.to_bytes(16, "big")


def record(digest: bytes, media_type: str, payload: bytes) -> bytes:
    return b"\x02" + digest + short(media_type.encode("ascii")) + len(payload).to_bytes(4, "big")


def put(key: bytes, value: bytes) -> bytes:
    return b"\x03" + short(key) + len(value).to_bytes(2, "big") + value


def remove(key: bytes) -> bytes:
    return b"\x04" + short(key)


def permit(account: bytes, may_send: bool) -> bytes:
    return b"\x05" + account + bytes([may_send])


def signed_part(key: Key, chain_id: int, nonce: int, valid_until: int, content: bytes) -> bytes:
    head = b"\x01" + bytes([key.suite.byte]) + chain_id.to_bytes(8, "big") + key.public
    return head + nonce.to_bytes(8, "big") + valid_until.to_bytes(8, "big") + content


def entry(comment: str, key: Key, content: bytes, payload: bytes = b"", chain_id: int = 1, nonce: int = 0, valid_until: int = 100) -> dict:
    """A valid transaction and what is to be read from it."""
    signed = signed_part(key, chain_id, nonce, valid_until, content)
    return {
        "comment": comment,
        "suite": key.suite.name,
        "raw": (signed + key.sign(signed) + payload).hex(),
        "id": key.suite.hash(signed).hex(),
        "sender": key.address().hex(),
        "chain_id": chain_id,
        "nonce": nonce,
        "valid_until": valid_until,
        "kind": content[0],
    }


def valid(suite: Suite) -> list[dict]:
    key, other = Key(suite, "one"), Key(suite, "two")
    top = (1 << 64) - 1
    document = bytes(range(256)) * 3
    return [
        entry("a transfer", key, transfer(other.address(), 5)),
        entry("the largest numbers", key, transfer(bytes(20), (1 << 128) - 1), chain_id=top, nonce=top, valid_until=top),
        entry("the smallest numbers", other, transfer(b"\xff" * 20, 1), chain_id=0, nonce=0, valid_until=0),
        entry("a record with its document", key, record(suite.hash(document), "application/octet-stream", document), document, nonce=1),
        entry("a record of a document elsewhere", key, record(b"\x11" * 32, "x", b""), nonce=2),
        entry("an entry", key, put(b"name", b"value"), nonce=3),
        entry("an entry without a value", key, put(b"\0", b""), nonce=4),
        entry("the longest key", key, put(b"k" * 128, b"v" * 300), nonce=5),
        entry("an entry removed", key, remove(b"name"), nonce=6),
        entry("an account that may send", key, permit(other.address(), True), nonce=7),
        entry("an account that may not", key, permit(other.address(), False), nonce=8),
    ]


def malformed() -> list[dict]:
    """Bytes that are no transaction. Signatures are right wherever there is one to make."""
    suite = SUITES[2]
    key = Key(suite, "one")

    def case(comment: str, content: bytes, payload: bytes = b"", change: Callable[[bytes], bytes] = bytes) -> dict:
        signed = signed_part(key, 1, 0, 100, content)
        return {"comment": comment, "raw": change(signed + key.sign(signed) + payload).hex()}

    fine = transfer(bytes(20), 1)
    return [
        {"comment": "nothing", "raw": ""},
        case("another version", fine, change=lambda raw: b"\x02" + raw[1:]),
        case("an unknown suite", fine, change=lambda raw: raw[:1] + b"\x04" + raw[2:]),
        case("a compressed key", fine, change=lambda raw: raw[:10] + b"\x02" + raw[11:]),
        case("an unknown kind", b"\x06" + fine[1:]),
        case("an amount of 0", transfer(bytes(20), 0)),
        case("an empty key", remove(b"")),
        case("a key that is too long", put(b"k" * 129, b"")),
        case("a value that is too long", put(b"k", b"v" * (16384 + 1))),
        case("an empty media type", record(bytes(32), "", b"")),
        case("a media type with a space", record(bytes(32), "a b", b"")),
        case("a media type that is too long", record(bytes(32), "m" * 101, b"")),
        case("a payload that is too long", record(bytes(32), "m", bytes(PAYLOAD_MAX + 1))),
        case("a payload that is missing", record(bytes(32), "m", b"x")),
        case("a permission of 2", permit(bytes(20), True)[:-1] + b"\x02"),
        case("a byte too many", fine, b"\0"),
        case("a byte too few", fine, change=lambda raw: raw[:-1]),
    ]


def forged() -> list[dict]:
    """Transactions that can be read and whose signature is not valid."""
    cases = []
    for suite in SUITES:
        key = Key(suite, "one")
        signed = signed_part(key, 1, 0, 100, transfer(bytes(20), 1))
        signature = key.sign(signed)
        twin = signature[:32] + b32(suite.n - int.from_bytes(signature[32:], "big"))
        cases += [
            {"comment": "another amount", "suite": suite.name, "raw": (signed[:-1] + b"\x02" + signature).hex()},
            {"comment": "the other s", "suite": suite.name, "raw": (signed + twin).hex()},
            {"comment": "another key", "suite": suite.name, "raw": (signed + Key(suite, "two").sign(signed)).hex()},
        ]
    return cases


def vectors() -> dict:
    return {
        "about": "Made by tests/vectors/transactions.py from docs/transactions.md; never edited by hand.",
        "valid": [case for suite in SUITES for case in valid(suite)],
        "malformed": malformed(),
        "forged": forged(),
    }


if __name__ == "__main__":
    sys.exit(write_or_check(OUTPUT, vectors(), sys.argv[1:]))
