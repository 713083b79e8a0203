// Modulo p. Every element is below p, on entry and on exit: plain for secp256k1, times 2^256 modulo p for P-256 and SM2.

typedef u256 fe;

FUNCTION fe fe_add(fe a, fe b) { return u256_add_modulo(a, b, U256(P)); }

FUNCTION fe fe_sub(fe a, fe b) { return u256_sub_modulo(a, b, U256(P)); }

FUNCTION fe fe_neg(fe a) { return fe_sub(u256_small(0), a); }

// a/2: a, or a + p where a is odd, shifted.
FUNCTION fe fe_half(fe a) {
    u257 even = u256_add(a, u256_select(u256_small(0), U256(P), a.w[0] & 1u));
    return u256_half(even.value, even.carry);
}

#if CURVE_SECP256K1
// t modulo p = 2^256 - 2^32 - 977: the upper half is folded on the lower, times 2^32 + 977, and what is then above once more.
#if WORD_ROWS
FUNCTION fe fe_reduce(u512 t) {
    uint x[10];
    UNROLL for (uint i = 0; i < 8; i++) x[i] = t.w[i];
    x[8] = x[9] = 0;
    word_row(x, t.w + 8, 4, FOLD_LOW);
    word_row(x + 1, t.w + 9, 4, FOLD_LOW);
    x[9] += word_add8(x + 1, t.w + 8, 0);
    // Below 2^34.
    ulong above = (ulong)x[9] << 32 | x[8];
    ulong low = above * FOLD_LOW;
    ulong high = (low >> 32) + above;
    u256 folded = u256_of((uint)low, (uint)high, (uint)(high >> 32), 0, 0, 0, 0, 0);
    fe r;
    UNROLL for (uint i = 0; i < 8; i++) r.w[i] = x[i];
    u257 sum = u256_add(r, folded);
    return u256_reduce_once(sum.value, sum.carry, U256(P));
}
#else
FUNCTION fe fe_reduce(u512 t) {
    fe r;
    ulong sum = 0;
    UNROLL for (uint k = 0; k < 8; k++) {
        sum += (ulong)t.w[8 + k] * FOLD_LOW + t.w[k];
        if (k > 0) sum += t.w[7 + k];
        r.w[k] = (uint)sum;
        sum >>= 32;
    }
    // Below 2^33.
    ulong above = sum + t.w[15];
    sum = above * FOLD_LOW + r.w[0];
    r.w[0] = (uint)sum;
    sum = (sum >> 32) + above + r.w[1];
    r.w[1] = (uint)sum;
    sum >>= 32;
    UNROLL for (uint k = 2; k < 8; k++) {
        sum += r.w[k];
        r.w[k] = (uint)sum;
        sum >>= 32;
    }
    return u256_reduce_once(r, (uint)sum, U256(P));
}
#endif
#else
// t/2^256 modulo p, for t below p*2^256 (Montgomery): t + m*p has zeros below 2^256, and what stands above is below 2p. p is -1 modulo 2^32, so word k of m is
// word k of the sum so far; and since p has few powers of two, adding m*p is adding m to it and taking it off at some places. `sum`, of either sign, carries
// what is above a column.
#if WORD_ROWS
// Words of m from `shift` words on, as eight.
FUNCTION u256 u256_shifted(u256 m, uint shift) {
    u256 r;
    UNROLL for (uint i = 0; i < 8; i++) r.w[i] = i + shift < 8 ? m.w[(i + shift) & 7] : 0;
    return r;
}

