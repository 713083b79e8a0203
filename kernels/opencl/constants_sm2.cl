// Generated from curves.toml by tests/generated; do not edit.
#define CURVE_SECP256K1 0u
#define CURVE_P256 0u
#define CURVE_SM2 1u

// The prime p.
#define P_0 0xffffffffu
#define P_1 0xffffffffu
#define P_2 0u
#define P_3 0xffffffffu
#define P_4 0xffffffffu
#define P_5 0xffffffffu
#define P_6 0xffffffffu
#define P_7 0xfffffffeu
CONSTANT uint P[8] = {
    0xffffffffu, 0xffffffffu, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
};

// The order n.
#define N_0 0x39d54123u
#define N_1 0x53bbf409u
#define N_2 0x21c6052bu
#define N_3 0x7203df6bu
#define N_4 0xffffffffu
#define N_5 0xffffffffu
#define N_6 0xffffffffu
#define N_7 0xfffffffeu
CONSTANT uint N[8] = {
    0x39d54123u, 0x53bbf409u, 0x21c6052bu, 0x7203df6bu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
};

// (n - 1)/2
#define N_HALF_0 0x9ceaa091u
#define N_HALF_1 0xa9ddfa04u
#define N_HALF_2 0x90e30295u
#define N_HALF_3 0xb901efb5u
#define N_HALF_4 0xffffffffu
#define N_HALF_5 0xffffffffu
#define N_HALF_6 0x7fffffffu
#define N_HALF_7 0x7fffffffu
CONSTANT uint N_HALF[8] = {
    0x9ceaa091u, 0xa9ddfa04u, 0x90e30295u, 0xb901efb5u, 0xffffffffu, 0xffffffffu, 0x7fffffffu, 0x7fffffffu,
};

// p - n
#define P_MINUS_N_0 0xc62abedcu
#define P_MINUS_N_1 0xac440bf6u
#define P_MINUS_N_2 0xde39fad5u
#define P_MINUS_N_3 0x8dfc2093u
#define P_MINUS_N_4 0u
#define P_MINUS_N_5 0u
#define P_MINUS_N_6 0u
#define P_MINUS_N_7 0u
CONSTANT uint P_MINUS_N[8] = {
    0xc62abedcu, 0xac440bf6u, 0xde39fad5u, 0x8dfc2093u, 0u, 0u, 0u, 0u,
};

// 1, a, b and G as elements of the field.
#define FE_ONE_0 1u
#define FE_ONE_1 0u
#define FE_ONE_2 0xffffffffu
#define FE_ONE_3 0u
#define FE_ONE_4 0u
#define FE_ONE_5 0u
#define FE_ONE_6 0u
#define FE_ONE_7 1u
CONSTANT uint FE_ONE[8] = {
    1u, 0u, 0xffffffffu, 0u, 0u, 0u, 0u, 1u,
};
#define FE_A_0 0xfffffffcu
#define FE_A_1 0xffffffffu
#define FE_A_2 3u
#define FE_A_3 0xfffffffcu
#define FE_A_4 0xffffffffu
#define FE_A_5 0xffffffffu
#define FE_A_6 0xffffffffu
#define FE_A_7 0xfffffffbu
CONSTANT uint FE_A[8] = {
    0xfffffffcu, 0xffffffffu, 3u, 0xfffffffcu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffbu,
};
#define FE_B_0 0x2bc0dd42u
#define FE_B_1 0x90d23063u
#define FE_B_2 0xe9b537abu
#define FE_B_3 0x71cf379au
#define FE_B_4 0x5ea51c3cu
#define FE_B_5 0x52798150u
#define FE_B_6 0xba20e2c8u
#define FE_B_7 0x240fe188u
CONSTANT uint FE_B[8] = {
    0x2bc0dd42u, 0x90d23063u, 0xe9b537abu, 0x71cf379au, 0x5ea51c3cu, 0x52798150u, 0xba20e2c8u, 0x240fe188u,
};
#define FE_G_X_0 0xf418029eu
#define FE_G_X_1 0x61328990u
#define FE_G_X_2 0xdca6c050u
#define FE_G_X_3 0x3e7981edu
#define FE_G_X_4 0xac24c3c3u
#define FE_G_X_5 0xd6a1ed99u
#define FE_G_X_6 0xe1c13b05u
#define FE_G_X_7 0x91167a5eu
CONSTANT uint FE_G_X[8] = {
    0xf418029eu, 0x61328990u, 0xdca6c050u, 0x3e7981edu, 0xac24c3c3u, 0xd6a1ed99u, 0xe1c13b05u, 0x91167a5eu,
};
#define FE_G_Y_0 0x3c2d0dddu
#define FE_G_Y_1 0xc1354e59u
#define FE_G_Y_2 0x8d3295fau
#define FE_G_Y_3 0xc1f5e578u
#define FE_G_Y_4 0x6e2a48f8u
#define FE_G_Y_5 0x8d4cfb06u
#define FE_G_Y_6 0x81d735bdu
#define FE_G_Y_7 0x63cd65d4u
CONSTANT uint FE_G_Y[8] = {
    0x3c2d0dddu, 0xc1354e59u, 0x8d3295fau, 0xc1f5e578u, 0x6e2a48f8u, 0x8d4cfb06u, 0x81d735bdu, 0x63cd65d4u,
};

