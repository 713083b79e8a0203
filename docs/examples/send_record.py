#!/usr/bin/env python3
"""Records a document on a Chainbox chain of suite p256, from docs/transactions.md alone: key, encoding, signature, HTTP. Needs nothing but Python.

    send_record.py URL CHAIN_ID FILE [MEDIA_TYPE]

URL is that of the status page, e.g. http://127.0.0.1:8080. The key is made for this one record. The arithmetic is plain and slow, and its time depends on
the key: good for an example, and for no key that is worth anything.
"""

import json
import secrets
import sys
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296, 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)
SUITE = 2
RECORD = 2


def add(a, b):
    """The sum of two points of P-256; None is the identity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point = add(point, point)
        k >>= 1
    return result


def sign(d, message):
    """ECDSA (FIPS 186-5) with the lower s."""
    e = int.from_bytes(sha256(message).digest(), "big")
    k = secrets.randbelow(N - 1) + 1
    r = multiply(k, G)[0] % N
    s = pow(k, -1, N) * (e + r * d) % N
    return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def main():
    url, chain_id, path = sys.argv[1].rstrip("/"), int(sys.argv[2]), Path(sys.argv[3])
    media_type = (sys.argv[4] if len(sys.argv) > 4 else "application/octet-stream").encode()
    document = path.read_bytes()
    d = secrets.randbelow(N - 1) + 1
    x, y = multiply(d, G)
    key = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    signed = bytes([1, SUITE]) + chain_id.to_bytes(8, "big") + key
    signed += (0).to_bytes(8, "big") + (2**64 - 1).to_bytes(8, "big")
    signed += bytes([RECORD]) + sha256(document).digest() + bytes([len(media_type)]) + media_type + len(document).to_bytes(4, "big")
    transaction = signed + sign(d, signed) + document
    request = urllib.request.Request(f"{url}/v1/transactions", transaction, {"Content-Type": "application/octet-stream"})
    try:
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        sys.exit(f"refused: {json.load(error)['error']}")
    assert answer["id"] == sha256(signed).hexdigest()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
