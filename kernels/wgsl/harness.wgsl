// A kernel for each function, for tests, and one that measures the device.
//
// Lane l < items takes its arguments from words[in]*l of the input on, one after the other in the order of the function's, the least word first: a u256, fe or
// sc is 8 words, an affine point 16, a Jacobian one 24, a range is an address and a length. It writes its results likewise from words[out]*l of the output on.
// Bytes stand anywhere after the arguments.
//
// function: words in -> words out
// word_mul_add     4 -> 2
// word_swap        1 -> 1
// word_rotate      2 -> 1
// u256_is_zero     8 -> 1
// u256_less        16 -> 1
// u256_equal       16 -> 1
// u256_select      17 -> 8
// u256_add         16 -> 9
// u256_sub         16 -> 9
// u256_mul         16 -> 16
// u256_sqr         8 -> 16
// fe_add           16 -> 8
// fe_sub           16 -> 8
// fe_neg           8 -> 8
// fe_half          8 -> 8
// fe_mul           16 -> 8
// fe_sqr           8 -> 8
// fe_from_integer  8 -> 8
// fe_to_integer    8 -> 8
// fe_pow           16 -> 8
// fe_inv           8 -> 8
// fe_sqrt          8 -> 8
// sc_reduce        8 -> 8
// sc_add           16 -> 8
// sc_sub           16 -> 8
// sc_neg           8 -> 8
// sc_mul           16 -> 8
// sc_from_integer  8 -> 8
// sc_to_integer    8 -> 8
// sc_inv           8 -> 8
// sc_is_high       8 -> 1
// ge_is_on_curve   16 -> 1
// ge_lift_x        9 -> 17
// ge_double        24 -> 24
// ge_add_affine    41 -> 33
// ge_neg_if        17 -> 16
// ge_scale         24 -> 16
// digits_of_base   8 -> 9
// digits_of_known  8 -> 9
// digits_of_key    9 -> 9
// digit_of         3 -> 3
// input_word       1 -> 1
// input_u256       1 -> 8
// input_magnitude  2 -> 8
// string_at        3 -> 2
// signature_raw    2 -> 17
// signature_der    2 -> 17
// key_parse        2 -> 17
// hash_block       HASH_BLOCK_WORDS -> 8
// hash_text        2 -> 8
// hash_z_a         18 -> 8
// hash_message     10 -> 8
// group_inv_fe     8 -> 8
// group_inv_sc     8 -> 8

fn input_row(at: u32) -> u256 {
    return u256(input[at], input[at + 1u], input[at + 2u], input[at + 3u], input[at + 4u], input[at + 5u], input[at + 6u], input[at + 7u]);
}

fn output_put(at: u32, a: u256) {
    output[at] = a[0];
    output[at + 1u] = a[1];
    output[at + 2u] = a[2];
    output[at + 3u] = a[3];
    output[at + 4u] = a[4];
    output[at + 5u] = a[5];
    output[at + 6u] = a[6];
    output[at + 7u] = a[7];
}

@compute @workgroup_size(64)
fn test_word_mul_add(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 4u * lane;
    let to = 2u * lane;
    let x = word_mul_add(input[at], input[at + 1u], input[at + 2u], input[at + 3u]);
    output[to] = x.x;
    output[to + 1u] = x.y;
}

@compute @workgroup_size(64)
fn test_word_swap(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 1u * lane;
    let to = 1u * lane;
    output[to] = word_swap(input[at]);
}

@compute @workgroup_size(64)
fn test_word_rotate(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 1u * lane;
    output[to] = word_rotate(input[at], input[at + 1u]);
}

@compute @workgroup_size(64)
fn test_u256_is_zero(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 1u * lane;
    output[to] = u256_is_zero(input_row(at));
}

@compute @workgroup_size(64)
fn test_u256_less(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 1u * lane;
    output[to] = u256_less(input_row(at), input_row(at + 8u));
}

@compute @workgroup_size(64)
fn test_u256_equal(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 1u * lane;
    output[to] = u256_equal(input_row(at), input_row(at + 8u));
}

@compute @workgroup_size(64)
fn test_u256_select(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 17u * lane;
    let to = 8u * lane;
    output_put(to, u256_select(input_row(at), input_row(at + 8u), input[at + 16u]));
}

@compute @workgroup_size(64)
fn test_u256_add(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 9u * lane;
    let x = u256_add(input_row(at), input_row(at + 8u));
    output_put(to, x.value);
    output[to + 8u] = x.carry;
}

@compute @workgroup_size(64)
fn test_u256_sub(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 9u * lane;
    let x = u256_sub(input_row(at), input_row(at + 8u));
    output_put(to, x.value);
    output[to + 8u] = x.carry;
}

