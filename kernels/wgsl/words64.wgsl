// The product of words, with 64-bit integers.

// a*b + c + d, the low word and the high one: it fits.
fn word_mul_add(a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    let sum = u64(a) * u64(b) + u64(c) + u64(d);
    return vec2<u32>(u32(sum), u32(sum >> 32u));
}
