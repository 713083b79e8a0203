// Modulo n. Every scalar is below n, on entry and on exit.

// a modulo n. n is above 2^255, so that one subtraction does it.
fn sc_reduce(a: u256) -> u256 {
    return u256_reduce_once(a, 0u, N);
}

fn sc_add(a: u256, b: u256) -> u256 {
    return u256_add_modulo(a, b, N);
}

fn sc_sub(a: u256, b: u256) -> u256 {
    return u256_sub_modulo(a, b, N);
}

fn sc_neg(a: u256) -> u256 {
    return sc_sub(u256_small(0u), a);
}

// a*b/2^256 (Montgomery, a word of a at a time): of an integer and a scalar in Montgomery form, the integer.
fn sc_mul(a: u256, b: u256) -> u256 {
    var words = a;
    var sum = u257();
    for (var i = 0u; i < 8u; i++) {
        let with_product = u256_mul_word(b, words[0], sum.value);
        let low = u256(
            with_product[0], with_product[1], with_product[2], with_product[3],
            with_product[4], with_product[5], with_product[6], with_product[7],
        );
        let with_n = u256_mul_word(N, low[0] * SC_N0, low);
        let first = word_add(with_product[8], with_n[8], 0u);
        let second = word_add(first.x, sum.carry, 0u);
        sum = u257(u256(with_n[1], with_n[2], with_n[3], with_n[4], with_n[5], with_n[6], with_n[7], second.x), first.y + second.y);
        words = u256(words[1], words[2], words[3], words[4], words[5], words[6], words[7], 0u);
    }
    return u256_reduce_once(sum.value, sum.carry, N);
}

// Into and out of Montgomery form.
fn sc_from_integer(a: u256) -> u256 {
    return sc_mul(a, SC_R2);
}

fn sc_to_integer(a: u256) -> u256 {
    return sc_mul(a, u256_small(1u));
}

// 1/a, both in Montgomery form; 0 for 0. As fe_pow.
fn sc_inv(a: u256) -> u256 {
    var powers: array<u256, 16>;
    powers[0] = SC_ONE;
    var left: u256 = SC_INV_EXPONENT;
    var result: u256 = SC_ONE;
    for (var i = 0u; i < 335u; i++) {
        var factor = a;
        if i == 15u {
            result = SC_ONE;
        }
        if i >= 15u {
            factor = result;
            if i % 5u == 4u {
                factor = powers[left[7] >> 28u];
                left = u256_next_window(left);
            }
        }
        result = sc_mul(result, factor);
        if i < 15u {
            powers[i + 1u] = result;
        }
    }
    return result;
}

// Whether a > (n - 1)/2.
fn sc_is_high(a: u256) -> u32 {
    return u256_less(N_HALF, a);
}
