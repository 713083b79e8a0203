// Generated from curves.toml by tests/generated; do not edit.
const CURVE_SECP256K1: u32 = 1u;
const CURVE_P256: u32 = 0u;
const CURVE_SM2: u32 = 0u;

// The prime p.
const P: array<u32, 8> = array<u32, 8>(
    0xfffffc2fu, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
);

// The order n.
const N: array<u32, 8> = array<u32, 8>(
    0xd0364141u, 0xbfd25e8cu, 0xaf48a03bu, 0xbaaedce6u, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
);

// (n - 1)/2
const N_HALF: array<u32, 8> = array<u32, 8>(
    0x681b20a0u, 0xdfe92f46u, 0x57a4501du, 0x5d576e73u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x7fffffffu,
);

// p - n
const P_MINUS_N: array<u32, 8> = array<u32, 8>(
    0x2fc9baeeu, 0x402da172u, 0x50b75fc4u, 0x45512319u, 1u, 0u, 0u, 0u,
);

// 1, a, b and G as elements of the field.
const FE_ONE: array<u32, 8> = array<u32, 8>(
    1u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
);
const FE_A: array<u32, 8> = array<u32, 8>(
    0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
);
const FE_B: array<u32, 8> = array<u32, 8>(
    7u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
);
const FE_G_X: array<u32, 8> = array<u32, 8>(
    0x16f81798u, 0x59f2815bu, 0x2dce28d9u, 0x029bfcdbu, 0xce870b07u, 0x55a06295u, 0xf9dcbbacu, 0x79be667eu,
);
const FE_G_Y: array<u32, 8> = array<u32, 8>(
    0xfb10d4b8u, 0x9c47d08fu, 0xa6855419u, 0xfd17b448u, 0x0e1108a8u, 0x5da4fbfcu, 0x26a3c465u, 0x483ada77u,
);

// 2^512 mod p
const FE_R2: array<u32, 8> = array<u32, 8>(
    0x000e90a1u, 1954u, 1u, 0u, 0u, 0u, 0u, 0u,
);

// -1/p mod 2^32
const FE_N0: u32 = 0xd2253531u;

// p - 2
const FE_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xfffffc2du, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
);

// (p + 1)/4
const FE_SQRT_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xbfffff0cu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x3fffffffu,
);

// 2^256 mod n
const SC_ONE: array<u32, 8> = array<u32, 8>(
    0x2fc9bebfu, 0x402da173u, 0x50b75fc4u, 0x45512319u, 1u, 0u, 0u, 0u,
);

// 2^512 mod n
const SC_R2: array<u32, 8> = array<u32, 8>(
    0x67d7d140u, 0x896cf214u, 0x0e7cf878u, 0x741496c2u, 0x5bcd07c6u, 0xe697f5e4u, 0x81c69bc5u, 0x9d671cd5u,
);

// -1/n mod 2^32
const SC_N0: u32 = 0x5588b13fu;

// n - 2
const SC_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xd036413fu, 0xbfd25e8cu, 0xaf48a03bu, 0xbaaedce6u, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
);

// 2^256 - p = 2^32 + this
const FOLD_LOW: u32 = 977u;

// lambda*(x, y) = (beta*x, y)
const BETA: array<u32, 8> = array<u32, 8>(
    0x719501eeu, 0xc1396c28u, 0x12f58995u, 0x9cf04975u, 0xac3434e9u, 0x6e64479eu, 0x657c0710u, 0x7ae96a2bu,
);

// A short basis of the lattice: a1, -b1, a2, b2.
const SPLIT_A1: array<u32, 8> = array<u32, 8>(
    0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u, 0u, 0u, 0u, 0u,
);
const SPLIT_MINUS_B1: array<u32, 8> = array<u32, 8>(
    0x0abfe4c3u, 0x6f547fa9u, 0x010e8828u, 0xe4437ed6u, 0u, 0u, 0u, 0u,
);
const SPLIT_A2: array<u32, 8> = array<u32, 8>(
    0x9d44cfd8u, 0x57c1108du, 0xa8e2f3f6u, 0x14ca50f7u, 1u, 0u, 0u, 0u,
);
const SPLIT_B2: array<u32, 8> = array<u32, 8>(
    0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u, 0u, 0u, 0u, 0u,
);

// round(2^384 * b2 / n) and round(2^384 * -b1 / n)
const SPLIT_G1: array<u32, 8> = array<u32, 8>(
    0x45dbb031u, 0xe893209au, 0x71e8ca7fu, 0x3daa8a14u, 0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u,
);
const SPLIT_G2: array<u32, 8> = array<u32, 8>(
    0x8ac47f71u, 0x1571b4aeu, 0x9df506c6u, 0x221208acu, 0x0abfe4c4u, 0x6f547fa9u, 0x010e8828u, 0xe4437ed6u,
);
