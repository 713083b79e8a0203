// What secp256k1 has of its own.
//
// Elements of the field: p = 2^256 - 2^32 - FOLD_LOW, plain.

// a below 2^512, modulo p: what stands above 2^256 counts 2^32 + FOLD_LOW times.
fn fe_reduce(a: u512) -> u256 {
    let c0 = wide_add(wide_mul_add(wide(), FOLD_LOW, a[8]), a[0]);
    let c1 = wide_add(wide_add(wide_mul_add(wide_high(c0), FOLD_LOW, a[9]), a[1]), a[8]);
    let c2 = wide_add(wide_add(wide_mul_add(wide_high(c1), FOLD_LOW, a[10]), a[2]), a[9]);
    let c3 = wide_add(wide_add(wide_mul_add(wide_high(c2), FOLD_LOW, a[11]), a[3]), a[10]);
    let c4 = wide_add(wide_add(wide_mul_add(wide_high(c3), FOLD_LOW, a[12]), a[4]), a[11]);
    let c5 = wide_add(wide_add(wide_mul_add(wide_high(c4), FOLD_LOW, a[13]), a[5]), a[12]);
    let c6 = wide_add(wide_add(wide_mul_add(wide_high(c5), FOLD_LOW, a[14]), a[6]), a[13]);
    let c7 = wide_add(wide_add(wide_mul_add(wide_high(c6), FOLD_LOW, a[15]), a[7]), a[14]);
    // Below 2^33.
    let above = wide_add(wide_high(c7), a[15]);
    let above_low = wide_low(above);
    let above_high = wide_low(wide_high(above));
    let f0 = wide_add(wide_mul_add(wide(), FOLD_LOW, above_low), wide_low(c0));
    let f1 = wide_add(wide_add(wide_mul_add(wide_high(f0), FOLD_LOW, above_high), above_low), wide_low(c1));
    let f2 = wide_add(wide_add(wide_high(f1), above_high), wide_low(c2));
    let f3 = wide_add(wide_high(f2), wide_low(c3));
    let f4 = wide_add(wide_high(f3), wide_low(c4));
    let f5 = wide_add(wide_high(f4), wide_low(c5));
    let f6 = wide_add(wide_high(f5), wide_low(c6));
    let f7 = wide_add(wide_high(f6), wide_low(c7));
    let r = u256(wide_low(f0), wide_low(f1), wide_low(f2), wide_low(f3), wide_low(f4), wide_low(f5), wide_low(f6), wide_low(f7));
    return u256_reduce_once(r, wide_low(wide_high(f7)), P);
}

// The digits of a factor of an unknown key: two parts of 33 windows.
const KEY_PARTS: u32 = 2u;
const KEY_DIGITS: u32 = 33u;

// round(k*g / 2^384).
fn split_quotient(k: u256, g: u256) -> u256 {
    let t = u256_mul(k, g);
    let quotient = u256(t[12], t[13], t[14], t[15], 0u, 0u, 0u, 0u);
    return u256_add(quotient, u256_small(t[11] >> 31u)).value;
}

// a*b modulo 2^256.
fn split_low(a: u256, b: u256) -> u256 {
    return u512_low(u256_mul(a, b));
}

// Part 0 or 1 of k = k0 + k1*lambda: for the product with (x, y), and with (beta*x, y). Each is below 2^128 with either sign.
//
// k0 = k - c1*a1 - c2*a2 and k1 = c1*(-b1) - c2*b2, where c1 and c2 are the integers next to b2*k/n and -b1*k/n (Gallant, Lambert, Vanstone 2001).
fn digits_of_key(k: u256, part: u32) -> digits {
    let c1 = split_quotient(k, SPLIT_G1);
    let c2 = split_quotient(k, SPLIT_G2);
    let with_c1 = split_low(c1, u256_select(SPLIT_A1, SPLIT_MINUS_B1, part));
    let with_c2 = split_low(c2, u256_select(SPLIT_A2, SPLIT_B2, part));
    let residue = u256_sub(u256_select(u256_sub(k, with_c1).value, with_c1, part), with_c2).value;
    let negative = residue[7] >> 31u;
    let half = u256_select(residue, u256_sub(u256_small(0u), residue).value, negative);
    // 33 places, so that a magnitude of 128 bits leaves room.
    return digits(u256_add(half, u256(0x77777777u, 0x77777777u, 0x77777777u, 0x77777777u, 7u, 0u, 0u, 0u)).value, negative);
}

// A multiple of the key as part `part` has it.
fn point_of_part(point: affine, part: u32) -> affine {
    if part == 0u {
        return point;
    }
    return affine(fe_mul(point.x, BETA), point.y);
}

// Only Z_A has it.
fn z_a_word(place: u32) -> u32 {
    return 0u;
}
