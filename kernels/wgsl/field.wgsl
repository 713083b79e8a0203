// Modulo p. Every element is below p, on entry and on exit: plain for secp256k1, times 2^256 modulo p for P-256 and SM2.

fn fe_add(a: u256, b: u256) -> u256 {
    return u256_add_modulo(a, b, P);
}

fn fe_sub(a: u256, b: u256) -> u256 {
    return u256_sub_modulo(a, b, P);
}

fn fe_neg(a: u256) -> u256 {
    return fe_sub(u256_small(0u), a);
}

// a/2: a, or a + p where a is odd, shifted.
fn fe_half(a: u256) -> u256 {
    let even = u256_add(a, u256_select(u256_small(0u), P, a[0] & 1u));
    return u256_half(even.value, even.carry);
}

// a*b.
fn fe_mul(a: u256, b: u256) -> u256 {
    return fe_reduce(u256_mul(a, b));
}

// a*a.
fn fe_sqr(a: u256) -> u256 {
    return fe_reduce(u256_sqr(a));
}

// The element that stands for an integer below p.
fn fe_from_integer(a: u256) -> u256 {
    if CURVE_SECP256K1 == 1u {
        return a;
    }
    return fe_mul(a, FE_R2);
}

// The integer below p that an element stands for.
fn fe_to_integer(a: u256) -> u256 {
    if CURVE_SECP256K1 == 1u {
        return a;
    }
    return fe_reduce(u512(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], 0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u));
}

// a^exponent, by windows of 4 bits: 320 products after the 15 of the table. One place for all of them, since drivers paste in what is called.
fn fe_pow(a: u256, exponent: u256) -> u256 {
    var powers: array<u256, 16>;
    powers[0] = FE_ONE;
    var left = exponent;
    var result: u256 = FE_ONE;
    for (var i = 0u; i < 335u; i++) {
        // The table, then for each window four squares and a product.
        var factor = a;
        if i == 15u {
            result = FE_ONE;
        }
        if i >= 15u {
            factor = result;
            if i % 5u == 4u {
                factor = powers[left[7] >> 28u];
                left = u256_next_window(left);
            }
        }
        result = fe_mul(result, factor);
        if i < 15u {
            powers[i + 1u] = result;
        }
    }
    return result;
}

// 1/a; 0 for 0 (Fermat).
fn fe_inv(a: u256) -> u256 {
    return fe_pow(a, FE_INV_EXPONENT);
}

// A root of a where a is a square (p = 3 modulo 4); otherwise its square is not a, which the caller looks at.
fn fe_sqrt(a: u256) -> u256 {
    return fe_pow(a, FE_SQRT_EXPONENT);
}
