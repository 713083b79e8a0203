"""What other libraries do with cases where their answer is not the expected one.

Observed by running them as README.md says, not computed here. It is kept because an engine
is often compared with one of these: a known difference should not be taken for a new one.
"""

from __future__ import annotations

from suite import Disagreement

# The comments of the cases, one a line, in which a library differs for one cause.
DIFFERENCES: dict[Disagreement, str] = {
    Disagreement(
        "libcrypto 3.0",
        True,
        "EC_POINT_oct2point takes the hybrid form if its parity is right",
    ): """
key: hybrid, right parity
key: hybrid, right parity, message
""",
    Disagreement(
        "libcrypto 3.0",
        True,
        "EVP_PKEY_fromdata takes O as a key, and EVP_PKEY_verify does not check it; then R = sG",
    ): """
key O, R = sG #0
key O, R = sG #1
key O, R = sG #2
key O, R = sG #3
key O, R = sG, DER
""",
    Disagreement(
        "libcrypto 3.0",
        False,
        "its longest id has 8190 bytes: it refuses from UINT16_MAX / 8 = 8191 on",
    ): """
id: 8191 bytes
""",
    Disagreement(
        "sm2 0.14",
        True,
        "the sec1 crate takes tag 05, the compact form, and picks the smaller y",
    ): """
key: compact form, meant for the smaller y
key: compact form, meant for the smaller y, message
""",
    Disagreement(
        "efficient-sm2 0.2",
        True,
        "Signature::from_slice and verify_digest do not check that r and s are in [1, n-1]",
    ): """
r = 0, s = 1
r = 0, s = (n-1)/2
r = 0, s = (n+1)/2
r = 0, s = n-1
r = 0, s = n+1
r = 0, s = p
r = 0, s = 2^256-1
r = 1, s = 0
r = 1, s = n
r = 1, s = n+1
r = 1, s = p
r = 1, s = 2^256-1
r = (n-1)/2, s = 0
r = (n-1)/2, s = n
r = (n-1)/2, s = n+1
r = (n-1)/2, s = p
r = (n-1)/2, s = 2^256-1
r = (n+1)/2, s = 0
r = (n+1)/2, s = n
r = (n+1)/2, s = n+1
r = (n+1)/2, s = p
r = (n+1)/2, s = 2^256-1
r = n-1, s = 0
r = n-1, s = n
r = n-1, s = n+1
r = n-1, s = p
r = n-1, s = 2^256-1
r = n, s = 1
r = n, s = (n-1)/2
r = n, s = (n+1)/2
r = n, s = n-1
r = n, s = n+1
r = n, s = p
r = n, s = 2^256-1
r = n+1, s = 0
r = n+1, s = 1
r = n+1, s = (n-1)/2
r = n+1, s = (n+1)/2
r = n+1, s = n-1
r = n+1, s = n
r = n+1, s = n+1
r = n+1, s = p
r = p, s = 0
r = p, s = 1
r = p, s = (n-1)/2
r = p, s = (n+1)/2
r = p, s = n-1
r = p, s = n
r = p, s = n+1
r = p, s = p
r = 2^256-1, s = 0
r = 2^256-1, s = 1
r = 2^256-1, s = (n-1)/2
r = 2^256-1, s = (n+1)/2
r = 2^256-1, s = n-1
r = 2^256-1, s = n
small r #0, n added
small s #0, n added
small r and s #0, n added
small r #1, n added
small s #1, n added
small r and s #1, n added
small r #2, n added
small s #2, n added
small r and s #2, n added
""",
    Disagreement(
        "efficient-sm2 0.2",
        True,
        "verify_digest does not check t = r + s for 0; then R = sG",
    ): """
r = 1, s = n-1
r = (n-1)/2, s = (n+1)/2
r = (n+1)/2, s = (n-1)/2
r = n-1, s = 1
r + s = n #0
r + s = n #1
r + s = n #2
r + s = n, key G
r + s = n, key -G
r + s = n, key 2G
r + s = n, key -2G
""",
    Disagreement(
        "efficient-sm2 0.2",
        False,
        "point_add compares Jacobian coordinates, not points, and does not double when sG = tQ",
    ): """
Q = dG, sG = tQ
Q = -G, sG = tQ
Q = 2G, sG = tQ
Q = -2G, sG = tQ
Q = G/2, sG = tQ
Q = 2^128 G, sG = tQ
Q = 3G, sG = tQ
Q = -3G, sG = tQ
Q = 15G, sG = tQ
Q = -16G, sG = tQ
Q = 17G, sG = tQ
Q = -G/2, sG = tQ
Q = -G/3, sG = tQ
Q = 2G/3, s, t = 2, 3
Q = 2G/3, sG = tQ
Q = -2G/3, sG = tQ
Q = -3G/2, sG = tQ
Q = -5G/7, sG = tQ
Q = -15G/8, sG = tQ
Q = -2^128 G, sG = tQ
Q = 2^-4 G, sG = tQ
Q = 2^32-1 G, met at bit 1
""",
    Disagreement(
        "efficient-sm2 0.2",
        True,
        "Signature::from_slice takes what follows byte 32 as s, unless longer than 32 bytes",
    ): """
raw: 63 bytes, a zero byte of s missing
raw: 61 bytes, s in its 29 bytes
""",
    Disagreement(
        "efficient-sm2 0.2",
        False,
        "verify_digest compares x(R) with c = r - e alone, never with c + n",
    ): """
x(R) = n+4, y even
x(R) = n+4, y odd
x(R) = n+5, y even
x(R) = n+5, y odd
x(R) = n+6, y even
x(R) = n+6, y odd
x(R) = p-2, y even
x(R) = p-2, y odd
x(R) = p-7, y even
x(R) = p-7, y odd
x(R) = p-11, y even
x(R) = p-11, y odd
""",
    Disagreement(
        "efficient-sm2 0.2",
        True,
        "PublicKey::from_slice does not compare coordinates with p; verify_digest reduces them",
    ): """
key with x + p
key with y + p
key with x = p for 0
""",
    Disagreement(
        "efficient-sm2 0.2",
        True,
        "verify_digest checks that R is on the curve, not the key; here tQ = O and R = sG",
    ): """
key of order 2 #0, t = 0 modulo it
key of order 2 #1, t = 0 modulo it
key of order 2 #2, t = 0 modulo it
key off the curve: (x, 0)
key of order 3, x = 2, t = 0 modulo it
key of order 4, x = 2, t = 0 modulo it
key of order 3, x = 3, t = 0 modulo it
key of order 4, x = 3, t = 0 modulo it
key of twist, order 7, t = 0 modulo it
key of twist, order 443, t = 0 modulo it
key off the curve: (1, 0)
""",
}
