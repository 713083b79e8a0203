// Integers of 256 bits: eight words, the least first. Truth values are 0 or 1.

// A sum with its carry, or a difference with its borrow.
struct u257 {
    value: u256,
    carry: u32,
}

// An integer below 2^32.
fn u256_small(a: u32) -> u256 {
    return u256(a, 0u, 0u, 0u, 0u, 0u, 0u, 0u);
}

// The same word in all places.
fn u256_repeated(a: u32) -> u256 {
    return u256(a, a, a, a, a, a, a, a);
}

fn u256_is_zero(a: u256) -> u32 {
    return u32((a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7]) == 0u);
}

fn u256_equal(a: u256, b: u256) -> u32 {
    let low = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
    return u32((low | (a[4] ^ b[4]) | (a[5] ^ b[5]) | (a[6] ^ b[6]) | (a[7] ^ b[7])) == 0u);
}

// b where `take_b` is 1, else a.
fn u256_select(a: u256, b: u256, take_b: u32) -> u256 {
    let take = take_b != 0u;
    return u256(
        select(a[0], b[0], take), select(a[1], b[1], take), select(a[2], b[2], take), select(a[3], b[3], take),
        select(a[4], b[4], take), select(a[5], b[5], take), select(a[6], b[6], take), select(a[7], b[7], take),
    );
}

// a + b.
fn u256_add(a: u256, b: u256) -> u257 {
    let w0 = word_add(a[0], b[0], 0u);
    let w1 = word_add(a[1], b[1], w0.y);
    let w2 = word_add(a[2], b[2], w1.y);
    let w3 = word_add(a[3], b[3], w2.y);
    let w4 = word_add(a[4], b[4], w3.y);
    let w5 = word_add(a[5], b[5], w4.y);
    let w6 = word_add(a[6], b[6], w5.y);
    let w7 = word_add(a[7], b[7], w6.y);
    return u257(u256(w0.x, w1.x, w2.x, w3.x, w4.x, w5.x, w6.x, w7.x), w7.y);
}

// a - b modulo 2^256.
fn u256_sub(a: u256, b: u256) -> u257 {
    let w0 = word_sub(a[0], b[0], 0u);
    let w1 = word_sub(a[1], b[1], w0.y);
    let w2 = word_sub(a[2], b[2], w1.y);
    let w3 = word_sub(a[3], b[3], w2.y);
    let w4 = word_sub(a[4], b[4], w3.y);
    let w5 = word_sub(a[5], b[5], w4.y);
    let w6 = word_sub(a[6], b[6], w5.y);
    let w7 = word_sub(a[7], b[7], w6.y);
    return u257(u256(w0.x, w1.x, w2.x, w3.x, w4.x, w5.x, w6.x, w7.x), w7.y);
}

// Whether a < b.
fn u256_less(a: u256, b: u256) -> u32 {
    return u256_sub(a, b).carry;
}

// a + carry*2^256, which is below 2m, modulo m.
fn u256_reduce_once(a: u256, carry: u32, m: u256) -> u256 {
    let less = u256_sub(a, m);
    return u256_select(a, less.value, carry | (less.carry ^ 1u));
}

// a + b modulo m, for a and b below m.
fn u256_add_modulo(a: u256, b: u256, m: u256) -> u256 {
    let sum = u256_add(a, b);
    return u256_reduce_once(sum.value, sum.carry, m);
}

// a - b modulo m, for a and b below m.
fn u256_sub_modulo(a: u256, b: u256, m: u256) -> u256 {
    let difference = u256_sub(a, b);
    return u256_add(difference.value, u256_select(u256_small(0u), m, difference.carry)).value;
}

