// What SM2 has of its own.
//
// Elements of the field, times 2^256 (Montgomery form): p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
//
// p is -1 modulo 2^32, so the least word itself says how often p is added: m*p = m*(2^32 - 1)*2^224 - m*(2^32 - 1)*2^64 - m, which needs no product.

// a/2^256 modulo p, for a below p*2^256.
fn fe_reduce(a: u512) -> u256 {
    let m0 = a[0];
    let low0 = 0u - m0;
    let high0 = m0 - u32(m0 != 0u);
    let s02 = word_sub(a[2], low0, 0u);
    let s03 = word_sub(a[3], high0, s02.y);
    let s04 = word_sub(a[4], 0u, s03.y);
    let s05 = word_sub(a[5], 0u, s04.y);
    let s06 = word_sub(a[6], 0u, s05.y);
    let b0 = word_sub(low0, 0u, s06.y);
    let s07 = word_add(a[7], b0.x, 0u);
    let s08 = word_add(a[8], high0 - b0.y, s07.y);
    let t0 = word_add(s08.x, 0u, 0u);
    let m1 = a[1];
    let low1 = 0u - m1;
    let high1 = m1 - u32(m1 != 0u);
    let s12 = word_sub(s03.x, low1, 0u);
    let s13 = word_sub(s04.x, high1, s12.y);
    let s14 = word_sub(s05.x, 0u, s13.y);
    let s15 = word_sub(s06.x, 0u, s14.y);
    let s16 = word_sub(s07.x, 0u, s15.y);
    let b1 = word_sub(low1, 0u, s16.y);
    let s17 = word_add(t0.x, b1.x, 0u);
    let s18 = word_add(a[9], high1 - b1.y, s17.y);
    let t1 = word_add(s18.x, (s08.y + t0.y), 0u);
    let m2 = s02.x;
    let low2 = 0u - m2;
    let high2 = m2 - u32(m2 != 0u);
    let s22 = word_sub(s13.x, low2, 0u);
    let s23 = word_sub(s14.x, high2, s22.y);
    let s24 = word_sub(s15.x, 0u, s23.y);
    let s25 = word_sub(s16.x, 0u, s24.y);
    let s26 = word_sub(s17.x, 0u, s25.y);
    let b2 = word_sub(low2, 0u, s26.y);
    let s27 = word_add(t1.x, b2.x, 0u);
    let s28 = word_add(a[10], high2 - b2.y, s27.y);
    let t2 = word_add(s28.x, (s18.y + t1.y), 0u);
    let m3 = s12.x;
    let low3 = 0u - m3;
    let high3 = m3 - u32(m3 != 0u);
    let s32 = word_sub(s23.x, low3, 0u);
    let s33 = word_sub(s24.x, high3, s32.y);
    let s34 = word_sub(s25.x, 0u, s33.y);
    let s35 = word_sub(s26.x, 0u, s34.y);
    let s36 = word_sub(s27.x, 0u, s35.y);
    let b3 = word_sub(low3, 0u, s36.y);
    let s37 = word_add(t2.x, b3.x, 0u);
    let s38 = word_add(a[11], high3 - b3.y, s37.y);
    let t3 = word_add(s38.x, (s28.y + t2.y), 0u);
    let m4 = s22.x;
    let low4 = 0u - m4;
    let high4 = m4 - u32(m4 != 0u);
    let s42 = word_sub(s33.x, low4, 0u);
    let s43 = word_sub(s34.x, high4, s42.y);
    let s44 = word_sub(s35.x, 0u, s43.y);
    let s45 = word_sub(s36.x, 0u, s44.y);
    let s46 = word_sub(s37.x, 0u, s45.y);
    let b4 = word_sub(low4, 0u, s46.y);
    let s47 = word_add(t3.x, b4.x, 0u);
    let s48 = word_add(a[12], high4 - b4.y, s47.y);
    let t4 = word_add(s48.x, (s38.y + t3.y), 0u);
    let m5 = s32.x;
    let low5 = 0u - m5;
    let high5 = m5 - u32(m5 != 0u);
    let s52 = word_sub(s43.x, low5, 0u);
    let s53 = word_sub(s44.x, high5, s52.y);
    let s54 = word_sub(s45.x, 0u, s53.y);
    let s55 = word_sub(s46.x, 0u, s54.y);
    let s56 = word_sub(s47.x, 0u, s55.y);
    let b5 = word_sub(low5, 0u, s56.y);
    let s57 = word_add(t4.x, b5.x, 0u);
    let s58 = word_add(a[13], high5 - b5.y, s57.y);
    let t5 = word_add(s58.x, (s48.y + t4.y), 0u);
    let m6 = s42.x;
    let low6 = 0u - m6;
    let high6 = m6 - u32(m6 != 0u);
    let s62 = word_sub(s53.x, low6, 0u);
    let s63 = word_sub(s54.x, high6, s62.y);
    let s64 = word_sub(s55.x, 0u, s63.y);
    let s65 = word_sub(s56.x, 0u, s64.y);
    let s66 = word_sub(s57.x, 0u, s65.y);
    let b6 = word_sub(low6, 0u, s66.y);
    let s67 = word_add(t5.x, b6.x, 0u);
    let s68 = word_add(a[14], high6 - b6.y, s67.y);
    let t6 = word_add(s68.x, (s58.y + t5.y), 0u);
    let m7 = s52.x;
    let low7 = 0u - m7;
    let high7 = m7 - u32(m7 != 0u);
    let s72 = word_sub(s63.x, low7, 0u);
    let s73 = word_sub(s64.x, high7, s72.y);
    let s74 = word_sub(s65.x, 0u, s73.y);
    let s75 = word_sub(s66.x, 0u, s74.y);
    let s76 = word_sub(s67.x, 0u, s75.y);
    let b7 = word_sub(low7, 0u, s76.y);
    let s77 = word_add(t6.x, b7.x, 0u);
    let s78 = word_add(a[15], high7 - b7.y, s77.y);
    let t7 = word_add(s78.x, (s68.y + t6.y), 0u);
    return u256_reduce_once(u256(s62.x, s72.x, s73.x, s74.x, s75.x, s76.x, s77.x, t7.x), (s78.y + t7.y), P);
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
