// Verification. A lane that is past the items, or whose status is decided, computes on with G as its key and 1 as r and s.
//
// What an item costs in field products M and squares S, an inversion (79M + 256S, and 189M for the tree) shared by 64 lanes counted in:
//
// | kernel | secp256k1 | P-256, SM2 |
// |---|---|---|
// | parse_items, whole key | 1M + 2S | 3M + 2S |
// | of a compressed key, or parse_recoveries | 80M + 258S | 82M + 258S |
// | scalars, modulo n | 11 | 11, SM2 0 |
// | key_multiples | 83M + 33S | 84M + 33S |
// | double_product | 1213M + 822S | 1792M + 1312S |
// | known_product in place of these two | 768M + 288S | 768M + 288S |
// | decide | 5M + 5S | 6M + 5S |
// | write_keys | 7M + 5S | |
//
// A product is 64 multiply-adds of words, a square 36; the fold of secp256k1 adds 9 to each, and one modulo n is 136. So an item with an unknown key takes
// 136,000 multiply-adds on secp256k1 (153,000 for a recovery), 171,000 on P-256 and 169,000 on SM2; one with a known key 71,000, 62,000 and 60,000.

// Whether the lane has no item.
#define IS_PAST(lane) ((lane) >= params[PARAM_ITEMS])

FUNCTION uint work_word(GLOBAL const uint *work, uint at, uint lanes, uint lane) { return work[at * lanes + lane]; }

#if KERNEL_parse_items
// Signature and key to numbers. In order: encoding, r, s, the key, and for SM2 r + s = 0.
KERNEL(parse_items) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    signature s;
    key k;
    s.status = UNDECIDED;
    k.point = ge_generator();
    if (!IS_PAST(lane)) {
        uint item = item_of(params, input, lane);
        range bytes = string_at(params, input, params[PARAM_SIGNATURE_ENDS_AT], params[PARAM_SIGNATURES_AT], item);
        if (params[PARAM_FLAGS] & FLAG_DER) {
            s = signature_der(input, bytes);
        } else {
            s = signature_raw(input, bytes, bytes.length == 64);
        }
        k = key_parse(input, string_at(params, input, params[PARAM_KEY_ENDS_AT], params[PARAM_KEYS_AT], item));
        if (s.status == 0) s.status = k.status;
#if CURVE_SM2
        if (s.status == 0 && u256_is_zero(sc_add(s.r, s.s))) s.status = REASON_R_PLUS_S_IS_ZERO;
#endif
    }
    uint decided = s.status != 0;
    work[WORK_STATUS * lanes + lane] = s.status;
    u256_store(work, WORK_R, lanes, lane, u256_select(s.r, u256_small(1), decided));
    u256_store(work, WORK_S, lanes, lane, u256_select(s.s, u256_small(1), decided));
    u256_store(work, WORK_X, lanes, lane, k.point.x);
    u256_store(work, WORK_Y, lanes, lane, k.point.y);
}
#endif

#if KERNEL_hash_inputs
// The digest as an integer modulo n: of the digest given, of the message, or for SM2 of Z_A and the message.
KERNEL(hash_inputs) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    u256 e = u256_small(0);
    if (!IS_PAST(lane)) {
        uint item = item_of(params, input, lane);
        range body = string_at(params, input, params[PARAM_INPUT_ENDS_AT], params[PARAM_INPUTS_AT], item);
        if (params[PARAM_FLAGS] & FLAG_MESSAGES) {
            digest d;
#if CURVE_SM2
            text t = text_of_z_a(string_at(params, input, params[PARAM_ID_ENDS_AT], params[PARAM_IDS_AT], item),
                                 fe_to_integer(u256_load(work, WORK_X, lanes, lane)), fe_to_integer(u256_load(work, WORK_Y, lanes, lane)));
            for (uint pass = 0; pass < 2; pass++) {
                d = hash_text(input, &t);
                t = text_of_message(d, body);
            }
#else
            text t = text_of(body);
            d = hash_text(input, &t);
#endif
            e = u256_of_digest(d);
        } else {
            e = input_u256(input, body.at);
        }
    }
    u256_store(work, WORK_E, lanes, lane, sc_reduce(e));
}
#endif

