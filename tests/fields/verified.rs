//! fiat-crypto's fields under one form: integers below the modulus, in and out.

use chainbox_engine::field::limbs::Limbs;

/// The operations of one field.
pub struct Verified {
    /// a + b.
    pub add: fn(&Limbs, &Limbs) -> Limbs,
    /// a - b.
    pub sub: fn(&Limbs, &Limbs) -> Limbs,
    /// a b.
    pub mul: fn(&Limbs, &Limbs) -> Limbs,
    /// a^2.
    pub square: fn(&Limbs) -> Limbs,
    /// -a.
    pub opposite: fn(&Limbs) -> Limbs,
}

/// Declares a field by the names of its module, its two forms of elements, and its functions.
macro_rules! verified {
    ($name:ident = $module:ident: $plain:ident, $element:ident, $to:ident, $from:ident, $add:ident, $sub:ident, $mul:ident, $square:ident, $opposite:ident) => {
        pub const $name: Verified = {
            use fiat_crypto::$module::{$add, $element, $from, $mul, $opposite, $plain, $square, $sub, $to};
            fn element(limbs: &Limbs) -> $element {
                let mut element = $element([0; 4]);
                $to(&mut element, &$plain(*limbs));
                element
            }
            fn limbs(compute: impl FnOnce(&mut $element)) -> Limbs {
                let (mut element, mut plain) = ($element([0; 4]), $plain([0; 4]));
                compute(&mut element);
                $from(&mut plain, &element);
                plain.0
            }
            Verified {
                add: |a, b| limbs(|sum| $add(sum, &element(a), &element(b))),
                sub: |a, b| limbs(|difference| $sub(difference, &element(a), &element(b))),
                mul: |a, b| limbs(|product| $mul(product, &element(a), &element(b))),
                square: |a| limbs(|square| $square(square, &element(a))),
                opposite: |a| limbs(|opposite| $opposite(opposite, &element(a))),
            }
        };
    };
}

verified!(
    SECP256K1 = secp256k1_montgomery_64:
    fiat_secp256k1_montgomery_non_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_to_montgomery,
    fiat_secp256k1_montgomery_from_montgomery,
    fiat_secp256k1_montgomery_add,
    fiat_secp256k1_montgomery_sub,
    fiat_secp256k1_montgomery_mul,
    fiat_secp256k1_montgomery_square,
    fiat_secp256k1_montgomery_opp
);

verified!(
    SECP256K1_SCALAR = secp256k1_montgomery_scalar_64:
    fiat_secp256k1_montgomery_scalar_non_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_scalar_montgomery_domain_field_element,
    fiat_secp256k1_montgomery_scalar_to_montgomery,
    fiat_secp256k1_montgomery_scalar_from_montgomery,
    fiat_secp256k1_montgomery_scalar_add,
    fiat_secp256k1_montgomery_scalar_sub,
    fiat_secp256k1_montgomery_scalar_mul,
    fiat_secp256k1_montgomery_scalar_square,
    fiat_secp256k1_montgomery_scalar_opp
);

verified!(
    P256 = p256_64:
    fiat_p256_non_montgomery_domain_field_element,
    fiat_p256_montgomery_domain_field_element,
    fiat_p256_to_montgomery,
    fiat_p256_from_montgomery,
    fiat_p256_add,
    fiat_p256_sub,
    fiat_p256_mul,
    fiat_p256_square,
    fiat_p256_opp
);

verified!(
    P256_SCALAR = p256_scalar_64:
    fiat_p256_scalar_non_montgomery_domain_field_element,
    fiat_p256_scalar_montgomery_domain_field_element,
    fiat_p256_scalar_to_montgomery,
    fiat_p256_scalar_from_montgomery,
    fiat_p256_scalar_add,
    fiat_p256_scalar_sub,
    fiat_p256_scalar_mul,
    fiat_p256_scalar_square,
    fiat_p256_scalar_opp
);

verified!(
    SM2 = sm2_64:
    fiat_sm2_non_montgomery_domain_field_element,
    fiat_sm2_montgomery_domain_field_element,
    fiat_sm2_to_montgomery,
    fiat_sm2_from_montgomery,
    fiat_sm2_add,
    fiat_sm2_sub,
    fiat_sm2_mul,
    fiat_sm2_square,
    fiat_sm2_opp
);

verified!(
    SM2_SCALAR = sm2_scalar_64:
    fiat_sm2_scalar_non_montgomery_domain_field_element,
    fiat_sm2_scalar_montgomery_domain_field_element,
    fiat_sm2_scalar_to_montgomery,
    fiat_sm2_scalar_from_montgomery,
    fiat_sm2_scalar_add,
    fiat_sm2_scalar_sub,
    fiat_sm2_scalar_mul,
    fiat_sm2_scalar_square,
    fiat_sm2_scalar_opp
);
