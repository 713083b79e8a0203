// Keys that come again: a table of each, so that the product with it needs no doublings.

// The first word of a key's table.
FUNCTION uint key_table(GLOBAL const uint *params, uint slot) {
    return params[PARAM_KEY_TABLES_AT] + KEY_TABLE_WORDS * (slot < params[PARAM_KEY_PLACES] ? slot : 0);
}

#if KERNEL_key_tables
// The tables of some keys: each group makes one, each of its lanes a window. At the word of the input that `turn` names stand, for each group, the lane that
// has the key, which parse_items has read, and the slot of its table. The lanes' own multiples and products in `work` are overwritten.
KERNEL(key_tables) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint window = LOCAL_LANE();
    uint lanes = params[PARAM_LANES];
    uint whose = input[params[PARAM_TURN] + 2 * GROUP()];
    whose = whose < lanes ? whose : 0;
    uint slot = input[params[PARAM_TURN] + 2 * GROUP() + 1];
    jacobian p;
    p.x = u256_load(work, WORK_X, lanes, whose);
    p.y = u256_load(work, WORK_Y, lanes, whose);
    p.z = U256(FE_ONE);
    for (uint i = 0; i < 4 * window; i++) p = ge_double(p);
    // One call in a loop: PoCL fails to compile a kernel that calls a function with barriers at two places.
    fe z = p.z;
    for (uint pass = 0; pass < 2; pass++) {
        fe inverse = group_inv_fe(shared, window, z);
        if (pass == 0) {
            multiples_make(work, lanes, lane, ge_scale(p.x, p.y, inverse));
            z = u256_load(work, WORK_PRODUCT, lanes, lane);
        } else {
            multiples_scale(work, lanes, lane, inverse);
        }
    }
    uint table = key_table(params, slot) + POINT_WORDS * KEY_MULTIPLES * window;
    for (uint row = 0; row < KEY_MULTIPLES; row++) {
        uint at = WORK_MULTIPLES + POINT_WORDS * row;
        u256_put(tables, table + POINT_WORDS * row, u256_load(work, at, lanes, lane));
        u256_put(tables, table + POINT_WORDS * row + 8, u256_load(work, at + 8, lanes, lane));
    }
}
#endif

#if KERNEL_known_product
// u1*G + u2*Q, where Q has a table: the item names its slot.
KERNEL(known_product) {
    uint lane = LANE();
    uint lanes = params[PARAM_LANES];
    uint slot = IS_PAST(lane) ? 0 : input[params[PARAM_KEY_SLOTS_AT] + item_of(params, input, lane)];
    digits_store(work, WORK_DIGITS_1, lanes, lane, digits_of_base(u256_load(work, WORK_U1, lanes, lane)));
    digits_store(work, WORK_DIGITS_2, lanes, lane, digits_of_known(u256_load(work, WORK_U2, lanes, lane)));
    sum p;
    p.point = ge_infinity();
    p.met = 0;
    for (uint window = 0; window < KEY_WINDOWS; window++) {
        digit d = digit_load(work, WORK_DIGITS_2, lanes, lane, window, 4);
        affine row = ge_row(tables, key_table(params, slot) + POINT_WORDS * (KEY_MULTIPLES * window + d.multiple - 1));
        uint met = p.met;
        p = ge_add_affine(p.point, ge_neg_if(row, d.negative), d.take);
        p.met |= met;
    }
    product_keep(work, lanes, lane, product_of_base(params, work, tables, lanes, lane, p));
}
#endif
