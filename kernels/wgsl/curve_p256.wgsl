// What P-256 has of its own.
//
// Elements of the field, times 2^256 (Montgomery form): p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
//
// p is -1 modulo 2^32, so the least word itself says how often p is added: m*p = m*2^96 + m*2^192 + m*(2^32 - 1)*2^224 - m, which needs no product.

// a/2^256 modulo p, for a below p*2^256.
fn fe_reduce(a: u512) -> u256 {
    let m0 = a[0];
    let s03 = word_add(a[3], m0, 0u);
    let s04 = word_add(a[4], 0u, s03.y);
    let s05 = word_add(a[5], 0u, s04.y);
    let s06 = word_add(a[6], m0, s05.y);
    let s07 = word_add(a[7], 0u - m0, s06.y);
    let s08 = word_add(a[8], m0 - u32(m0 != 0u), s07.y);
    let t0 = word_add(s08.x, 0u, 0u);
    let m1 = a[1];
    let s13 = word_add(s04.x, m1, 0u);
    let s14 = word_add(s05.x, 0u, s13.y);
    let s15 = word_add(s06.x, 0u, s14.y);
    let s16 = word_add(s07.x, m1, s15.y);
    let s17 = word_add(t0.x, 0u - m1, s16.y);
    let s18 = word_add(a[9], m1 - u32(m1 != 0u), s17.y);
    let t1 = word_add(s18.x, (s08.y + t0.y), 0u);
    let m2 = a[2];
    let s23 = word_add(s14.x, m2, 0u);
    let s24 = word_add(s15.x, 0u, s23.y);
    let s25 = word_add(s16.x, 0u, s24.y);
    let s26 = word_add(s17.x, m2, s25.y);
    let s27 = word_add(t1.x, 0u - m2, s26.y);
    let s28 = word_add(a[10], m2 - u32(m2 != 0u), s27.y);
    let t2 = word_add(s28.x, (s18.y + t1.y), 0u);
    let m3 = s03.x;
    let s33 = word_add(s24.x, m3, 0u);
    let s34 = word_add(s25.x, 0u, s33.y);
    let s35 = word_add(s26.x, 0u, s34.y);
    let s36 = word_add(s27.x, m3, s35.y);
    let s37 = word_add(t2.x, 0u - m3, s36.y);
    let s38 = word_add(a[11], m3 - u32(m3 != 0u), s37.y);
    let t3 = word_add(s38.x, (s28.y + t2.y), 0u);
    let m4 = s13.x;
    let s43 = word_add(s34.x, m4, 0u);
    let s44 = word_add(s35.x, 0u, s43.y);
    let s45 = word_add(s36.x, 0u, s44.y);
    let s46 = word_add(s37.x, m4, s45.y);
    let s47 = word_add(t3.x, 0u - m4, s46.y);
    let s48 = word_add(a[12], m4 - u32(m4 != 0u), s47.y);
    let t4 = word_add(s48.x, (s38.y + t3.y), 0u);
    let m5 = s23.x;
    let s53 = word_add(s44.x, m5, 0u);
    let s54 = word_add(s45.x, 0u, s53.y);
    let s55 = word_add(s46.x, 0u, s54.y);
    let s56 = word_add(s47.x, m5, s55.y);
    let s57 = word_add(t4.x, 0u - m5, s56.y);
    let s58 = word_add(a[13], m5 - u32(m5 != 0u), s57.y);
    let t5 = word_add(s58.x, (s48.y + t4.y), 0u);
    let m6 = s33.x;
    let s63 = word_add(s54.x, m6, 0u);
    let s64 = word_add(s55.x, 0u, s63.y);
    let s65 = word_add(s56.x, 0u, s64.y);
    let s66 = word_add(s57.x, m6, s65.y);
    let s67 = word_add(t5.x, 0u - m6, s66.y);
    let s68 = word_add(a[14], m6 - u32(m6 != 0u), s67.y);
    let t6 = word_add(s68.x, (s58.y + t5.y), 0u);
    let m7 = s43.x;
    let s73 = word_add(s64.x, m7, 0u);
    let s74 = word_add(s65.x, 0u, s73.y);
    let s75 = word_add(s66.x, 0u, s74.y);
    let s76 = word_add(s67.x, m7, s75.y);
    let s77 = word_add(t6.x, 0u - m7, s76.y);
    let s78 = word_add(a[15], m7 - u32(m7 != 0u), s77.y);
    let t7 = word_add(s78.x, (s68.y + t6.y), 0u);
    return u256_reduce_once(u256(s53.x, s63.x, s73.x, s74.x, s75.x, s76.x, s77.x, t7.x), (s78.y + t7.y), P);
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

// Only Z_A has it.
fn z_a_word(place: u32) -> u32 {
    return 0u;
}
