// Generated from curves.toml by tests/generated; do not edit.
const CURVE_SECP256K1: u32 = 0u;
const CURVE_P256: u32 = 1u;
const CURVE_SM2: u32 = 0u;

// The prime p.
const P: array<u32, 8> = array<u32, 8>(
    0xffffffffu, 0xffffffffu, 0xffffffffu, 0u, 0u, 0u, 1u, 0xffffffffu,
);

// The order n.
const N: array<u32, 8> = array<u32, 8>(
    0xfc632551u, 0xf3b9cac2u, 0xa7179e84u, 0xbce6faadu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu,
);

// (n - 1)/2
const N_HALF: array<u32, 8> = array<u32, 8>(
    0x7e3192a8u, 0x79dce561u, 0xd38bcf42u, 0xde737d56u, 0xffffffffu, 0x7fffffffu, 0x80000000u, 0x7fffffffu,
);

// p - n
const P_MINUS_N: array<u32, 8> = array<u32, 8>(
    0x039cdaaeu, 0x0c46353du, 0x58e8617bu, 0x43190553u, 0u, 0u, 0u, 0u,
);

// 1, a, b and G as elements of the field.
const FE_ONE: array<u32, 8> = array<u32, 8>(
    1u, 0u, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu, 0u,
);
const FE_A: array<u32, 8> = array<u32, 8>(
    0xfffffffcu, 0xffffffffu, 0xffffffffu, 3u, 0u, 0u, 4u, 0xfffffffcu,
);
const FE_B: array<u32, 8> = array<u32, 8>(
    0x29c4bddfu, 0xd89cdf62u, 0x78843090u, 0xacf005cdu, 0xf7212ed6u, 0xe5a220abu, 0x04874834u, 0xdc30061du,
);
const FE_G_X: array<u32, 8> = array<u32, 8>(
    0x18a9143cu, 0x79e730d4u, 0x5fedb601u, 0x75ba95fcu, 0x77622510u, 0x79fb732bu, 0xa53755c6u, 0x18905f76u,
);
const FE_G_Y: array<u32, 8> = array<u32, 8>(
    0xce95560au, 0xddf25357u, 0xba19e45cu, 0x8b4ab8e4u, 0xdd21f325u, 0xd2e88688u, 0x25885d85u, 0x8571ff18u,
);

// 2^512 mod p
const FE_R2: array<u32, 8> = array<u32, 8>(
    3u, 0u, 0xffffffffu, 0xfffffffbu, 0xfffffffeu, 0xffffffffu, 0xfffffffdu, 4u,
);

// -1/p mod 2^32
const FE_N0: u32 = 1u;

// p - 2
const FE_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xfffffffdu, 0xffffffffu, 0xffffffffu, 0u, 0u, 0u, 1u, 0xffffffffu,
);

// (p + 1)/4
const FE_SQRT_EXPONENT: array<u32, 8> = array<u32, 8>(
    0u, 0u, 0x40000000u, 0u, 0u, 0x40000000u, 0xc0000000u, 0x3fffffffu,
);

// 2^256 mod n
const SC_ONE: array<u32, 8> = array<u32, 8>(
    0x039cdaafu, 0x0c46353du, 0x58e8617bu, 0x43190552u, 0u, 0u, 0xffffffffu, 0u,
);

// 2^512 mod n
const SC_R2: array<u32, 8> = array<u32, 8>(
    0xbe79eea2u, 0x83244c95u, 0x49bd6fa6u, 0x4699799cu, 0x2b6bec59u, 0x2845b239u, 0xf3d95620u, 0x66e12d94u,
);

// -1/n mod 2^32
const SC_N0: u32 = 0xee00bc4fu;

// n - 2
const SC_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xfc63254fu, 0xf3b9cac2u, 0xa7179e84u, 0xbce6faadu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu,
);
