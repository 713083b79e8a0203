// Modulo n. Every scalar is below n, on entry and on exit.

typedef u256 sc;

// a modulo n. n is above 2^255, so that one subtraction does it.
FUNCTION sc sc_reduce(u256 a) { return u256_reduce_once(a, 0, U256(N)); }

FUNCTION sc sc_add(sc a, sc b) { return u256_add_modulo(a, b, U256(N)); }

FUNCTION sc sc_sub(sc a, sc b) { return u256_sub_modulo(a, b, U256(N)); }

FUNCTION sc sc_neg(sc a) { return sc_sub(u256_small(0), a); }

// a*b/2^256 (Montgomery): of an integer and a scalar in Montgomery form, the integer.
NOINLINE FUNCTION sc sc_mul(sc a, sc b) {
    u512 t = u256_mul(a, b);
    u256 n = U256(N);
    uint above = 0;
    UNROLL for (uint i = 0; i < 8; i++) {
        uint m = t.w[i] * SC_N0;
        uint carry = 0;
        UNROLL for (uint j = 0; j < 8; j++) {
            ulong x = word_mul_add(m, n.w[j], t.w[i + j], carry);
            t.w[i + j] = (uint)x;
            carry = (uint)(x >> 32);
        }
        ulong x = (ulong)t.w[i + 8] + carry + above;
        t.w[i + 8] = (uint)x;
        above = (uint)(x >> 32);
    }
    sc r;
    UNROLL for (uint i = 0; i < 8; i++) r.w[i] = t.w[i + 8];
    return u256_reduce_once(r, above, n);
}

// Into and out of Montgomery form.
FUNCTION sc sc_from_integer(u256 a) { return sc_mul(a, U256(SC_R2)); }

FUNCTION u256 sc_to_integer(sc a) { return sc_mul(a, u256_small(1)); }

// 1/a, both in Montgomery form; 0 for 0. As fe_pow.
NOINLINE FUNCTION sc sc_inv(sc a) {
    sc powers[16];
    powers[0] = U256(SC_ONE);
    for (uint i = 1; i < 16; i++) powers[i] = sc_mul(powers[i - 1], a);
    sc result = U256(SC_ONE);
    u256 exponent = U256(SC_INV_EXPONENT);
    for (uint window = 0; window < 64; window++) {
        for (uint i = 0; i < 4; i++) result = sc_mul(result, result);
        result = sc_mul(result, powers[exponent.w[7] >> 28]);
        exponent = u256_next_window(exponent);
    }
    return result;
}

// Whether a > (n - 1)/2.
FUNCTION uint sc_is_high(sc a) { return u256_less(U256(N_HALF), a); }
