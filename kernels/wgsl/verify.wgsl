// Verification. A lane that is past the items, or whose status is decided, computes on with G as its key and 1 as r and s.

// Whether the lane has no item.
fn is_past(lane: u32) -> bool {
    return lane >= params[PARAM_ITEMS];
}

fn work_word(at: u32, lanes: u32, lane: u32) -> u32 {
    return work[at * lanes + lane];
}

// What a lane has once it is read.
fn parsed_keep(lanes: u32, lane: u32, s: signature, point: affine) {
    let decided = u32(s.status != 0u);
    work[WORK_STATUS * lanes + lane] = s.status;
    u256_store(WORK_R, lanes, lane, u256_select(s.r, u256_small(1u), decided));
    u256_store(WORK_S, lanes, lane, u256_select(s.s, u256_small(1u), decided));
    u256_store(WORK_X, lanes, lane, point.x);
    u256_store(WORK_Y, lanes, lane, point.y);
}

// Signature and key to numbers. In order: encoding, r, s, the key, and for SM2 r + s = 0.
@compute @workgroup_size(64)
fn parse_items(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    var s = signature(u256_small(1u), u256_small(1u), UNDECIDED);
    var k = key(ge_generator(), 0u);
    if !is_past(lane) {
        let item = item_of(lane);
        let bytes = string_at(params[PARAM_SIGNATURE_ENDS_AT], params[PARAM_SIGNATURES_AT], item);
        if (params[PARAM_FLAGS] & FLAG_DER) != 0u {
            s = signature_der(bytes);
        } else {
            s = signature_raw(bytes, u32(bytes.length == 64u));
        }
        k = key_parse(string_at(params[PARAM_KEY_ENDS_AT], params[PARAM_KEYS_AT], item));
        if s.status == 0u {
            s.status = k.status;
        }
        if CURVE_SM2 == 1u && s.status == 0u && u256_is_zero(sc_add(s.r, s.s)) == 1u {
            s.status = REASON_R_PLUS_S_IS_ZERO;
        }
    }
    parsed_keep(lanes, lane, s, k.point);
}

// The digest as an integer modulo n: of the digest given, of the message, or for SM2 of Z_A and the message.
@compute @workgroup_size(64)
fn hash_inputs(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    var e = u256_small(0u);
    if !is_past(lane) {
        let item = item_of(lane);
        let body = string_at(params[PARAM_INPUT_ENDS_AT], params[PARAM_INPUTS_AT], item);
        if (params[PARAM_FLAGS] & FLAG_MESSAGES) != 0u {
            var t = text_of(body);
            if CURVE_SM2 == 1u {
                let x = fe_to_integer(u256_load(WORK_X, lanes, lane));
                let y = fe_to_integer(u256_load(WORK_Y, lanes, lane));
                t = text_of_z_a(string_at(params[PARAM_ID_ENDS_AT], params[PARAM_IDS_AT], item), x, y);
            }
            var d: digest;
            for (var pass_of_two = 1u - CURVE_SM2; pass_of_two < 2u; pass_of_two++) {
                d = hash_text(&t);
                t = text_of_message(d, body);
            }
            e = u256_of_digest(d);
        } else {
            e = input_u256(body.at);
        }
    }
    u256_store(WORK_E, lanes, lane, sc_reduce(e));
}

// The factors of G and of the key. ECDSA: u1 = e/s, u2 = r/s. SM2: u1 = s, u2 = r + s.
@compute @workgroup_size(64)
fn scalars(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    let r = u256_load(WORK_R, lanes, lane);
    let s = u256_load(WORK_S, lanes, lane);
    if CURVE_SM2 == 1u {
        u256_store(WORK_U1, lanes, lane, s);
        u256_store(WORK_U2, lanes, lane, sc_add(r, s));
        work[WORK_REFUSED * lanes + lane] = 0u;
    } else {
        let inverse = group_inv_sc(local, sc_from_integer(s));
        u256_store(WORK_U1, lanes, lane, sc_mul(inverse, u256_load(WORK_E, lanes, lane)));
        u256_store(WORK_U2, lanes, lane, sc_mul(inverse, r));
        work[WORK_REFUSED * lanes + lane] = u32((params[PARAM_FLAGS] & FLAG_LOW_S) != 0u) & sc_is_high(s);
    }
}

// 1Q to 8Q, affine. Row m of the multiples holds X and Y of (m + 1)Q until 1/Z is known: that of 8Q is inverted with those of the group, and going down, 1/Z
// of a row is that of the next times the ratio of their Z.
fn multiples_make(lanes: u32, lane: u32, q: affine) {
    var p = jacobian(q.x, q.y, FE_ONE);
    u256_store(WORK_MULTIPLES, lanes, lane, p.x);
    u256_store(WORK_MULTIPLES + 8u, lanes, lane, p.y);
    for (var row = 1u; row < KEY_MULTIPLES; row++) {
        var ratio: u256;
        if row == 1u {
            p = ge_double(p);
            ratio = p.z;
        } else {
            let s = ge_add_affine(p, q, 1u);
            p = s.point;
            ratio = s.h;
        }
        let at = WORK_MULTIPLES + POINT_WORDS * row;
        u256_store(at, lanes, lane, p.x);
        u256_store(at + 8u, lanes, lane, p.y);
        u256_store(WORK_RATIOS + 8u * (row - 1u), lanes, lane, ratio);
    }
    u256_store(WORK_PRODUCT, lanes, lane, p.z);
}

