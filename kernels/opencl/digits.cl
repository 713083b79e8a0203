// Signed digits, the same number for all scalars.
//
// A k below 2^255 has 64 digits of 4 bits from -7 to 8: digit i is window i of k + 0x77..77, less 7. Likewise 32 digits of 8 bits from -127 to 128. So the
// recoding is one addition. A scalar above n/2 is negated first.

// Windows to take digits from, and whether the whole is negated.
typedef struct {
    u256 windows;
    uint negative;
} digits;

// A digit: the multiple, whether it is subtracted, and whether there is one at all. The multiple of digit 0 is 1, which is computed and not taken.
typedef struct {
    uint multiple;
    uint negative;
    uint take;
} digit;

FUNCTION u256 u256_repeated(uint a) { return u256_of(a, a, a, a, a, a, a, a); }

// k or n - k, whichever is below n/2, plus a window of `bias` in each place.
FUNCTION digits digits_of_scalar(sc k, uint bias) {
    digits d;
    d.negative = sc_is_high(k);
    d.windows = u256_add(u256_select(k, sc_neg(k), d.negative), u256_repeated(bias)).value;
    return d;
}

// For the table of G: 32 windows of 8 bits.
FUNCTION digits digits_of_base(sc k) { return digits_of_scalar(k, 0x7f7f7f7fu); }

// For the table of a known key: 64 windows of 4 bits.
FUNCTION digits digits_of_known(sc k) { return digits_of_scalar(k, 0x77777777u); }

#if CURVE_SECP256K1
// Two parts of 33 windows.
#define KEY_PARTS 2u
#define KEY_DIGITS 33u

// round(k*g / 2^384).
FUNCTION u256 split_quotient(sc k, u256 g) {
    u512 t = u256_mul(k, g);
    u256 quotient = u256_of(t.w[12], t.w[13], t.w[14], t.w[15], 0, 0, 0, 0);
    return u256_add(quotient, u256_small(t.w[11] >> 31)).value;
}

// a*b modulo 2^256.
FUNCTION u256 split_low(u256 a, u256 b) {
    u512 t = u256_mul(a, b);
    return u256_of(t.w[0], t.w[1], t.w[2], t.w[3], t.w[4], t.w[5], t.w[6], t.w[7]);
}

// Part 0 or 1 of k = k0 + k1*lambda: for the product with (x, y), and with (beta*x, y). Each is below 2^128 with either sign.
//
// k0 = k - c1*a1 - c2*a2 and k1 = c1*(-b1) - c2*b2, where c1 and c2 are the integers next to b2*k/n and -b1*k/n (Gallant, Lambert, Vanstone 2001).
NOINLINE FUNCTION digits digits_of_key(sc k, uint part) {
    u256 c1 = split_quotient(k, U256(SPLIT_G1));
    u256 c2 = split_quotient(k, U256(SPLIT_G2));
    u256 from = u256_select(k, split_low(c1, U256(SPLIT_MINUS_B1)), part);
    u256 off = u256_select(split_low(c1, U256(SPLIT_A1)), u256_small(0), part);
    u256 value = u256_sub(from, off).value;
    value = u256_sub(value, split_low(c2, u256_select(U256(SPLIT_A2), U256(SPLIT_B2), part))).value;
    digits d;
    d.negative = value.w[7] >> 31;
    value = u256_select(value, u256_sub(u256_small(0), value).value, d.negative);
    // 33 places, so that a magnitude of 128 bits leaves room.
    d.windows = u256_add(value, u256_of(0x77777777u, 0x77777777u, 0x77777777u, 0x77777777u, 7u, 0, 0, 0)).value;
    return d;
}
#else
// One part of 64 windows.
#define KEY_PARTS 1u
#define KEY_DIGITS 64u

// Part 0, the only one.
FUNCTION digits digits_of_key(sc k, uint part) {
    (void)part;
    return digits_of_known(k);
}
#endif

// The digit that window `window` of `bits` bits stands for; `whole_is_negative` turns its sign.
FUNCTION digit digit_of(uint window, uint bits, uint whole_is_negative) {
    uint zero = (1u << (bits - 1u)) - 1u;
    uint below = window < zero;
    uint magnitude = below ? zero - window : window - zero;
    digit d;
    d.take = magnitude != 0;
    d.multiple = d.take ? magnitude : 1u;
    d.negative = below ^ whole_is_negative;
    return d;
}

// Digits stand in `work` as they are: the windows, then the sign.
FUNCTION void digits_store(GLOBAL uint *work, uint at, uint lanes, uint lane, digits d) {
    u256_store(work, at, lanes, lane, d.windows);
    work[(at + 8) * lanes + lane] = d.negative;
}

FUNCTION digit digit_load(GLOBAL const uint *work, uint at, uint lanes, uint lane, uint index, uint bits) {
    uint bit = index * bits;
    uint window = work[(at + (bit >> 5)) * lanes + lane] >> (bit & 31u) & ((1u << bits) - 1u);
    return digit_of(window, bits, work[(at + 8) * lanes + lane]);
}
