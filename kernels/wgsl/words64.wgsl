// The product of words, with 64-bit integers.

// a*b + c + d, the low word and the high one: it fits.
fn word_mul_add(a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    let sum = u64(a) * u64(b) + u64(c) + u64(d);
    return vec2<u32>(u32(sum), u32(sum >> 32u));
}

// a*b + c: nine words.
fn u256_mul_word(a: u256, b: u32, c: u256) -> array<u32, 9> {
    let factor = u64(b);
    let w0 = u64(a[0]) * factor + u64(c[0]);
    let w1 = u64(a[1]) * factor + u64(c[1]) + (w0 >> 32u);
    let w2 = u64(a[2]) * factor + u64(c[2]) + (w1 >> 32u);
    let w3 = u64(a[3]) * factor + u64(c[3]) + (w2 >> 32u);
    let w4 = u64(a[4]) * factor + u64(c[4]) + (w3 >> 32u);
    let w5 = u64(a[5]) * factor + u64(c[5]) + (w4 >> 32u);
    let w6 = u64(a[6]) * factor + u64(c[6]) + (w5 >> 32u);
    let w7 = u64(a[7]) * factor + u64(c[7]) + (w6 >> 32u);
    return array<u32, 9>(u32(w0), u32(w1), u32(w2), u32(w3), u32(w4), u32(w5), u32(w6), u32(w7), u32(w7 >> 32u));
}

// A sum of words with either sign, below 2^62. A word gets there by way of u64: naga extends the sign of a word that goes to i64.
alias wide = i64;

fn wide_add(sum: wide, a: u32) -> wide {
    return sum + i64(u64(a));
}

fn wide_sub(sum: wide, a: u32) -> wide {
    return sum - i64(u64(a));
}

// sum + a*b, for a below 2^16.
fn wide_mul_add(sum: wide, a: u32, b: u32) -> wide {
    return sum + i64(u64(a) * u64(b));
}

// The least word, and what is above it.
fn wide_low(sum: wide) -> u32 {
    return u32(sum & 0xffffffffli);
}

fn wide_high(sum: wide) -> wide {
    return sum >> 32u;
}
