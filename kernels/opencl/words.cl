// Words of 32 bits, and rows of them. What a device has better instructions for goes here.
//
// Products and reductions have two forms. Where a carry flag carries sums (WORD_CARRIES, of a prelude that knows PTX), rows of products side by side are the
// shorter one: WORD_ROWS chooses it. Elsewhere the other is. Both forms run everywhere, so that a test compares them.

// a*b + c + d, which is below 2^64.
FUNCTION ulong word_mul_add(uint a, uint b, uint c, uint d) { return (ulong)a * b + c + d; }

// The bytes in the opposite order.
FUNCTION uint word_swap(uint a) { return a << 24 | (a & 0xff00u) << 8 | (a >> 8 & 0xff00u) | a >> 24; }

// Rotated left by 1 to 31 bits.
FUNCTION uint word_rotate(uint a, uint bits) { return a << bits | a >> (32u - bits); }

#if WORD_CARRIES
// PTX. Each is one statement, since nothing keeps the flag between two; "&" since what is written first may not be what is read last.

// x += (a[0] + a[2]*2^64 + a[4]*2^128 + ..)*b for 1 to 4 words of a: 2*pairs words of x, and the carry goes to the next one, which has room for it.
FUNCTION void word_row(uint *x, const uint *a, uint pairs, uint b) {
    if (pairs == 4) {
        asm(
            "mad.lo.cc.u32 %0, %9, %13, %0; madc.hi.cc.u32 %1, %9, %13, %1;"
            "madc.lo.cc.u32 %2, %10, %13, %2; madc.hi.cc.u32 %3, %10, %13, %3;"
            "madc.lo.cc.u32 %4, %11, %13, %4; madc.hi.cc.u32 %5, %11, %13, %5;"
            "madc.lo.cc.u32 %6, %12, %13, %6; madc.hi.cc.u32 %7, %12, %13, %7;"
            "addc.u32 %8, %8, 0;"
            : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2]), "+&r"(x[3]), "+&r"(x[4]), "+&r"(x[5]), "+&r"(x[6]), "+&r"(x[7]), "+&r"(x[8])
            : "r"(a[0]), "r"(a[2]), "r"(a[4]), "r"(a[6]), "r"(b));
    }
    if (pairs == 3) {
        asm(
            "mad.lo.cc.u32 %0, %7, %10, %0; madc.hi.cc.u32 %1, %7, %10, %1;"
            "madc.lo.cc.u32 %2, %8, %10, %2; madc.hi.cc.u32 %3, %8, %10, %3;"
            "madc.lo.cc.u32 %4, %9, %10, %4; madc.hi.cc.u32 %5, %9, %10, %5;"
            "addc.u32 %6, %6, 0;"
            : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2]), "+&r"(x[3]), "+&r"(x[4]), "+&r"(x[5]), "+&r"(x[6])
            : "r"(a[0]), "r"(a[2]), "r"(a[4]), "r"(b));
    }
    if (pairs == 2) {
        asm(
            "mad.lo.cc.u32 %0, %5, %7, %0; madc.hi.cc.u32 %1, %5, %7, %1;"
            "madc.lo.cc.u32 %2, %6, %7, %2; madc.hi.cc.u32 %3, %6, %7, %3;"
            "addc.u32 %4, %4, 0;"
            : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2]), "+&r"(x[3]), "+&r"(x[4])
            : "r"(a[0]), "r"(a[2]), "r"(b));
    }
    if (pairs == 1) {
        asm(
            "mad.lo.cc.u32 %0, %3, %4, %0; madc.hi.cc.u32 %1, %3, %4, %1;"
            "addc.u32 %2, %2, 0;"
            : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2])
            : "r"(a[0]), "r"(b));
    }
}

// x += y + carry, over eight words; the carry.
FUNCTION uint word_add8(uint *x, const uint *y, uint carry) {
    asm(
        "add.cc.u32 %8, %8, 0xffffffff; addc.cc.u32 %0, %0, %9;"
        "addc.cc.u32 %1, %1, %10; addc.cc.u32 %2, %2, %11;"
        "addc.cc.u32 %3, %3, %12; addc.cc.u32 %4, %4, %13;"
        "addc.cc.u32 %5, %5, %14; addc.cc.u32 %6, %6, %15;"
        "addc.cc.u32 %7, %7, %16; addc.u32 %8, 0, 0;"
        : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2]), "+&r"(x[3]), "+&r"(x[4]), "+&r"(x[5]), "+&r"(x[6]), "+&r"(x[7]), "+&r"(carry)
        : "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]), "r"(y[6]), "r"(y[7]));
    return carry;
}

// x -= y, over eight words; the borrow.
FUNCTION uint word_sub8(uint *x, const uint *y) {
    uint borrow = 0;
    asm(
        "sub.cc.u32 %8, 0, 0; subc.cc.u32 %0, %0, %9;"
        "subc.cc.u32 %1, %1, %10; subc.cc.u32 %2, %2, %11;"
        "subc.cc.u32 %3, %3, %12; subc.cc.u32 %4, %4, %13;"
        "subc.cc.u32 %5, %5, %14; subc.cc.u32 %6, %6, %15;"
        "subc.cc.u32 %7, %7, %16; subc.u32 %8, 0, 0;"
        : "+&r"(x[0]), "+&r"(x[1]), "+&r"(x[2]), "+&r"(x[3]), "+&r"(x[4]), "+&r"(x[5]), "+&r"(x[6]), "+&r"(x[7]), "+&r"(borrow)
        : "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]), "r"(y[6]), "r"(y[7]));
    return borrow & 1u;
}
#else
// x += (a[0] + a[2]*2^64 + a[4]*2^128 + ..)*b for 1 to 4 words of a: 2*pairs words of x, and the carry goes to the next one, which has room for it.
FUNCTION void word_row(uint *x, const uint *a, uint pairs, uint b) {
    uint carry = 0;
    UNROLL for (uint k = 0; k < pairs; k++) {
        ulong product = word_mul_add(a[2 * k], b, x[2 * k], carry);
        ulong high = (product >> 32) + x[2 * k + 1];
        x[2 * k] = (uint)product;
        x[2 * k + 1] = (uint)high;
        carry = (uint)(high >> 32);
    }
    x[2 * pairs] += carry;
}

// x += y + carry, over eight words; the carry.
FUNCTION uint word_add8(uint *x, const uint *y, uint carry) {
    ulong t = carry;
    UNROLL for (uint i = 0; i < 8; i++) {
        t += (ulong)x[i] + y[i];
        x[i] = (uint)t;
        t >>= 32;
    }
    return (uint)t;
}

// x -= y, over eight words; the borrow.
FUNCTION uint word_sub8(uint *x, const uint *y) {
    uint borrow = 0;
    UNROLL for (uint i = 0; i < 8; i++) {
        ulong t = (ulong)x[i] - y[i] - borrow;
        x[i] = (uint)t;
        borrow = (uint)(t >> 63);
    }
    return borrow;
}
#endif