#if KERNEL_scalars
// The factors of G and of the key. ECDSA: u1 = e/s, u2 = r/s. SM2: u1 = s, u2 = r + s.
KERNEL(scalars) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    sc r = u256_load(work, WORK_R, lanes, lane);
    sc s = u256_load(work, WORK_S, lanes, lane);
#if CURVE_SM2
    u256_store(work, WORK_U1, lanes, lane, s);
    u256_store(work, WORK_U2, lanes, lane, sc_add(r, s));
    work[WORK_REFUSED * lanes + lane] = 0;
#else
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    sc inverse = group_inv_sc(shared, LOCAL_LANE(), sc_from_integer(s));
    u256_store(work, WORK_U1, lanes, lane, sc_mul(inverse, u256_load(work, WORK_E, lanes, lane)));
    u256_store(work, WORK_U2, lanes, lane, sc_mul(inverse, r));
    work[WORK_REFUSED * lanes + lane] = ((params[PARAM_FLAGS] & FLAG_LOW_S) != 0) & sc_is_high(s);
#endif
}
#endif

// 1Q to 8Q, affine. Row m of the multiples holds X and Y of (m + 1)Q until 1/Z is known: that of 8Q is inverted with those of the group, and going down, 1/Z
// of a row is that of the next times the ratio of their Z.
FUNCTION void multiples_make(GLOBAL uint *work, uint lanes, uint lane, affine q) {
    jacobian p;
    p.x = q.x;
    p.y = q.y;
    p.z = U256(FE_ONE);
    u256_store(work, WORK_MULTIPLES, lanes, lane, p.x);
    u256_store(work, WORK_MULTIPLES + 8, lanes, lane, p.y);
    for (uint row = 1; row < KEY_MULTIPLES; row++) {
        fe ratio;
        if (row == 1) {
            p = ge_double(p);
            ratio = p.z;
        } else {
            sum s = ge_add_affine(p, q, 1);
            p = s.point;
            ratio = s.h;
        }
        uint at = WORK_MULTIPLES + POINT_WORDS * row;
        u256_store(work, at, lanes, lane, p.x);
        u256_store(work, at + 8, lanes, lane, p.y);
        u256_store(work, WORK_RATIOS + 8 * (row - 1), lanes, lane, ratio);
    }
    u256_store(work, WORK_PRODUCT, lanes, lane, p.z);
}

// The other half, given 1/Z of 8Q.
FUNCTION void multiples_scale(GLOBAL uint *work, uint lanes, uint lane, fe inverse) {
    for (uint row = KEY_MULTIPLES - 1; row > 0; row--) {
        uint at = WORK_MULTIPLES + POINT_WORDS * row;
        affine q = ge_scale(u256_load(work, at, lanes, lane), u256_load(work, at + 8, lanes, lane), inverse);
        u256_store(work, at, lanes, lane, q.x);
        u256_store(work, at + 8, lanes, lane, q.y);
        inverse = fe_mul(inverse, u256_load(work, WORK_RATIOS + 8 * (row - 1), lanes, lane));
    }
}

#if KERNEL_key_multiples
KERNEL(key_multiples) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    affine q;
    q.x = u256_load(work, WORK_X, lanes, lane);
    q.y = u256_load(work, WORK_Y, lanes, lane);
    multiples_make(work, lanes, lane, q);
    fe inverse = group_inv_fe(shared, LOCAL_LANE(), u256_load(work, WORK_PRODUCT, lanes, lane));
    multiples_scale(work, lanes, lane, inverse);
}
#endif

