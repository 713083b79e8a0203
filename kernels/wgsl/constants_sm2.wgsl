// Generated from curves.toml by tests/generated; do not edit.
const CURVE_SECP256K1: u32 = 0u;
const CURVE_P256: u32 = 0u;
const CURVE_SM2: u32 = 1u;

// The prime p.
const P: array<u32, 8> = array<u32, 8>(
    0xffffffffu, 0xffffffffu, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
);

// The order n.
const N: array<u32, 8> = array<u32, 8>(
    0x39d54123u, 0x53bbf409u, 0x21c6052bu, 0x7203df6bu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
);

// (n - 1)/2
const N_HALF: array<u32, 8> = array<u32, 8>(
    0x9ceaa091u, 0xa9ddfa04u, 0x90e30295u, 0xb901efb5u, 0xffffffffu, 0xffffffffu, 0x7fffffffu, 0x7fffffffu,
);

// p - n
const P_MINUS_N: array<u32, 8> = array<u32, 8>(
    0xc62abedcu, 0xac440bf6u, 0xde39fad5u, 0x8dfc2093u, 0u, 0u, 0u, 0u,
);

// 1, a, b and G as elements of the field.
const FE_ONE: array<u32, 8> = array<u32, 8>(
    1u, 0u, 0xffffffffu, 0u, 0u, 0u, 0u, 1u,
);
const FE_A: array<u32, 8> = array<u32, 8>(
    0xfffffffcu, 0xffffffffu, 3u, 0xfffffffcu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffbu,
);
const FE_B: array<u32, 8> = array<u32, 8>(
    0x2bc0dd42u, 0x90d23063u, 0xe9b537abu, 0x71cf379au, 0x5ea51c3cu, 0x52798150u, 0xba20e2c8u, 0x240fe188u,
);
const FE_G_X: array<u32, 8> = array<u32, 8>(
    0xf418029eu, 0x61328990u, 0xdca6c050u, 0x3e7981edu, 0xac24c3c3u, 0xd6a1ed99u, 0xe1c13b05u, 0x91167a5eu,
);
const FE_G_Y: array<u32, 8> = array<u32, 8>(
    0x3c2d0dddu, 0xc1354e59u, 0x8d3295fau, 0xc1f5e578u, 0x6e2a48f8u, 0x8d4cfb06u, 0x81d735bdu, 0x63cd65d4u,
);

// 2^512 mod p
const FE_R2: array<u32, 8> = array<u32, 8>(
    3u, 2u, 0xffffffffu, 2u, 1u, 1u, 2u, 4u,
);

// -1/p mod 2^32
const FE_N0: u32 = 1u;

// p - 2
const FE_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0xfffffffdu, 0xffffffffu, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
);

// (p + 1)/4
const FE_SQRT_EXPONENT: array<u32, 8> = array<u32, 8>(
    0u, 0x40000000u, 0xc0000000u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xbfffffffu, 0x3fffffffu,
);

// 2^256 mod n
const SC_ONE: array<u32, 8> = array<u32, 8>(
    0xc62abeddu, 0xac440bf6u, 0xde39fad4u, 0x8dfc2094u, 0u, 0u, 0u, 1u,
);

// 2^512 mod n
const SC_R2: array<u32, 8> = array<u32, 8>(
    0x7c114f20u, 0x901192afu, 0xde6fa2fau, 0x3464504au, 0x3affe0d4u, 0x620fc84cu, 0xa22b3d3bu, 0x1eb5e412u,
);

// -1/n mod 2^32
const SC_N0: u32 = 0x72350975u;

// n - 2
const SC_INV_EXPONENT: array<u32, 8> = array<u32, 8>(
    0x39d54121u, 0x53bbf409u, 0x21c6052bu, 0x7203df6bu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
);

// a, b, x_G and y_G as Z_A hashes them, each word big-endian (GB/T 32918.2, 5.5).
const Z_A_CURVE: array<u32, 32> = array<u32, 32>(
    0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu, 0xfffffffcu,
    0x28e9fa9eu, 0x9d9f5e34u, 0x4d5a9e4bu, 0xcf6509a7u, 0xf39789f5u, 0x15ab8f92u, 0xddbcbd41u, 0x4d940e93u,
    0x32c4ae2cu, 0x1f198119u, 0x5f990446u, 0x6a39c994u, 0x8fe30bbfu, 0xf2660be1u, 0x715a4589u, 0x334c74c7u,
    0xbc3736a2u, 0xf4f6779cu, 0x59bdcee3u, 0x6b692153u, 0xd0a9877cu, 0xc62a4740u, 0x02df32e5u, 0x2139f0a0u,
);