// The other half, given 1/Z of 8Q.
fn multiples_scale(lanes: u32, lane: u32, inverse_of_last: u256) {
    var inverse = inverse_of_last;
    for (var row = KEY_MULTIPLES - 1u; row > 0u; row--) {
        let at = WORK_MULTIPLES + POINT_WORDS * row;
        let q = ge_scale(u256_load(at, lanes, lane), u256_load(at + 8u, lanes, lane), inverse);
        u256_store(at, lanes, lane, q.x);
        u256_store(at + 8u, lanes, lane, q.y);
        inverse = fe_mul(inverse, u256_load(WORK_RATIOS + 8u * (row - 1u), lanes, lane));
    }
}

@compute @workgroup_size(64)
fn key_multiples(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    multiples_make(lanes, lane, affine(u256_load(WORK_X, lanes, lane), u256_load(WORK_Y, lanes, lane)));
    let inverse = group_inv_fe(local, u256_load(WORK_PRODUCT, lanes, lane));
    multiples_scale(lanes, lane, inverse);
}

// A row of a table before its sign is applied, and the digit that named it.
struct term {
    row: affine,
    d: digit,
}

// The row of the table of G that digit `window` of u1 names, with its sign, and whether it is taken.
fn row_of_base(lanes: u32, lane: u32, window: u32) -> term {
    let d = digit_load(WORK_DIGITS_1, lanes, lane, window, 8u);
    let row = ge_row(params[PARAM_GENERATOR_AT] + POINT_WORDS * (G_MULTIPLES * window + d.multiple - 1u));
    return term(row, d);
}

// Keeps the product. Where equal or opposite points met, or the product is infinity, the lane is left to the host.
fn product_keep(lanes: u32, lane: u32, p: jacobian, met: u32) {
    u256_store(WORK_PRODUCT, lanes, lane, p.x);
    u256_store(WORK_PRODUCT + 8u, lanes, lane, p.y);
    u256_store(WORK_PRODUCT + 16u, lanes, lane, p.z);
    if (met | u256_is_zero(p.z)) == 1u && work_word(WORK_STATUS, lanes, lane) == 0u {
        work[WORK_STATUS * lanes + lane] = UNDECIDED;
    }
}

// u1*G + u2*Q. The terms of the key, most significant window first, then those of G: one loop, so that drivers, which paste in all that is called, compile one
// addition.
@compute @workgroup_size(64)
fn double_product(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    digits_store(WORK_DIGITS_1, lanes, lane, digits_of_base(u256_load(WORK_U1, lanes, lane)));
    let u2 = u256_load(WORK_U2, lanes, lane);
    for (var part = 0u; part < KEY_PARTS; part++) {
        digits_store(WORK_DIGITS_2 + 9u * part, lanes, lane, digits_of_key(u2, part));
    }
    var p = ge_infinity();
    var met = 0u;
    for (var step = 0u; step < KEY_PARTS * KEY_DIGITS + G_WINDOWS; step++) {
        var t: term;
        if step < KEY_PARTS * KEY_DIGITS {
            let window = KEY_DIGITS - 1u - step / KEY_PARTS;
            let part = step % KEY_PARTS;
            if part == 0u {
                for (var i = 0u; i < 4u; i++) {
                    p = ge_double(p);
                }
            }
            t.d = digit_load(WORK_DIGITS_2 + 9u * part, lanes, lane, window, 4u);
            let at = WORK_MULTIPLES + POINT_WORDS * (t.d.multiple - 1u);
            t.row = point_of_part(affine(u256_load(at, lanes, lane), u256_load(at + 8u, lanes, lane)), part);
        } else {
            t = row_of_base(lanes, lane, step - KEY_PARTS * KEY_DIGITS);
        }
        let s = ge_add_affine(p, ge_neg_if(t.row, t.d.negative), t.d.take);
        p = s.point;
        met |= s.met;
    }
    product_keep(lanes, lane, p, met);
}

// x(R') modulo n, and the verdict.
@compute @workgroup_size(64)
fn decide(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    let inverse = group_inv_fe(local, u256_load(WORK_PRODUCT + 16u, lanes, lane));
    if !is_past(lane) {
        let x = fe_mul(u256_load(WORK_PRODUCT, lanes, lane), fe_sqr(inverse));
        var r = sc_reduce(fe_to_integer(x));
        if CURVE_SM2 == 1u {
            r = sc_add(r, u256_load(WORK_E, lanes, lane));
        }
        var code = work_word(WORK_STATUS, lanes, lane);
        if code == 0u && work_word(WORK_REFUSED, lanes, lane) != 0u {
            code = REASON_LOW_S_POLICY;
        }
        if code == 0u {
            code = select(REASON_EQUATION, CODE_VALID, u256_equal(r, u256_load(WORK_R, lanes, lane)) == 1u);
        }
        let at = VERIFY_WORDS * item_of(lane);
        output[at] = code;
        output[at + 1u] = r[0];
        output[at + 2u] = r[1];
    }
}