// p + u1*G by the table of G; the digits stand in the work.
FUNCTION sum product_of_base(GLOBAL const uint *params, GLOBAL const uint *work, GLOBAL const uint *tables, uint lanes, uint lane, sum p) {
    for (uint window = 0; window < G_WINDOWS; window++) {
        digit d = digit_load(work, WORK_DIGITS_1, lanes, lane, window, 8);
        affine row = ge_row(tables, params[PARAM_GENERATOR_AT] + POINT_WORDS * (G_MULTIPLES * window + d.multiple - 1));
        uint met = p.met;
        p = ge_add_affine(p.point, ge_neg_if(row, d.negative), d.take);
        p.met |= met;
    }
    return p;
}

// Keeps the product. Where equal or opposite points met, or the product is infinity, the lane is left to the host.
FUNCTION void product_keep(GLOBAL uint *work, uint lanes, uint lane, sum p) {
    u256_store(work, WORK_PRODUCT, lanes, lane, p.point.x);
    u256_store(work, WORK_PRODUCT + 8, lanes, lane, p.point.y);
    u256_store(work, WORK_PRODUCT + 16, lanes, lane, p.point.z);
    if ((p.met | u256_is_zero(p.point.z)) && work_word(work, WORK_STATUS, lanes, lane) == 0) work[WORK_STATUS * lanes + lane] = UNDECIDED;
}

#if KERNEL_double_product
// u1*G + u2*Q.
KERNEL(double_product) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    digits_store(work, WORK_DIGITS_1, lanes, lane, digits_of_base(u256_load(work, WORK_U1, lanes, lane)));
    sc u2 = u256_load(work, WORK_U2, lanes, lane);
    for (uint part = 0; part < KEY_PARTS; part++) digits_store(work, WORK_DIGITS_2 + 9 * part, lanes, lane, digits_of_key(u2, part));
    sum p;
    p.point = ge_infinity();
    p.met = 0;
    for (uint window = KEY_DIGITS; window-- > 0;) {
        for (uint i = 0; i < 4; i++) p.point = ge_double(p.point);
        for (uint part = 0; part < KEY_PARTS; part++) {
            digit d = digit_load(work, WORK_DIGITS_2 + 9 * part, lanes, lane, window, 4);
            uint at = WORK_MULTIPLES + POINT_WORDS * (d.multiple - 1);
            affine row;
            row.x = u256_load(work, at, lanes, lane);
            row.y = u256_load(work, at + 8, lanes, lane);
#if CURVE_SECP256K1
            if (part == 1) row.x = fe_mul(row.x, U256(BETA));
#endif
            uint met = p.met;
            p = ge_add_affine(p.point, ge_neg_if(row, d.negative), d.take);
            p.met |= met;
        }
    }
    product_keep(work, lanes, lane, product_of_base(params, work, tables, lanes, lane, p));
}
#endif

#if KERNEL_decide
// x(R') modulo n, and the verdict.
KERNEL(decide) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    fe inverse = group_inv_fe(shared, LOCAL_LANE(), u256_load(work, WORK_PRODUCT + 16, lanes, lane));
    if (!IS_PAST(lane)) {
        fe x = fe_mul(u256_load(work, WORK_PRODUCT, lanes, lane), fe_sqr(inverse));
        sc r = sc_reduce(fe_to_integer(x));
#if CURVE_SM2
        r = sc_add(r, u256_load(work, WORK_E, lanes, lane));
#endif
        uint code = work_word(work, WORK_STATUS, lanes, lane);
        if (code == 0 && work_word(work, WORK_REFUSED, lanes, lane)) code = REASON_LOW_S_POLICY;
        if (code == 0) code = u256_equal(r, u256_load(work, WORK_R, lanes, lane)) ? CODE_VALID : REASON_EQUATION;
        uint at = VERIFY_WORDS * item_of(params, input, lane);
        output[at] = code;
        output[at + 1] = r.w[0];
        output[at + 2] = r.w[1];
    }
}
#endif
