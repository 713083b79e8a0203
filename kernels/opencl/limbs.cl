// Integers of 256 bits: eight words, the least first. Truth values are 0 or 1.

typedef struct {
    uint w[8];
} u256;

typedef struct {
    uint w[16];
} u512;

// A sum with its carry, or a difference with its borrow.
typedef struct {
    u256 value;
    uint carry;
} u257;

FUNCTION u256 u256_of(uint w0, uint w1, uint w2, uint w3, uint w4, uint w5, uint w6, uint w7) {
    u256 a;
    a.w[0] = w0;
    a.w[1] = w1;
    a.w[2] = w2;
    a.w[3] = w3;
    a.w[4] = w4;
    a.w[5] = w5;
    a.w[6] = w6;
    a.w[7] = w7;
    return a;
}

// A generated constant.
#define U256(name) u256_of(name##_0, name##_1, name##_2, name##_3, name##_4, name##_5, name##_6, name##_7)

// An integer below 2^32.
FUNCTION u256 u256_small(uint a) { return u256_of(a, 0, 0, 0, 0, 0, 0, 0); }

FUNCTION uint u256_is_zero(u256 a) {
    uint any = 0;
    UNROLL for (uint i = 0; i < 8; i++) any |= a.w[i];
    return any == 0;
}

FUNCTION uint u256_equal(u256 a, u256 b) {
    uint any = 0;
    UNROLL for (uint i = 0; i < 8; i++) any |= a.w[i] ^ b.w[i];
    return any == 0;
}

// b where take_b, else a.
FUNCTION u256 u256_select(u256 a, u256 b, uint take_b) {
    uint mask = 0u - take_b;
    UNROLL for (uint i = 0; i < 8; i++) a.w[i] = (a.w[i] & ~mask) | (b.w[i] & mask);
    return a;
}

// a + b modulo 2^256, and the carry.
FUNCTION u257 u256_add(u256 a, u256 b) {
    u257 sum;
    sum.carry = word_add8(a.w, b.w, 0);
    sum.value = a;
    return sum;
}

// a - b modulo 2^256, and the borrow.
FUNCTION u257 u256_sub(u256 a, u256 b) {
    u257 difference;
    difference.carry = word_sub8(a.w, b.w);
    difference.value = a;
    return difference;
}

// Whether a < b.
FUNCTION uint u256_less(u256 a, u256 b) { return u256_sub(a, b).carry; }

// a + carry*2^256, which is below 2m, modulo m.
FUNCTION u256 u256_reduce_once(u256 a, uint carry, u256 m) {
    u257 less = u256_sub(a, m);
    return u256_select(a, less.value, carry | (less.carry ^ 1u));
}

// a + b modulo m, for a and b below m.
FUNCTION u256 u256_add_modulo(u256 a, u256 b, u256 m) {
    u257 sum = u256_add(a, b);
    return u256_reduce_once(sum.value, sum.carry, m);
}

// a - b modulo m, for a and b below m.
FUNCTION u256 u256_sub_modulo(u256 a, u256 b, u256 m) {
    u257 difference = u256_sub(a, b);
    return u256_add(difference.value, u256_select(u256_small(0), m, difference.carry)).value;
}

#if WORD_ROWS
// even + odd*2^32, where the sum is below 2^512.
FUNCTION u512 u512_join(const uint *even, const uint *odd) {
    u512 t;
    uint shifted[16];
    shifted[0] = 0;
    UNROLL for (uint i = 0; i < 15; i++) shifted[i + 1] = odd[i];
    UNROLL for (uint i = 0; i < 16; i++) t.w[i] = even[i];
    word_add8(t.w + 8, shifted + 8, word_add8(t.w, shifted, 0));
    return t;
}

// a*b: 64 products of words. A product takes two words; those that begin at an even word are summed apart from those that begin at an odd one, so that the
// products of a row lie side by side and their carries run through.
FUNCTION u512 u256_mul(u256 a, u256 b) {
    uint even[17], odd[17];
    UNROLL for (uint i = 0; i < 17; i++) even[i] = odd[i] = 0;
    UNROLL for (uint i = 0; i < 8; i += 2) {
        word_row(even + i, a.w, 4, b.w[i]);
        word_row(odd + i, a.w + 1, 4, b.w[i]);
        word_row(odd + i, a.w, 4, b.w[i + 1]);
        word_row(even + i + 2, a.w + 1, 4, b.w[i + 1]);
    }
    return u512_join(even, odd);
}

