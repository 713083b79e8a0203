// Keys that come again: a table of each, so that the product with it needs no doublings.

// The first word of a key's table.
fn key_table(slot: u32) -> u32 {
    return params[PARAM_KEY_TABLES_AT] + KEY_TABLE_WORDS * select(0u, slot, slot < params[PARAM_KEY_PLACES]);
}

// The tables of some keys: each group makes one, each of its lanes a window. At the word of the input that `turn` names stand, for each group, the lane that
// has the key, which parse_items has read, and the slot of its table. The lanes' own multiples and products in `work` are overwritten.
@compute @workgroup_size(64)
fn key_tables(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) window: u32,
) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    var whose = input[params[PARAM_TURN] + 2u * group.x];
    whose = select(0u, whose, whose < lanes);
    let slot = input[params[PARAM_TURN] + 2u * group.x + 1u];
    var p = jacobian(u256_load(WORK_X, lanes, whose), u256_load(WORK_Y, lanes, whose), FE_ONE);
    for (var i = 0u; i < 4u * window; i++) {
        p = ge_double(p);
    }
    let q = ge_scale(p.x, p.y, group_inv_fe(window, p.z));
    multiples_make(lanes, lane, q);
    multiples_scale(lanes, lane, group_inv_fe(window, u256_load(WORK_PRODUCT, lanes, lane)));
    let table = key_table(slot) + POINT_WORDS * KEY_MULTIPLES * window;
    for (var row = 0u; row < KEY_MULTIPLES; row++) {
        let at = WORK_MULTIPLES + POINT_WORDS * row;
        u256_put(table + POINT_WORDS * row, u256_load(at, lanes, lane));
        u256_put(table + POINT_WORDS * row + 8u, u256_load(at + 8u, lanes, lane));
    }
}

// u1*G + u2*Q, where Q has a table: the item names its slot.
@compute @workgroup_size(64)
fn known_product(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    let lanes = params[PARAM_LANES];
    var slot = 0u;
    if !is_past(lane) {
        slot = input[params[PARAM_KEY_SLOTS_AT] + item_of(lane)];
    }
    digits_store(WORK_DIGITS_1, lanes, lane, digits_of_base(u256_load(WORK_U1, lanes, lane)));
    digits_store(WORK_DIGITS_2, lanes, lane, digits_of_known(u256_load(WORK_U2, lanes, lane)));
    var p = ge_infinity();
    var met = 0u;
    for (var step = 0u; step < KEY_WINDOWS + G_WINDOWS; step++) {
        var t: term;
        if step < KEY_WINDOWS {
            t.d = digit_load(WORK_DIGITS_2, lanes, lane, step, 4u);
            t.row = ge_row(key_table(slot) + POINT_WORDS * (KEY_MULTIPLES * step + t.d.multiple - 1u));
        } else {
            t = row_of_base(lanes, lane, step - KEY_WINDOWS);
        }
        let s = ge_add_affine(p, ge_neg_if(t.row, t.d.negative), t.d.take);
        p = s.point;
        met |= s.met;
    }
    product_keep(lanes, lane, p, met);
}
