// Generated from curves.toml by tests/generated; do not edit.
#define CURVE_SECP256K1 1u
#define CURVE_P256 0u
#define CURVE_SM2 0u

// The prime p.
#define P_0 0xfffffc2fu
#define P_1 0xfffffffeu
#define P_2 0xffffffffu
#define P_3 0xffffffffu
#define P_4 0xffffffffu
#define P_5 0xffffffffu
#define P_6 0xffffffffu
#define P_7 0xffffffffu
CONSTANT uint P[8] = {
    0xfffffc2fu, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
};

// The order n.
#define N_0 0xd0364141u
#define N_1 0xbfd25e8cu
#define N_2 0xaf48a03bu
#define N_3 0xbaaedce6u
#define N_4 0xfffffffeu
#define N_5 0xffffffffu
#define N_6 0xffffffffu
#define N_7 0xffffffffu
CONSTANT uint N[8] = {
    0xd0364141u, 0xbfd25e8cu, 0xaf48a03bu, 0xbaaedce6u, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
};

// (n - 1)/2
#define N_HALF_0 0x681b20a0u
#define N_HALF_1 0xdfe92f46u
#define N_HALF_2 0x57a4501du
#define N_HALF_3 0x5d576e73u
#define N_HALF_4 0xffffffffu
#define N_HALF_5 0xffffffffu
#define N_HALF_6 0xffffffffu
#define N_HALF_7 0x7fffffffu
CONSTANT uint N_HALF[8] = {
    0x681b20a0u, 0xdfe92f46u, 0x57a4501du, 0x5d576e73u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x7fffffffu,
};

// p - n
#define P_MINUS_N_0 0x2fc9baeeu
#define P_MINUS_N_1 0x402da172u
#define P_MINUS_N_2 0x50b75fc4u
#define P_MINUS_N_3 0x45512319u
#define P_MINUS_N_4 1u
#define P_MINUS_N_5 0u
#define P_MINUS_N_6 0u
#define P_MINUS_N_7 0u
CONSTANT uint P_MINUS_N[8] = {
    0x2fc9baeeu, 0x402da172u, 0x50b75fc4u, 0x45512319u, 1u, 0u, 0u, 0u,
};

// 1, a, b and G as elements of the field.
#define FE_ONE_0 1u
#define FE_ONE_1 0u
#define FE_ONE_2 0u
#define FE_ONE_3 0u
#define FE_ONE_4 0u
#define FE_ONE_5 0u
#define FE_ONE_6 0u
#define FE_ONE_7 0u
CONSTANT uint FE_ONE[8] = {
    1u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
};
#define FE_A_0 0u
#define FE_A_1 0u
#define FE_A_2 0u
#define FE_A_3 0u
#define FE_A_4 0u
#define FE_A_5 0u
#define FE_A_6 0u
#define FE_A_7 0u
CONSTANT uint FE_A[8] = {
    0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
};
#define FE_B_0 7u
#define FE_B_1 0u
#define FE_B_2 0u
#define FE_B_3 0u
#define FE_B_4 0u
#define FE_B_5 0u
#define FE_B_6 0u
#define FE_B_7 0u
CONSTANT uint FE_B[8] = {
    7u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
};
#define FE_G_X_0 0x16f81798u
#define FE_G_X_1 0x59f2815bu
#define FE_G_X_2 0x2dce28d9u
#define FE_G_X_3 0x029bfcdbu
#define FE_G_X_4 0xce870b07u
#define FE_G_X_5 0x55a06295u
#define FE_G_X_6 0xf9dcbbacu
#define FE_G_X_7 0x79be667eu
CONSTANT uint FE_G_X[8] = {
    0x16f81798u, 0x59f2815bu, 0x2dce28d9u, 0x029bfcdbu, 0xce870b07u, 0x55a06295u, 0xf9dcbbacu, 0x79be667eu,
};
#define FE_G_Y_0 0xfb10d4b8u
#define FE_G_Y_1 0x9c47d08fu
#define FE_G_Y_2 0xa6855419u
#define FE_G_Y_3 0xfd17b448u
#define FE_G_Y_4 0x0e1108a8u
#define FE_G_Y_5 0x5da4fbfcu
#define FE_G_Y_6 0x26a3c465u
#define FE_G_Y_7 0x483ada77u
CONSTANT uint FE_G_Y[8] = {
    0xfb10d4b8u, 0x9c47d08fu, 0xa6855419u, 0xfd17b448u, 0x0e1108a8u, 0x5da4fbfcu, 0x26a3c465u, 0x483ada77u,
};

