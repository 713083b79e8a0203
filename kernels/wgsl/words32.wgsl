// The product of words, without 64-bit integers: from halves of 16 bits.

// a*b + c + d, the low word and the high one: it fits.
fn word_mul_add(a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let least = a_low * b_low;
    // Each of the two has a product of halves and a half: below 2^32.
    let first = a_low * b_high + (least >> 16u);
    let second = a_high * b_low + (first & 0xffffu);
    let low = (second << 16u) | (least & 0xffffu);
    let high = a_high * b_high + (first >> 16u) + (second >> 16u);
    let with_c = low + c;
    let with_d = with_c + d;
    return vec2<u32>(with_d, high + u32(with_c < c) + u32(with_d < d));
}

// a*b + c: nine words.
fn u256_mul_word(a: u256, b: u32, c: u256) -> array<u32, 9> {
    let w0 = word_mul_add(a[0], b, c[0], 0u);
    let w1 = word_mul_add(a[1], b, c[1], w0.y);
    let w2 = word_mul_add(a[2], b, c[2], w1.y);
    let w3 = word_mul_add(a[3], b, c[3], w2.y);
    let w4 = word_mul_add(a[4], b, c[4], w3.y);
    let w5 = word_mul_add(a[5], b, c[5], w4.y);
    let w6 = word_mul_add(a[6], b, c[6], w5.y);
    let w7 = word_mul_add(a[7], b, c[7], w6.y);
    return array<u32, 9>(w0.x, w1.x, w2.x, w3.x, w4.x, w5.x, w6.x, w7.x, w7.y);
}

// A sum of words with either sign, below 2^62: the least word, and what is above it.
alias wide = vec2<u32>;

fn wide_add(sum: wide, a: u32) -> wide {
    let low = sum.x + a;
    return wide(low, sum.y + u32(low < a));
}

fn wide_sub(sum: wide, a: u32) -> wide {
    return wide(sum.x - a, sum.y - u32(sum.x < a));
}

// sum + a*b, for a below 2^16.
fn wide_mul_add(sum: wide, a: u32, b: u32) -> wide {
    let product = word_mul_add(a, b, sum.x, 0u);
    return wide(product.x, product.y + sum.y);
}

// The least word, and what is above it.
fn wide_low(sum: wide) -> u32 {
    return sum.x;
}

fn wide_high(sum: wide) -> wide {
    return wide(sum.y, u32(i32(sum.y) >> 31u));
}
