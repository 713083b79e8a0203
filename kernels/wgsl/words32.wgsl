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