FUNCTION fe fe_reduce(u512 t) {
    u256 m;
    long sum = 0;
    UNROLL for (uint k = 0; k < 8; k++) {
        sum += t.w[k];
#if CURVE_P256
        // p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
        if (k >= 3) sum += m.w[(k - 3) & 7];
        if (k >= 6) sum += m.w[(k - 6) & 7];
#else
        // p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
        if (k >= 2) sum += m.w[(k - 2) & 7];
        if (k >= 3) sum -= m.w[(k - 3) & 7];
#endif
        if (k == 7) sum -= m.w[0];
        m.w[k] = (uint)sum;
        sum >>= 32;
    }
    // Of each m at its place, what stands above 2^256; `sum`, of either sign, is what the words below leave over.
    fe r;
    UNROLL for (uint i = 0; i < 8; i++) r.w[i] = t.w[8 + i];
    uint negative = (uint)(sum >> 32);
    u256 left = u256_of((uint)sum, negative, negative, negative, negative, negative, negative, negative);
    uint above = negative + word_add8(r.w, left.w, 0);
    above += word_add8(r.w, m.w, 0);
    u256 part = u256_shifted(m, 1);
    above -= word_sub8(r.w, part.w);
#if CURVE_P256
    part = u256_shifted(m, 2);
    above += word_add8(r.w, part.w, 0);
    part = u256_shifted(m, 5);
    above += word_add8(r.w, part.w, 0);
#else
    part = u256_shifted(m, 6);
    above += word_add8(r.w, part.w, 0);
    part = u256_shifted(m, 5);
    above -= word_sub8(r.w, part.w);
#endif
    return u256_reduce_once(r, above, U256(P));
}
#else
FUNCTION fe fe_reduce(u512 t) {
    fe m, r;
    long sum = 0;
    UNROLL for (uint k = 0; k < 16; k++) {
        sum += t.w[k];
#if CURVE_P256
        // p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
        if (k >= 3 && k < 11) sum += m.w[(k - 3) & 7];
        if (k >= 6 && k < 14) sum += m.w[(k - 6) & 7];
#else
        // p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
        if (k >= 2 && k < 10) sum += m.w[(k - 2) & 7];
        if (k >= 3 && k < 11) sum -= m.w[(k - 3) & 7];
#endif
        if (k >= 7 && k < 15) sum -= m.w[(k - 7) & 7];
        if (k >= 8) sum += m.w[(k - 8) & 7];
        if (k < 8) {
            m.w[k & 7] = (uint)sum;
        } else {
            r.w[k & 7] = (uint)sum;
        }
        sum >>= 32;
    }
    return u256_reduce_once(r, (uint)sum, U256(P));
}
#endif
#endif

// a*b.
NOINLINE FUNCTION fe fe_mul(fe a, fe b) { return fe_reduce(u256_mul(a, b)); }

// a*a.
NOINLINE FUNCTION fe fe_sqr(fe a) { return fe_reduce(u256_sqr(a)); }

// The element that stands for an integer below p.
FUNCTION fe fe_from_integer(u256 a) {
#if CURVE_SECP256K1
    return a;
#else
    return fe_mul(a, U256(FE_R2));
#endif
}

// The integer below p that an element stands for.
FUNCTION u256 fe_to_integer(fe a) {
#if CURVE_SECP256K1
    return a;
#else
    return fe_mul(a, u256_small(1));
#endif
}

// a^exponent, by windows of 4 bits: 256 squares and 79 products.
NOINLINE FUNCTION fe fe_pow(fe a, u256 exponent) {
    fe powers[16];
    powers[0] = U256(FE_ONE);
    for (uint i = 1; i < 16; i++) powers[i] = fe_mul(powers[i - 1], a);
    fe result = U256(FE_ONE);
    for (uint window = 0; window < 64; window++) {
        for (uint i = 0; i < 4; i++) result = fe_sqr(result);
        result = fe_mul(result, powers[exponent.w[7] >> 28]);
        exponent = u256_next_window(exponent);
    }
    return result;
}

// 1/a; 0 for 0 (Fermat).
FUNCTION fe fe_inv(fe a) { return fe_pow(a, U256(FE_INV_EXPONENT)); }

// A root of a where a is a square (p = 3 modulo 4); otherwise its square is not a, which the caller looks at.
FUNCTION fe fe_sqrt(fe a) { return fe_pow(a, U256(FE_SQRT_EXPONENT)); }
