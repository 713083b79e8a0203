"""Published answers that the arithmetic has to give before anything is built on it.

The two examples of GB/T 32905 and the worked example of GB/T 32918.5.
"""

from __future__ import annotations

from construct import KeyPair, sign_e
from curve import GX, GY, G, N, joint, joint_ladder, mul, neg, on_curve
from octets import number
from sm3 import sm3
from verifier import DEFAULT_ID, digest, z_value

STANDARD_K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
STANDARD = KeyPair(
    0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8,
    mul(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8, G),
)
STANDARD_MSG = b"message digest"
STANDARD_RS = (
    0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
    0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
)


def self_test() -> None:
    """Check the arithmetic against the standards before anything is built on it."""
    abc = 0x66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0
    abcd = 0xDEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732
    assert number(sm3(b"abc")) == abc and number(sm3(b"abcd" * 16)) == abcd
    assert joint_ladder(STANDARD.d, G, STANDARD_K) == joint(STANDARD.d, G, STANDARD_K)
    assert on_curve(GX, GY) and mul(N - 1, G) == neg(G) and mul(N, G) is None
    d, q = STANDARD
    z = 0xB2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3
    assert number(z_value(DEFAULT_ID, q)) == z
    e = digest(DEFAULT_ID, q, STANDARD_MSG)
    assert e == 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
    assert sign_e(d, e, STANDARD_K) == STANDARD_RS