// All but the least word.
fn u256_of_high(a: array<u32, 9>) -> u256 {
    return u256(a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
}

fn u256_mul(a: u256, b: u256) -> u512 {
    let r0 = u256_mul_word(a, b[0], u256_small(0u));
    let r1 = u256_mul_word(a, b[1], u256_of_high(r0));
    let r2 = u256_mul_word(a, b[2], u256_of_high(r1));
    let r3 = u256_mul_word(a, b[3], u256_of_high(r2));
    let r4 = u256_mul_word(a, b[4], u256_of_high(r3));
    let r5 = u256_mul_word(a, b[5], u256_of_high(r4));
    let r6 = u256_mul_word(a, b[6], u256_of_high(r5));
    let r7 = u256_mul_word(a, b[7], u256_of_high(r6));
    return u512(
        r0[0], r1[0], r2[0], r3[0], r4[0], r5[0], r6[0], r7[0],
        r7[1], r7[2], r7[3], r7[4], r7[5], r7[6], r7[7], r7[8],
    );
}

// a*a: the products of different words once, doubled, then the squares.
fn u256_sqr(a: u256) -> u512 {
    let p01 = word_mul_add(a[0], a[1], 0u, 0u);
    let p02 = word_mul_add(a[0], a[2], 0u, p01.y);
    let p03 = word_mul_add(a[0], a[3], 0u, p02.y);
    let p04 = word_mul_add(a[0], a[4], 0u, p03.y);
    let p05 = word_mul_add(a[0], a[5], 0u, p04.y);
    let p06 = word_mul_add(a[0], a[6], 0u, p05.y);
    let p07 = word_mul_add(a[0], a[7], 0u, p06.y);
    let p12 = word_mul_add(a[1], a[2], p03.x, 0u);
    let p13 = word_mul_add(a[1], a[3], p04.x, p12.y);
    let p14 = word_mul_add(a[1], a[4], p05.x, p13.y);
    let p15 = word_mul_add(a[1], a[5], p06.x, p14.y);
    let p16 = word_mul_add(a[1], a[6], p07.x, p15.y);
    let p17 = word_mul_add(a[1], a[7], p07.y, p16.y);
    let p23 = word_mul_add(a[2], a[3], p14.x, 0u);
    let p24 = word_mul_add(a[2], a[4], p15.x, p23.y);
    let p25 = word_mul_add(a[2], a[5], p16.x, p24.y);
    let p26 = word_mul_add(a[2], a[6], p17.x, p25.y);
    let p27 = word_mul_add(a[2], a[7], p17.y, p26.y);
    let p34 = word_mul_add(a[3], a[4], p25.x, 0u);
    let p35 = word_mul_add(a[3], a[5], p26.x, p34.y);
    let p36 = word_mul_add(a[3], a[6], p27.x, p35.y);
    let p37 = word_mul_add(a[3], a[7], p27.y, p36.y);
    let p45 = word_mul_add(a[4], a[5], p36.x, 0u);
    let p46 = word_mul_add(a[4], a[6], p37.x, p45.y);
    let p47 = word_mul_add(a[4], a[7], p37.y, p46.y);
    let p56 = word_mul_add(a[5], a[6], p47.x, 0u);
    let p57 = word_mul_add(a[5], a[7], p47.y, p56.y);
    let p67 = word_mul_add(a[6], a[7], p57.y, 0u);
    let d1 = (p01.x << 1u);
    let d2 = (p02.x << 1u) | (p01.x >> 31u);
    let d3 = (p12.x << 1u) | (p02.x >> 31u);
    let d4 = (p13.x << 1u) | (p12.x >> 31u);
    let d5 = (p23.x << 1u) | (p13.x >> 31u);
    let d6 = (p24.x << 1u) | (p23.x >> 31u);
    let d7 = (p34.x << 1u) | (p24.x >> 31u);
    let d8 = (p35.x << 1u) | (p34.x >> 31u);
    let d9 = (p45.x << 1u) | (p35.x >> 31u);
    let d10 = (p46.x << 1u) | (p45.x >> 31u);
    let d11 = (p56.x << 1u) | (p46.x >> 31u);
    let d12 = (p57.x << 1u) | (p56.x >> 31u);
    let d13 = (p67.x << 1u) | (p57.x >> 31u);
    let d14 = (p67.y << 1u) | (p67.x >> 31u);
    let d15 = p67.y >> 31u;
    let s0 = word_mul_add(a[0], a[0], 0u, 0u);
    let h0 = word_add(d1, s0.y, 0u);
    let s1 = word_mul_add(a[1], a[1], d2, h0.y);
    let h1 = word_add(d3, s1.y, 0u);
    let s2 = word_mul_add(a[2], a[2], d4, h1.y);
    let h2 = word_add(d5, s2.y, 0u);
    let s3 = word_mul_add(a[3], a[3], d6, h2.y);
    let h3 = word_add(d7, s3.y, 0u);
    let s4 = word_mul_add(a[4], a[4], d8, h3.y);
    let h4 = word_add(d9, s4.y, 0u);
    let s5 = word_mul_add(a[5], a[5], d10, h4.y);
    let h5 = word_add(d11, s5.y, 0u);
    let s6 = word_mul_add(a[6], a[6], d12, h5.y);
    let h6 = word_add(d13, s6.y, 0u);
    let s7 = word_mul_add(a[7], a[7], d14, h6.y);
    let h7 = word_add(d15, s7.y, 0u);
    return u512(
        s0.x, h0.x, s1.x, h1.x, s2.x, h2.x, s3.x, h3.x,
        s4.x, h4.x, s5.x, h5.x, s6.x, h6.x, s7.x, h7.x,
    );
}

fn u512_low(a: u512) -> u256 {
    return u256(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

fn u512_high(a: u512) -> u256 {
    return u256(a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]);
}

// a/2 + carry*2^255, the last bit of a falling out.
fn u256_half(a: u256, carry: u32) -> u256 {
    return u256(
        (a[0] >> 1u) | (a[1] << 31u), (a[1] >> 1u) | (a[2] << 31u), (a[2] >> 1u) | (a[3] << 31u), (a[3] >> 1u) | (a[4] << 31u),
        (a[4] >> 1u) | (a[5] << 31u), (a[5] >> 1u) | (a[6] << 31u), (a[6] >> 1u) | (a[7] << 31u), (a[7] >> 1u) | (carry << 31u),
    );
}

// 16a modulo 2^256.
fn u256_next_window(a: u256) -> u256 {
    return u256(
        a[0] << 4u, (a[1] << 4u) | (a[0] >> 28u), (a[2] << 4u) | (a[1] >> 28u), (a[3] << 4u) | (a[2] >> 28u),
        (a[4] << 4u) | (a[3] >> 28u), (a[5] << 4u) | (a[4] >> 28u), (a[6] << 4u) | (a[5] >> 28u), (a[7] << 4u) | (a[6] >> 28u),
    );
}

// The words of lane `lane` at `at` of `work`, which keeps word w of lane l at w*lanes + l.
fn u256_load(at: u32, lanes: u32, lane: u32) -> u256 {
    let first = at * lanes + lane;
    return u256(
        work[first], work[first + lanes], work[first + 2u * lanes], work[first + 3u * lanes],
        work[first + 4u * lanes], work[first + 5u * lanes], work[first + 6u * lanes], work[first + 7u * lanes],
    );
}

fn u256_store(at: u32, lanes: u32, lane: u32, a: u256) {
    let first = at * lanes + lane;
    work[first] = a[0];
    work[first + lanes] = a[1];
    work[first + 2u * lanes] = a[2];
    work[first + 3u * lanes] = a[3];
    work[first + 4u * lanes] = a[4];
    work[first + 5u * lanes] = a[5];
    work[first + 6u * lanes] = a[6];
    work[first + 7u * lanes] = a[7];
}

// Eight words in a row.
fn u256_row(at: u32) -> u256 {
    return u256(tables[at], tables[at + 1u], tables[at + 2u], tables[at + 3u], tables[at + 4u], tables[at + 5u], tables[at + 6u], tables[at + 7u]);
}

fn u256_put(at: u32, a: u256) {
    tables[at] = a[0];
    tables[at + 1u] = a[1];
    tables[at + 2u] = a[2];
    tables[at + 3u] = a[3];
    tables[at + 4u] = a[4];
    tables[at + 5u] = a[5];
    tables[at + 6u] = a[6];
    tables[at + 7u] = a[7];
}