@compute @workgroup_size(64)
fn test_u256_mul(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 16u * lane;
    var x = u256_mul(input_row(at), input_row(at + 8u));
    for (var i = 0u; i < 16u; i++) {
        output[to + i] = x[i];
    }
}

@compute @workgroup_size(64)
fn test_u256_sqr(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 16u * lane;
    var x = u256_sqr(input_row(at));
    for (var i = 0u; i < 16u; i++) {
        output[to + i] = x[i];
    }
}

@compute @workgroup_size(64)
fn test_fe_add(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, fe_add(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_fe_sub(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, fe_sub(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_fe_neg(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_neg(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_half(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_half(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_mul(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, fe_mul(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_fe_sqr(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_sqr(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_from_integer(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_from_integer(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_to_integer(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_to_integer(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_pow(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, fe_pow(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_fe_inv(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_inv(input_row(at)));
}

@compute @workgroup_size(64)
fn test_fe_sqrt(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, fe_sqrt(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_reduce(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, sc_reduce(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_add(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, sc_add(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_sc_sub(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, sc_sub(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_sc_neg(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, sc_neg(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_mul(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 8u * lane;
    output_put(to, sc_mul(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_sc_from_integer(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, sc_from_integer(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_to_integer(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, sc_to_integer(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_inv(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 8u * lane;
    output_put(to, sc_inv(input_row(at)));
}

@compute @workgroup_size(64)
fn test_sc_is_high(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 1u * lane;
    output[to] = sc_is_high(input_row(at));
}

@compute @workgroup_size(64)
fn test_ge_is_on_curve(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 16u * lane;
    let to = 1u * lane;
    output[to] = ge_is_on_curve(affine(input_row(at), input_row(at + 8u)));
}

@compute @workgroup_size(64)
fn test_ge_lift_x(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 9u * lane;
    let to = 17u * lane;
    let q = ge_lift_x(input_row(at), input[at + 8u]);
    output_put(to, q.point.x);
    output_put(to + 8u, q.point.y);
    output[to + 16u] = q.found;
}

@compute @workgroup_size(64)
fn test_ge_double(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 24u * lane;
    let to = 24u * lane;
    let q = ge_double(jacobian(input_row(at), input_row(at + 8u), input_row(at + 16u)));
    output_put(to, q.x);
    output_put(to + 8u, q.y);
    output_put(to + 16u, q.z);
}

@compute @workgroup_size(64)
fn test_ge_add_affine(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 41u * lane;
    let to = 33u * lane;
    let p = jacobian(input_row(at), input_row(at + 8u), input_row(at + 16u));
    let q = affine(input_row(at + 24u), input_row(at + 32u));
    let s = ge_add_affine(p, q, input[at + 40u]);
    output_put(to, s.point.x);
    output_put(to + 8u, s.point.y);
    output_put(to + 16u, s.point.z);
    output_put(to + 24u, s.h);
    output[to + 32u] = s.met;
}

@compute @workgroup_size(64)
fn test_ge_neg_if(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 17u * lane;
    let to = 16u * lane;
    let q = ge_neg_if(affine(input_row(at), input_row(at + 8u)), input[at + 16u]);
    output_put(to, q.x);
    output_put(to + 8u, q.y);
}

@compute @workgroup_size(64)
fn test_ge_scale(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 24u * lane;
    let to = 16u * lane;
    let q = ge_scale(input_row(at), input_row(at + 8u), input_row(at + 16u));
    output_put(to, q.x);
    output_put(to + 8u, q.y);
}

@compute @workgroup_size(64)
fn test_digits_of_base(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 9u * lane;
    let d = digits_of_base(input_row(at));
    output_put(to, d.windows);
    output[to + 8u] = d.negative;
}

@compute @workgroup_size(64)
fn test_digits_of_known(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 8u * lane;
    let to = 9u * lane;
    let d = digits_of_known(input_row(at));
    output_put(to, d.windows);
    output[to + 8u] = d.negative;
}

@compute @workgroup_size(64)
fn test_digits_of_key(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 9u * lane;
    let to = 9u * lane;
    let d = digits_of_key(input_row(at), input[at + 8u]);
    output_put(to, d.windows);
    output[to + 8u] = d.negative;
}

@compute @workgroup_size(64)
fn test_digit_of(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 3u * lane;
    let to = 3u * lane;
    let d = digit_of(input[at], input[at + 1u], input[at + 2u]);
    output[to] = d.multiple;
    output[to + 1u] = d.negative;
    output[to + 2u] = d.take;
}

@compute @workgroup_size(64)
fn test_input_word(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 1u * lane;
    let to = 1u * lane;
    output[to] = input_word(input[at]);
}

@compute @workgroup_size(64)
fn test_input_u256(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 1u * lane;
    let to = 8u * lane;
    output_put(to, input_u256(input[at]));
}

@compute @workgroup_size(64)
fn test_input_magnitude(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 8u * lane;
    output_put(to, input_magnitude(range(input[at], input[at + 1u])));
}

@compute @workgroup_size(64)
fn test_string_at(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 3u * lane;
    let to = 2u * lane;
    let bytes = string_at(input[at], input[at + 1u], input[at + 2u]);
    output[to] = bytes.at;
    output[to + 1u] = bytes.length;
}

@compute @workgroup_size(64)
fn test_signature_raw(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 17u * lane;
    let bytes = range(input[at], input[at + 1u]);
    let s = signature_raw(bytes, u32(bytes.length == 64u));
    output_put(to, s.r);
    output_put(to + 8u, s.s);
    output[to + 16u] = s.status;
}

@compute @workgroup_size(64)
fn test_signature_der(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 17u * lane;
    let s = signature_der(range(input[at], input[at + 1u]));
    output_put(to, s.r);
    output_put(to + 8u, s.s);
    output[to + 16u] = s.status;
}

@compute @workgroup_size(64)
fn test_key_parse(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 17u * lane;
    let k = key_parse(range(input[at], input[at + 1u]));
    output_put(to, k.point.x);
    output_put(to + 8u, k.point.y);
    output[to + 16u] = k.status;
}

@compute @workgroup_size(64)
fn test_hash_block(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = HASH_BLOCK_WORDS * lane;
    let to = 8u * lane;
    var b: hash_words;
    for (var i = 0u; i < HASH_BLOCK_WORDS; i++) {
        b[i] = input[at + i];
    }
    output_put(to, hash_end(hash_block(hash_begin(), b)));
}

@compute @workgroup_size(64)
fn test_hash_text(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 2u * lane;
    let to = 8u * lane;
    var t = text_of(range(input[at], input[at + 1u]));
    output_put(to, hash_text(&t));
}

@compute @workgroup_size(64)
fn test_hash_z_a(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 18u * lane;
    let to = 8u * lane;
    var t = text_of_z_a(range(input[at], input[at + 1u]), input_row(at + 2u), input_row(at + 10u));
    output_put(to, hash_text(&t));
}

@compute @workgroup_size(64)
fn test_hash_message(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane >= params[PARAM_ITEMS] {
        return;
    }
    let at = 10u * lane;
    let to = 8u * lane;
    var t = text_of_message(input_row(at), range(input[at + 8u], input[at + 9u]));
    output_put(to, hash_text(&t));
}

@compute @workgroup_size(64)
fn test_group_inv_fe(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    var a = u256_small(0u);
    if lane < params[PARAM_ITEMS] {
        a = input_row(8u * lane);
    }
    let inverse = group_inv_fe(local, a);
    if lane < params[PARAM_ITEMS] {
        output_put(8u * lane, inverse);
    }
}

@compute @workgroup_size(64)
fn test_group_inv_sc(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    var a = u256_small(0u);
    if lane < params[PARAM_ITEMS] {
        a = input_row(8u * lane);
    }
    let inverse = group_inv_sc(local, a);
    if lane < params[PARAM_ITEMS] {
        output_put(8u * lane, inverse);
    }
}

// Flips bits of one word: of `work`, or with a flag of the tables. For tests of devices that do so by themselves.
@compute @workgroup_size(64)
fn test_flip(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x == 0u {
        if params[PARAM_FLAGS] == 0u {
            work[params[PARAM_TURN]] ^= params[PARAM_ITEMS];
        } else {
            tables[params[PARAM_TURN]] ^= params[PARAM_ITEMS];
        }
    }
}

// RATE_ROUNDS rounds of RATE_CHAINS multiply-adds of 32-bit words with a result of 64 bits, each chain on its own: as many as the device does at once. A lane
// writes the sum of its chains, one word, so that no compiler leaves them out.
@compute @workgroup_size(64)
fn multiply_add_rate(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    var low: array<u32, RATE_CHAINS>;
    var high: array<u32, RATE_CHAINS>;
    for (var i = 0u; i < RATE_CHAINS; i++) {
        low[i] = input[0] + lane + i;
        high[i] = lane ^ i;
    }
    for (var round = 0u; round < RATE_ROUNDS; round++) {
        for (var i = 0u; i < RATE_CHAINS; i++) {
            let x = word_mul_add(low[i], high[i], low[i], high[i]);
            low[i] = x.x;
            high[i] = x.y;
        }
    }
    var total = 0u;
    for (var i = 0u; i < RATE_CHAINS; i++) {
        total += low[i] + high[i];
    }
    if lane < params[PARAM_ITEMS] {
        output[lane] = total;
    }
}
