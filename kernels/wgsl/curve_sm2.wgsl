// What SM2 has of its own.
//
// Elements of the field, times 2^256 (Montgomery form): p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
//
// p is -1 modulo 2^32, so the multiple of p that clears word k is word k itself, m: and since p has few powers of two, adding m*p is adding and taking off m at
// their places. Column by column, a sum carries what is above: a few words with either sign.

// a/2^256 modulo p, for a below p*2^256.
fn fe_reduce(a: u512) -> u256 {
    let c0 = wide_add(wide(), a[0]);
    let m0 = wide_low(c0);
    let c1 = wide_add(wide_high(c0), a[1]);
    let m1 = wide_low(c1);
    let c2 = wide_add(wide_add(wide_high(c1), a[2]), m0);
    let m2 = wide_low(c2);
    let c3 = wide_sub(wide_add(wide_add(wide_high(c2), a[3]), m1), m0);
    let m3 = wide_low(c3);
    let c4 = wide_sub(wide_add(wide_add(wide_high(c3), a[4]), m2), m1);
    let m4 = wide_low(c4);
    let c5 = wide_sub(wide_add(wide_add(wide_high(c4), a[5]), m3), m2);
    let m5 = wide_low(c5);
    let c6 = wide_sub(wide_add(wide_add(wide_high(c5), a[6]), m4), m3);
    let m6 = wide_low(c6);
    let c7 = wide_sub(wide_sub(wide_add(wide_add(wide_high(c6), a[7]), m5), m4), m0);
    let m7 = wide_low(c7);
    let c8 = wide_add(wide_sub(wide_sub(wide_add(wide_add(wide_high(c7), a[8]), m6), m5), m1), m0);
    let c9 = wide_add(wide_sub(wide_sub(wide_add(wide_add(wide_high(c8), a[9]), m7), m6), m2), m1);
    let c10 = wide_add(wide_sub(wide_sub(wide_add(wide_high(c9), a[10]), m7), m3), m2);
    let c11 = wide_add(wide_sub(wide_add(wide_high(c10), a[11]), m4), m3);
    let c12 = wide_add(wide_sub(wide_add(wide_high(c11), a[12]), m5), m4);
    let c13 = wide_add(wide_sub(wide_add(wide_high(c12), a[13]), m6), m5);
    let c14 = wide_add(wide_sub(wide_add(wide_high(c13), a[14]), m7), m6);
    let c15 = wide_add(wide_add(wide_high(c14), a[15]), m7);
    let r = u256(wide_low(c8), wide_low(c9), wide_low(c10), wide_low(c11), wide_low(c12), wide_low(c13), wide_low(c14), wide_low(c15));
    return u256_reduce_once(r, wide_low(wide_high(c15)), P);
}

// The digits of a factor of an unknown key: one part of 64 windows.
const KEY_PARTS: u32 = 1u;
const KEY_DIGITS: u32 = 64u;

// Part 0, the only one.
fn digits_of_key(k: u256, part: u32) -> digits {
    return digits_of_known(k);
}

// A multiple of the key as part `part` has it.
fn point_of_part(point: affine, part: u32) -> affine {
    return point;
}

// A word of the curve's constants as Z_A has them.
fn z_a_word(place: u32) -> u32 {
    var words = Z_A_CURVE;
    return words[place];
}
