// Recovery on secp256k1: the key Q = u1*G + u2*R. R stands in the place of the key, so that the multiples and the product are those of verification.

#if KERNEL_parse_recoveries
// r||s||id to numbers and R. The id is the parity of y(R), plus 2 where x(R) = r + n. In order: encoding, r, s, R.
KERNEL(parse_recoveries) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    signature s;
    affine point = ge_generator();
    s.status = UNDECIDED;
    if (!IS_PAST(lane)) {
        uint item = item_of(params, input, lane);
        range bytes = string_at(params, input, params[PARAM_SIGNATURE_ENDS_AT], params[PARAM_SIGNATURES_AT], item);
        uint id = bytes.length == 65 ? input_byte(input, bytes.at + 64) : 4;
        s = signature_raw(input, bytes, id < 4);
        if (s.status == 0) {
            u257 x = u256_add(s.r, u256_select(u256_small(0), U256(N), id >> 1));
            s.status = REASON_NOT_RECOVERABLE;
            if (!x.carry && u256_less(x.value, U256(P))) {
                lifted root = ge_lift_x(fe_from_integer(x.value), id & 1u);
                if (root.found) {
                    point = root.point;
                    s.status = 0;
                }
            }
        }
    }
    uint decided = s.status != 0;
    work[WORK_STATUS * lanes + lane] = s.status;
    u256_store(work, WORK_R, lanes, lane, u256_select(s.r, u256_small(1), decided));
    u256_store(work, WORK_S, lanes, lane, u256_select(s.s, u256_small(1), decided));
    u256_store(work, WORK_X, lanes, lane, point.x);
    u256_store(work, WORK_Y, lanes, lane, point.y);
}
#endif

#if KERNEL_recovery_scalars
// u1 = -e/r, u2 = s/r.
KERNEL(recovery_scalars) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    sc s = u256_load(work, WORK_S, lanes, lane);
    sc inverse = group_inv_sc(shared, LOCAL_LANE(), sc_from_integer(u256_load(work, WORK_R, lanes, lane)));
    u256_store(work, WORK_U1, lanes, lane, sc_neg(sc_mul(inverse, u256_load(work, WORK_E, lanes, lane))));
    u256_store(work, WORK_U2, lanes, lane, sc_mul(inverse, s));
    work[WORK_REFUSED * lanes + lane] = ((params[PARAM_FLAGS] & FLAG_LOW_S) != 0) & sc_is_high(s);
}
#endif

#if KERNEL_write_keys
// The key, affine; zeros where the verdict is not valid.
KERNEL(write_keys) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    fe inverse = group_inv_fe(shared, LOCAL_LANE(), u256_load(work, WORK_PRODUCT + 16, lanes, lane));
    if (!IS_PAST(lane)) {
        affine q = ge_scale(u256_load(work, WORK_PRODUCT, lanes, lane), u256_load(work, WORK_PRODUCT + 8, lanes, lane), inverse);
        uint code = work_word(work, WORK_STATUS, lanes, lane);
        if (code == 0) code = work_word(work, WORK_REFUSED, lanes, lane) ? REASON_LOW_S_POLICY : CODE_VALID;
        uint valid = code == CODE_VALID;
        uint at = RECOVER_WORDS * item_of(params, input, lane);
        output[at] = code;
        u256_put(output, at + 1, u256_select(u256_small(0), fe_to_integer(q.x), valid));
        u256_put(output, at + 9, u256_select(u256_small(0), fe_to_integer(q.y), valid));
    }
}
#endif