// 2^512 mod p
#define FE_R2_0 0x000e90a1u
#define FE_R2_1 1954u
#define FE_R2_2 1u
#define FE_R2_3 0u
#define FE_R2_4 0u
#define FE_R2_5 0u
#define FE_R2_6 0u
#define FE_R2_7 0u
CONSTANT uint FE_R2[8] = {
    0x000e90a1u, 1954u, 1u, 0u, 0u, 0u, 0u, 0u,
};

// -1/p mod 2^32
#define FE_N0 0xd2253531u

// p - 2
#define FE_INV_EXPONENT_0 0xfffffc2du
#define FE_INV_EXPONENT_1 0xfffffffeu
#define FE_INV_EXPONENT_2 0xffffffffu
#define FE_INV_EXPONENT_3 0xffffffffu
#define FE_INV_EXPONENT_4 0xffffffffu
#define FE_INV_EXPONENT_5 0xffffffffu
#define FE_INV_EXPONENT_6 0xffffffffu
#define FE_INV_EXPONENT_7 0xffffffffu
CONSTANT uint FE_INV_EXPONENT[8] = {
    0xfffffc2du, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
};

// (p + 1)/4
#define FE_SQRT_EXPONENT_0 0xbfffff0cu
#define FE_SQRT_EXPONENT_1 0xffffffffu
#define FE_SQRT_EXPONENT_2 0xffffffffu
#define FE_SQRT_EXPONENT_3 0xffffffffu
#define FE_SQRT_EXPONENT_4 0xffffffffu
#define FE_SQRT_EXPONENT_5 0xffffffffu
#define FE_SQRT_EXPONENT_6 0xffffffffu
#define FE_SQRT_EXPONENT_7 0x3fffffffu
CONSTANT uint FE_SQRT_EXPONENT[8] = {
    0xbfffff0cu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x3fffffffu,
};

// 2^256 mod n
#define SC_ONE_0 0x2fc9bebfu
#define SC_ONE_1 0x402da173u
#define SC_ONE_2 0x50b75fc4u
#define SC_ONE_3 0x45512319u
#define SC_ONE_4 1u
#define SC_ONE_5 0u
#define SC_ONE_6 0u
#define SC_ONE_7 0u
CONSTANT uint SC_ONE[8] = {
    0x2fc9bebfu, 0x402da173u, 0x50b75fc4u, 0x45512319u, 1u, 0u, 0u, 0u,
};

// 2^512 mod n
#define SC_R2_0 0x67d7d140u
#define SC_R2_1 0x896cf214u
#define SC_R2_2 0x0e7cf878u
#define SC_R2_3 0x741496c2u
#define SC_R2_4 0x5bcd07c6u
#define SC_R2_5 0xe697f5e4u
#define SC_R2_6 0x81c69bc5u
#define SC_R2_7 0x9d671cd5u
CONSTANT uint SC_R2[8] = {
    0x67d7d140u, 0x896cf214u, 0x0e7cf878u, 0x741496c2u, 0x5bcd07c6u, 0xe697f5e4u, 0x81c69bc5u, 0x9d671cd5u,
};

// -1/n mod 2^32
#define SC_N0 0x5588b13fu

// n - 2
#define SC_INV_EXPONENT_0 0xd036413fu
#define SC_INV_EXPONENT_1 0xbfd25e8cu
#define SC_INV_EXPONENT_2 0xaf48a03bu
#define SC_INV_EXPONENT_3 0xbaaedce6u
#define SC_INV_EXPONENT_4 0xfffffffeu
#define SC_INV_EXPONENT_5 0xffffffffu
#define SC_INV_EXPONENT_6 0xffffffffu
#define SC_INV_EXPONENT_7 0xffffffffu
CONSTANT uint SC_INV_EXPONENT[8] = {
    0xd036413fu, 0xbfd25e8cu, 0xaf48a03bu, 0xbaaedce6u, 0xfffffffeu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
};

// 2^256 - p = 2^32 + this
#define FOLD_LOW 977u