// a*a: 28 products of two words, twice, and 8 squares.
FUNCTION u512 u256_sqr(u256 a) {
    uint even[17], odd[17];
    u512 squares;
    UNROLL for (uint i = 0; i < 17; i++) even[i] = odd[i] = 0;
    UNROLL for (uint i = 0; i < 7; i++) {
        word_row(odd + 2 * i, a.w + i + 1, (8 - i) / 2, a.w[i]);
        if (i < 6) word_row(even + 2 * i + 2, a.w + i + 2, (7 - i) / 2, a.w[i]);
    }
    u512 t = u512_join(even, odd);
    UNROLL for (uint i = 0; i < 8; i++) {
        ulong square = (ulong)a.w[i] * a.w[i];
        squares.w[2 * i] = (uint)square;
        squares.w[2 * i + 1] = (uint)(square >> 32);
    }
    UNROLL for (uint i = 15; i > 0; i--) t.w[i] = t.w[i] << 1 | t.w[i - 1] >> 31;
    t.w[0] <<= 1;
    word_add8(t.w + 8, squares.w + 8, word_add8(t.w, squares.w, 0));
    return t;
}
#else
// a*b: 64 products of words.
FUNCTION u512 u256_mul(u256 a, u256 b) {
    u512 t;
    UNROLL for (uint i = 0; i < 16; i++) t.w[i] = 0;
    UNROLL for (uint i = 0; i < 8; i++) {
        uint carry = 0;
        UNROLL for (uint j = 0; j < 8; j++) {
            ulong x = word_mul_add(a.w[i], b.w[j], t.w[i + j], carry);
            t.w[i + j] = (uint)x;
            carry = (uint)(x >> 32);
        }
        t.w[i + 8] = carry;
    }
    return t;
}

// a*a: 28 products of two words, twice, and 8 squares.
FUNCTION u512 u256_sqr(u256 a) {
    u512 t;
    UNROLL for (uint i = 0; i < 16; i++) t.w[i] = 0;
    UNROLL for (uint i = 0; i < 7; i++) {
        uint carry = 0;
        UNROLL for (uint j = i + 1; j < 8; j++) {
            ulong x = word_mul_add(a.w[i], a.w[j], t.w[i + j], carry);
            t.w[i + j] = (uint)x;
            carry = (uint)(x >> 32);
        }
        t.w[i + 8] = carry;
    }
    uint above = 0;
    uint carry = 0;
    UNROLL for (uint i = 0; i < 8; i++) {
        uint low = t.w[2 * i] << 1 | above;
        uint high = t.w[2 * i + 1] << 1 | t.w[2 * i] >> 31;
        above = t.w[2 * i + 1] >> 31;
        ulong x = word_mul_add(a.w[i], a.w[i], low, carry);
        t.w[2 * i] = (uint)x;
        x = (x >> 32) + high;
        t.w[2 * i + 1] = (uint)x;
        carry = (uint)(x >> 32);
    }
    return t;
}
#endif

// a/2 + carry*2^255, the last bit of a falling out.
FUNCTION u256 u256_half(u256 a, uint carry) {
    UNROLL for (uint i = 0; i < 7; i++) a.w[i] = a.w[i] >> 1 | a.w[i + 1] << 31;
    a.w[7] = a.w[7] >> 1 | carry << 31;
    return a;
}

// 16a modulo 2^256.
FUNCTION u256 u256_next_window(u256 a) {
    UNROLL for (uint i = 7; i > 0; i--) a.w[i] = a.w[i] << 4 | a.w[i - 1] >> 28;
    a.w[0] <<= 4;
    return a;
}

// The words of lane `lane` at `at` of a buffer that keeps word w of lane l at w*lanes + l.
FUNCTION u256 u256_load(GLOBAL const uint *work, uint at, uint lanes, uint lane) {
    u256 a;
    UNROLL for (uint i = 0; i < 8; i++) a.w[i] = work[(at + i) * lanes + lane];
    return a;
}

FUNCTION void u256_store(GLOBAL uint *work, uint at, uint lanes, uint lane, u256 a) {
    UNROLL for (uint i = 0; i < 8; i++) work[(at + i) * lanes + lane] = a.w[i];
}

// Eight words in a row.
FUNCTION u256 u256_row(GLOBAL const uint *words, uint at) {
    u256 a;
    UNROLL for (uint i = 0; i < 8; i++) a.w[i] = words[at + i];
    return a;
}

FUNCTION void u256_put(GLOBAL uint *words, uint at, u256 a) {
    UNROLL for (uint i = 0; i < 8; i++) words[at + i] = a.w[i];
}
