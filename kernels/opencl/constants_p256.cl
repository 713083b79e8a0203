// Generated from curves.toml by tests/generated; do not edit.
#define CURVE_SECP256K1 0u
#define CURVE_P256 1u
#define CURVE_SM2 0u

// The prime p.
#define P_0 0xffffffffu
#define P_1 0xffffffffu
#define P_2 0xffffffffu
#define P_3 0u
#define P_4 0u
#define P_5 0u
#define P_6 1u
#define P_7 0xffffffffu
CONSTANT uint P[8] = {
    0xffffffffu, 0xffffffffu, 0xffffffffu, 0u, 0u, 0u, 1u, 0xffffffffu,
};

// The order n.
#define N_0 0xfc632551u
#define N_1 0xf3b9cac2u
#define N_2 0xa7179e84u
#define N_3 0xbce6faadu
#define N_4 0xffffffffu
#define N_5 0xffffffffu
#define N_6 0u
#define N_7 0xffffffffu
CONSTANT uint N[8] = {
    0xfc632551u, 0xf3b9cac2u, 0xa7179e84u, 0xbce6faadu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu,
};

// (n - 1)/2
#define N_HALF_0 0x7e3192a8u
#define N_HALF_1 0x79dce561u
#define N_HALF_2 0xd38bcf42u
#define N_HALF_3 0xde737d56u
#define N_HALF_4 0xffffffffu
#define N_HALF_5 0x7fffffffu
#define N_HALF_6 0x80000000u
#define N_HALF_7 0x7fffffffu
CONSTANT uint N_HALF[8] = {
    0x7e3192a8u, 0x79dce561u, 0xd38bcf42u, 0xde737d56u, 0xffffffffu, 0x7fffffffu, 0x80000000u, 0x7fffffffu,
};

// p - n
#define P_MINUS_N_0 0x039cdaaeu
#define P_MINUS_N_1 0x0c46353du
#define P_MINUS_N_2 0x58e8617bu
#define P_MINUS_N_3 0x43190553u
#define P_MINUS_N_4 0u
#define P_MINUS_N_5 0u
#define P_MINUS_N_6 0u
#define P_MINUS_N_7 0u
CONSTANT uint P_MINUS_N[8] = {
    0x039cdaaeu, 0x0c46353du, 0x58e8617bu, 0x43190553u, 0u, 0u, 0u, 0u,
};

// 1, a, b and G as elements of the field.
#define FE_ONE_0 1u
#define FE_ONE_1 0u
#define FE_ONE_2 0u
#define FE_ONE_3 0xffffffffu
#define FE_ONE_4 0xffffffffu
#define FE_ONE_5 0xffffffffu
#define FE_ONE_6 0xfffffffeu
#define FE_ONE_7 0u
CONSTANT uint FE_ONE[8] = {
    1u, 0u, 0u, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffeu, 0u,
};
#define FE_A_0 0xfffffffcu
#define FE_A_1 0xffffffffu
#define FE_A_2 0xffffffffu
#define FE_A_3 3u
#define FE_A_4 0u
#define FE_A_5 0u
#define FE_A_6 4u
#define FE_A_7 0xfffffffcu
CONSTANT uint FE_A[8] = {
    0xfffffffcu, 0xffffffffu, 0xffffffffu, 3u, 0u, 0u, 4u, 0xfffffffcu,
};
#define FE_B_0 0x29c4bddfu
#define FE_B_1 0xd89cdf62u
#define FE_B_2 0x78843090u
#define FE_B_3 0xacf005cdu
#define FE_B_4 0xf7212ed6u
#define FE_B_5 0xe5a220abu
#define FE_B_6 0x04874834u
#define FE_B_7 0xdc30061du
CONSTANT uint FE_B[8] = {
    0x29c4bddfu, 0xd89cdf62u, 0x78843090u, 0xacf005cdu, 0xf7212ed6u, 0xe5a220abu, 0x04874834u, 0xdc30061du,
};
#define FE_G_X_0 0x18a9143cu
#define FE_G_X_1 0x79e730d4u
#define FE_G_X_2 0x5fedb601u
#define FE_G_X_3 0x75ba95fcu
#define FE_G_X_4 0x77622510u
#define FE_G_X_5 0x79fb732bu
#define FE_G_X_6 0xa53755c6u
#define FE_G_X_7 0x18905f76u
CONSTANT uint FE_G_X[8] = {
    0x18a9143cu, 0x79e730d4u, 0x5fedb601u, 0x75ba95fcu, 0x77622510u, 0x79fb732bu, 0xa53755c6u, 0x18905f76u,
};
#define FE_G_Y_0 0xce95560au
#define FE_G_Y_1 0xddf25357u
#define FE_G_Y_2 0xba19e45cu
#define FE_G_Y_3 0x8b4ab8e4u
#define FE_G_Y_4 0xdd21f325u
#define FE_G_Y_5 0xd2e88688u
#define FE_G_Y_6 0x25885d85u
#define FE_G_Y_7 0x8571ff18u
CONSTANT uint FE_G_Y[8] = {
    0xce95560au, 0xddf25357u, 0xba19e45cu, 0x8b4ab8e4u, 0xdd21f325u, 0xd2e88688u, 0x25885d85u, 0x8571ff18u,
};

