// Recovery on secp256k1: the key Q = u1*G + u2*R. R stands in the place of the key, so that the multiples and the product are those of verification.

// r||s||id to numbers and R. The id is the parity of y(R), plus 2 where x(R) = r + n. In order: encoding, r, s, R.
@compute @workgroup_size(64)
fn parse_recoveries(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    var s = signature(u256_small(1u), u256_small(1u), UNDECIDED);
    var point = ge_generator();
    if !is_past(lane) {
        let bytes = string_at(params[PARAM_SIGNATURE_ENDS_AT], params[PARAM_SIGNATURES_AT], item_of(lane));
        var recovery_id = 4u;
        if bytes.length == 65u {
            recovery_id = input_byte(bytes.at + 64u);
        }
        s = signature_raw(bytes, u32(recovery_id < 4u));
        if s.status == 0u {
            let x = u256_add(s.r, u256_select(u256_small(0u), N, recovery_id >> 1u));
            s.status = REASON_NOT_RECOVERABLE;
            if x.carry == 0u && u256_less(x.value, P) == 1u {
                let root = ge_lift_x(fe_from_integer(x.value), recovery_id & 1u);
                if root.found == 1u {
                    point = root.point;
                    s.status = 0u;
                }
            }
        }
    }
    parsed_keep(lanes, lane, s, point);
}

// u1 = -e/r, u2 = s/r.
@compute @workgroup_size(64)
fn recovery_scalars(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    let s = u256_load(WORK_S, lanes, lane);
    let inverse = group_inv_sc(local, sc_from_integer(u256_load(WORK_R, lanes, lane)));
    u256_store(WORK_U1, lanes, lane, sc_neg(sc_mul(inverse, u256_load(WORK_E, lanes, lane))));
    u256_store(WORK_U2, lanes, lane, sc_mul(inverse, s));
    work[WORK_REFUSED * lanes + lane] = u32((params[PARAM_FLAGS] & FLAG_LOW_S) != 0u) & sc_is_high(s);
}

// The key, affine; zeros where the verdict is not valid.
@compute @workgroup_size(64)
fn write_keys(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    let inverse = group_inv_fe(local, u256_load(WORK_PRODUCT + 16u, lanes, lane));
    if !is_past(lane) {
        let q = ge_scale(u256_load(WORK_PRODUCT, lanes, lane), u256_load(WORK_PRODUCT + 8u, lanes, lane), inverse);
        var code = work_word(WORK_STATUS, lanes, lane);
        if code == 0u {
            code = select(CODE_VALID, REASON_LOW_S_POLICY, work_word(WORK_REFUSED, lanes, lane) != 0u);
        }
        let valid = u32(code == CODE_VALID);
        let at = RECOVER_WORDS * item_of(lane);
        output[at] = code;
        var x = u256_select(u256_small(0u), fe_to_integer(q.x), valid);
        var y = u256_select(u256_small(0u), fe_to_integer(q.y), valid);
        for (var i = 0u; i < 8u; i++) {
            output[at + 1u + i] = x[i];
            output[at + 9u + i] = y[i];
        }
    }
}