// lambda*(x, y) = (beta*x, y)
#define BETA_0 0x719501eeu
#define BETA_1 0xc1396c28u
#define BETA_2 0x12f58995u
#define BETA_3 0x9cf04975u
#define BETA_4 0xac3434e9u
#define BETA_5 0x6e64479eu
#define BETA_6 0x657c0710u
#define BETA_7 0x7ae96a2bu
CONSTANT uint BETA[8] = {
    0x719501eeu, 0xc1396c28u, 0x12f58995u, 0x9cf04975u, 0xac3434e9u, 0x6e64479eu, 0x657c0710u, 0x7ae96a2bu,
};

// A short basis of the lattice: a1, -b1, a2, b2.
#define SPLIT_A1_0 0x9284eb15u
#define SPLIT_A1_1 0xe86c90e4u
#define SPLIT_A1_2 0xa7d46bcdu
#define SPLIT_A1_3 0x3086d221u
#define SPLIT_A1_4 0u
#define SPLIT_A1_5 0u
#define SPLIT_A1_6 0u
#define SPLIT_A1_7 0u
CONSTANT uint SPLIT_A1[8] = {
    0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u, 0u, 0u, 0u, 0u,
};
#define SPLIT_MINUS_B1_0 0x0abfe4c3u
#define SPLIT_MINUS_B1_1 0x6f547fa9u
#define SPLIT_MINUS_B1_2 0x010e8828u
#define SPLIT_MINUS_B1_3 0xe4437ed6u
#define SPLIT_MINUS_B1_4 0u
#define SPLIT_MINUS_B1_5 0u
#define SPLIT_MINUS_B1_6 0u
#define SPLIT_MINUS_B1_7 0u
CONSTANT uint SPLIT_MINUS_B1[8] = {
    0x0abfe4c3u, 0x6f547fa9u, 0x010e8828u, 0xe4437ed6u, 0u, 0u, 0u, 0u,
};
#define SPLIT_A2_0 0x9d44cfd8u
#define SPLIT_A2_1 0x57c1108du
#define SPLIT_A2_2 0xa8e2f3f6u
#define SPLIT_A2_3 0x14ca50f7u
#define SPLIT_A2_4 1u
#define SPLIT_A2_5 0u
#define SPLIT_A2_6 0u
#define SPLIT_A2_7 0u
CONSTANT uint SPLIT_A2[8] = {
    0x9d44cfd8u, 0x57c1108du, 0xa8e2f3f6u, 0x14ca50f7u, 1u, 0u, 0u, 0u,
};
#define SPLIT_B2_0 0x9284eb15u
#define SPLIT_B2_1 0xe86c90e4u
#define SPLIT_B2_2 0xa7d46bcdu
#define SPLIT_B2_3 0x3086d221u
#define SPLIT_B2_4 0u
#define SPLIT_B2_5 0u
#define SPLIT_B2_6 0u
#define SPLIT_B2_7 0u
CONSTANT uint SPLIT_B2[8] = {
    0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u, 0u, 0u, 0u, 0u,
};

// round(2^384 * b2 / n) and round(2^384 * -b1 / n)
#define SPLIT_G1_0 0x45dbb031u
#define SPLIT_G1_1 0xe893209au
#define SPLIT_G1_2 0x71e8ca7fu
#define SPLIT_G1_3 0x3daa8a14u
#define SPLIT_G1_4 0x9284eb15u
#define SPLIT_G1_5 0xe86c90e4u
#define SPLIT_G1_6 0xa7d46bcdu
#define SPLIT_G1_7 0x3086d221u
CONSTANT uint SPLIT_G1[8] = {
    0x45dbb031u, 0xe893209au, 0x71e8ca7fu, 0x3daa8a14u, 0x9284eb15u, 0xe86c90e4u, 0xa7d46bcdu, 0x3086d221u,
};
#define SPLIT_G2_0 0x8ac47f71u
#define SPLIT_G2_1 0x1571b4aeu
#define SPLIT_G2_2 0x9df506c6u
#define SPLIT_G2_3 0x221208acu
#define SPLIT_G2_4 0x0abfe4c4u
#define SPLIT_G2_5 0x6f547fa9u
#define SPLIT_G2_6 0x010e8828u
#define SPLIT_G2_7 0xe4437ed6u
CONSTANT uint SPLIT_G2[8] = {
    0x8ac47f71u, 0x1571b4aeu, 0x9df506c6u, 0x221208acu, 0x0abfe4c4u, 0x6f547fa9u, 0x010e8828u, 0xe4437ed6u,
};