// 2^512 mod p
#define FE_R2_0 3u
#define FE_R2_1 2u
#define FE_R2_2 0xffffffffu
#define FE_R2_3 2u
#define FE_R2_4 1u
#define FE_R2_5 1u
#define FE_R2_6 2u
#define FE_R2_7 4u
CONSTANT uint FE_R2[8] = {
    3u, 2u, 0xffffffffu, 2u, 1u, 1u, 2u, 4u,
};

// -1/p mod 2^32
#define FE_N0 1u

// p - 2
#define FE_INV_EXPONENT_0 0xfffffffdu
#define FE_INV_EXPONENT_1 0xffffffffu
#define FE_INV_EXPONENT_2 0u
#define FE_INV_EXPONENT_3 0xffffffffu
#define FE_INV_EXPONENT_4 0xffffffffu
#define FE_INV_EXPONENT_5 0xffffffffu
#define FE_INV_EXPONENT_6 0xffffffffu
#define FE_INV_EXPONENT_7 0xfffffffeu
CONSTANT uint FE_INV_EXPONENT[8] = {
    0xfffffffdu, 0xffffffffu, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
};

// (p + 1)/4
#define FE_SQRT_EXPONENT_0 0u
#define FE_SQRT_EXPONENT_1 0x40000000u
#define FE_SQRT_EXPONENT_2 0xc0000000u
#define FE_SQRT_EXPONENT_3 0xffffffffu
#define FE_SQRT_EXPONENT_4 0xffffffffu
#define FE_SQRT_EXPONENT_5 0xffffffffu
#define FE_SQRT_EXPONENT_6 0xbfffffffu
#define FE_SQRT_EXPONENT_7 0x3fffffffu
CONSTANT uint FE_SQRT_EXPONENT[8] = {
    0u, 0x40000000u, 0xc0000000u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xbfffffffu, 0x3fffffffu,
};

// 2^256 mod n
#define SC_ONE_0 0xc62abeddu
#define SC_ONE_1 0xac440bf6u
#define SC_ONE_2 0xde39fad4u
#define SC_ONE_3 0x8dfc2094u
#define SC_ONE_4 0u
#define SC_ONE_5 0u
#define SC_ONE_6 0u
#define SC_ONE_7 1u
CONSTANT uint SC_ONE[8] = {
    0xc62abeddu, 0xac440bf6u, 0xde39fad4u, 0x8dfc2094u, 0u, 0u, 0u, 1u,
};

// 2^512 mod n
#define SC_R2_0 0x7c114f20u
#define SC_R2_1 0x901192afu
#define SC_R2_2 0xde6fa2fau
#define SC_R2_3 0x3464504au
#define SC_R2_4 0x3affe0d4u
#define SC_R2_5 0x620fc84cu
#define SC_R2_6 0xa22b3d3bu
#define SC_R2_7 0x1eb5e412u
CONSTANT uint SC_R2[8] = {
    0x7c114f20u, 0x901192afu, 0xde6fa2fau, 0x3464504au, 0x3affe0d4u, 0x620fc84cu, 0xa22b3d3bu, 0x1eb5e412u,
};

// -1/n mod 2^32
#define SC_N0 0x72350975u

// n - 2
#define SC_INV_EXPONENT_0 0x39d54121u
#define SC_INV_EXPONENT_1 0x53bbf409u
#define SC_INV_EXPONENT_2 0x21c6052bu
#define SC_INV_EXPONENT_3 0x7203df6bu
#define SC_INV_EXPONENT_4 0xffffffffu
#define SC_INV_EXPONENT_5 0xffffffffu
#define SC_INV_EXPONENT_6 0xffffffffu
#define SC_INV_EXPONENT_7 0xfffffffeu
CONSTANT uint SC_INV_EXPONENT[8] = {
    0x39d54121u, 0x53bbf409u, 0x21c6052bu, 0x7203df6bu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu,
};

// a, b, x_G and y_G as Z_A hashes them, each word big-endian (GB/T 32918.2, 5.5).
CONSTANT uint Z_A_CURVE[32] = {
    0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu, 0xfffffffcu,
    0x28e9fa9eu, 0x9d9f5e34u, 0x4d5a9e4bu, 0xcf6509a7u, 0xf39789f5u, 0x15ab8f92u, 0xddbcbd41u, 0x4d940e93u,
    0x32c4ae2cu, 0x1f198119u, 0x5f990446u, 0x6a39c994u, 0x8fe30bbfu, 0xf2660be1u, 0x715a4589u, 0x334c74c7u,
    0xbc3736a2u, 0xf4f6779cu, 0x59bdcee3u, 0x6b692153u, 0xd0a9877cu, 0xc62a4740u, 0x02df32e5u, 0x2139f0a0u,
};
