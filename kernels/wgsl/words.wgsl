// Words of 32 bits.

alias u256 = array<u32, 8>;
alias u512 = array<u32, 16>;

// a + b + carry, and the carry out of it. `carry` is 0 or 1.
fn word_add(a: u32, b: u32, carry: u32) -> vec2<u32> {
    let sum = a + b;
    let total = sum + carry;
    return vec2<u32>(total, u32(sum < a) + u32(total < sum));
}

// a - b - borrow, and the borrow out of it. `borrow` is 0 or 1.
fn word_sub(a: u32, b: u32, borrow: u32) -> vec2<u32> {
    let difference = a - b;
    let total = difference - borrow;
    return vec2<u32>(total, u32(a < b) + u32(difference < borrow));
}

// The bytes in reverse.
fn word_swap(a: u32) -> u32 {
    return (a << 24u) | ((a & 0xff00u) << 8u) | ((a >> 8u) & 0xff00u) | (a >> 24u);
}

// To the left, by 1 to 31 bits.
fn word_rotate(a: u32, bits: u32) -> u32 {
    return (a << bits) | (a >> (32u - bits));
}
