// What secp256k1 has of its own.
//
// Elements of the field: p = 2^256 - 2^32 - FOLD_LOW, plain.

// a below 2^512, modulo p: what stands above 2^256 counts 2^32 + FOLD_LOW times.
fn fe_reduce(a: u512) -> u256 {
    let high = u512_high(a);
    let r = u256_mul_word(high, FOLD_LOW, u512_low(a));
    let w1 = word_add(r[1], high[0], 0u);
    let w2 = word_add(r[2], high[1], w1.y);
    let w3 = word_add(r[3], high[2], w2.y);
    let w4 = word_add(r[4], high[3], w3.y);
    let w5 = word_add(r[5], high[4], w4.y);
    let w6 = word_add(r[6], high[5], w5.y);
    let w7 = word_add(r[7], high[6], w6.y);
    let w8 = word_add(r[8], high[7], w7.y);
    // What is left above is below 2^34.
    let f0 = word_mul_add(w8.x, FOLD_LOW, r[0], 0u);
    let f1 = word_mul_add(w8.y, FOLD_LOW, w1.x, f0.y);
    let g1 = word_add(f1.x, w8.x, 0u);
    let g2 = word_add(w2.x, f1.y, g1.y);
    let h2 = word_add(g2.x, w8.y, 0u);
    let h3 = word_add(w3.x, g2.y, h2.y);
    let h4 = word_add(w4.x, 0u, h3.y);
    let h5 = word_add(w5.x, 0u, h4.y);
    let h6 = word_add(w6.x, 0u, h5.y);
    let h7 = word_add(w7.x, 0u, h6.y);
    return u256_reduce_once(u256(f0.x, g1.x, h2.x, h3.x, h4.x, h5.x, h6.x, h7.x), h7.y, P);
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
