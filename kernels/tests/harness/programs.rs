//! The programs of the harness, by the kernels that are compiled together. `examples/cuda_sources.rs` takes them from here too, so that there is PTX of all.

use chainbox_kernels::program::{Curve, Purpose};

/// Words and integers of 256 bits.
pub const LIMBS: [&str; 11] = [
    "test_word_mul_add",
    "test_word_swap",
    "test_word_rotate",
    "test_u256_is_zero",
    "test_u256_less",
    "test_u256_equal",
    "test_u256_select",
    "test_u256_add",
    "test_u256_sub",
    "test_u256_mul",
    "test_u256_sqr",
];

/// Modulo p.
pub const FIELD: [&str; 11] = [
    "test_fe_add",
    "test_fe_sub",
    "test_fe_neg",
    "test_fe_half",
    "test_fe_mul",
    "test_fe_sqr",
    "test_fe_from_integer",
    "test_fe_to_integer",
    "test_fe_pow",
    "test_fe_inv",
    "test_fe_sqrt",
];

/// Modulo n.
pub const SCALARS: [&str; 9] = [
    "test_sc_reduce",
    "test_sc_add",
    "test_sc_sub",
    "test_sc_neg",
    "test_sc_mul",
    "test_sc_from_integer",
    "test_sc_to_integer",
    "test_sc_inv",
    "test_sc_is_high",
];

/// Points.
pub const POINTS: [&str; 6] =
    ["test_ge_is_on_curve", "test_ge_lift_x", "test_ge_double", "test_ge_add_affine", "test_ge_neg_if", "test_ge_scale"];

/// Signed windows of scalars.
pub const DIGITS: [&str; 4] = ["test_digits_of_base", "test_digits_of_known", "test_digits_of_key", "test_digit_of"];

/// What is read from bytes.
pub const BYTES: [&str; 7] = [
    "test_input_word",
    "test_input_u256",
    "test_input_magnitude",
    "test_string_at",
    "test_signature_raw",
    "test_signature_der",
    "test_key_parse",
];

/// The hash of a curve's programs.
pub const HASHES: [&str; 2] = ["test_hash_block", "test_hash_text"];

/// SM2's own texts.
pub const Z_A: [&str; 2] = ["test_hash_z_a", "test_hash_message"];

/// What the lanes of a group do together.
pub const GROUPS: [&str; 2] = ["test_group_inv_fe", "test_group_inv_sc"];

/// The kernel by which a device's rate is measured, which back ends have as well.
pub const RATE: [&str; 1] = ["multiply_add_rate"];

/// A fault: one bit.
pub const FLIP: [&str; 1] = ["test_flip"];

/// All programs that the harness has and a back end has not.
pub fn all() -> Vec<Purpose> {
    let of_each_curve: [&'static [&'static str]; 7] = [&FIELD, &SCALARS, &POINTS, &DIGITS, &BYTES, &HASHES, &GROUPS];
    let of_curves = Curve::ALL.into_iter().flat_map(|curve| of_each_curve.map(|kernels| Purpose::Harness(curve, kernels)));
    let of_one =
        [Purpose::Harness(Curve::Secp256k1, &LIMBS), Purpose::Harness(Curve::Sm2, &Z_A), Purpose::Harness(Curve::Secp256k1, &FLIP)];
    of_curves.chain(of_one).collect()
}
