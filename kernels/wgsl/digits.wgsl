// Signed digits, the same number for all scalars.
//
// A k below 2^255 has 64 digits of 4 bits from -7 to 8: digit i is window i of k + 0x77..77, less 7. Likewise 32 digits of 8 bits from -127 to 128. So the
// recoding is one addition. A scalar above n/2 is negated first.

// Windows to take digits from, and whether the whole is negated.
struct digits {
    windows: u256,
    negative: u32,
}

// A digit: the multiple, whether it is subtracted, and whether there is one at all. The multiple of digit 0 is 1, which is computed and not taken.
struct digit {
    multiple: u32,
    negative: u32,
    take: u32,
}

// k or n - k, whichever is below n/2, plus a window of `bias` in each place.
fn digits_of_scalar(k: u256, bias: u32) -> digits {
    let negative = sc_is_high(k);
    return digits(u256_add(u256_select(k, sc_neg(k), negative), u256_repeated(bias)).value, negative);
}

// For the table of G: 32 windows of 8 bits.
fn digits_of_base(k: u256) -> digits {
    return digits_of_scalar(k, 0x7f7f7f7fu);
}

// For the table of a known key: 64 windows of 4 bits.
fn digits_of_known(k: u256) -> digits {
    return digits_of_scalar(k, 0x77777777u);
}

// The digit that window `window` of `bits` bits stands for; `whole_is_negative` turns its sign.
fn digit_of(window: u32, bits: u32, whole_is_negative: u32) -> digit {
    let zero = (1u << (bits - 1u)) - 1u;
    let below = window < zero;
    let magnitude = select(window - zero, zero - window, below);
    return digit(max(magnitude, 1u), u32(below) ^ whole_is_negative, u32(magnitude != 0u));
}

// Digits stand in `work` as they are: the windows, then the sign.
fn digits_store(at: u32, lanes: u32, lane: u32, d: digits) {
    u256_store(at, lanes, lane, d.windows);
    work[(at + 8u) * lanes + lane] = d.negative;
}

fn digit_load(at: u32, lanes: u32, lane: u32, index: u32, bits: u32) -> digit {
    let bit = index * bits;
    let window = (work[(at + (bit >> 5u)) * lanes + lane] >> (bit & 31u)) & ((1u << bits) - 1u);
    return digit_of(window, bits, work[(at + 8u) * lanes + lane]);
}