// 2^512 mod p
#define FE_R2_0 3u
#define FE_R2_1 0u
#define FE_R2_2 0xffffffffu
#define FE_R2_3 0xfffffffbu
#define FE_R2_4 0xfffffffeu
#define FE_R2_5 0xffffffffu
#define FE_R2_6 0xfffffffdu
#define FE_R2_7 4u
CONSTANT uint FE_R2[8] = {
    3u, 0u, 0xffffffffu, 0xfffffffbu, 0xfffffffeu, 0xffffffffu, 0xfffffffdu, 4u,
};

// -1/p mod 2^32
#define FE_N0 1u

// p - 2
#define FE_INV_EXPONENT_0 0xfffffffdu
#define FE_INV_EXPONENT_1 0xffffffffu
#define FE_INV_EXPONENT_2 0xffffffffu
#define FE_INV_EXPONENT_3 0u
#define FE_INV_EXPONENT_4 0u
#define FE_INV_EXPONENT_5 0u
#define FE_INV_EXPONENT_6 1u
#define FE_INV_EXPONENT_7 0xffffffffu
CONSTANT uint FE_INV_EXPONENT[8] = {
    0xfffffffdu, 0xffffffffu, 0xffffffffu, 0u, 0u, 0u, 1u, 0xffffffffu,
};

// (p + 1)/4
#define FE_SQRT_EXPONENT_0 0u
#define FE_SQRT_EXPONENT_1 0u
#define FE_SQRT_EXPONENT_2 0x40000000u
#define FE_SQRT_EXPONENT_3 0u
#define FE_SQRT_EXPONENT_4 0u
#define FE_SQRT_EXPONENT_5 0x40000000u
#define FE_SQRT_EXPONENT_6 0xc0000000u
#define FE_SQRT_EXPONENT_7 0x3fffffffu
CONSTANT uint FE_SQRT_EXPONENT[8] = {
    0u, 0u, 0x40000000u, 0u, 0u, 0x40000000u, 0xc0000000u, 0x3fffffffu,
};

// 2^256 mod n
#define SC_ONE_0 0x039cdaafu
#define SC_ONE_1 0x0c46353du
#define SC_ONE_2 0x58e8617bu
#define SC_ONE_3 0x43190552u
#define SC_ONE_4 0u
#define SC_ONE_5 0u
#define SC_ONE_6 0xffffffffu
#define SC_ONE_7 0u
CONSTANT uint SC_ONE[8] = {
    0x039cdaafu, 0x0c46353du, 0x58e8617bu, 0x43190552u, 0u, 0u, 0xffffffffu, 0u,
};

// 2^512 mod n
#define SC_R2_0 0xbe79eea2u
#define SC_R2_1 0x83244c95u
#define SC_R2_2 0x49bd6fa6u
#define SC_R2_3 0x4699799cu
#define SC_R2_4 0x2b6bec59u
#define SC_R2_5 0x2845b239u
#define SC_R2_6 0xf3d95620u
#define SC_R2_7 0x66e12d94u
CONSTANT uint SC_R2[8] = {
    0xbe79eea2u, 0x83244c95u, 0x49bd6fa6u, 0x4699799cu, 0x2b6bec59u, 0x2845b239u, 0xf3d95620u, 0x66e12d94u,
};

// -1/n mod 2^32
#define SC_N0 0xee00bc4fu

// n - 2
#define SC_INV_EXPONENT_0 0xfc63254fu
#define SC_INV_EXPONENT_1 0xf3b9cac2u
#define SC_INV_EXPONENT_2 0xa7179e84u
#define SC_INV_EXPONENT_3 0xbce6faadu
#define SC_INV_EXPONENT_4 0xffffffffu
#define SC_INV_EXPONENT_5 0xffffffffu
#define SC_INV_EXPONENT_6 0u
#define SC_INV_EXPONENT_7 0xffffffffu
CONSTANT uint SC_INV_EXPONENT[8] = {
    0xfc63254fu, 0xf3b9cac2u, 0xa7179e84u, 0xbce6faadu, 0xffffffffu, 0xffffffffu, 0u, 0xffffffffu,
};
