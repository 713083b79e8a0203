// What the lanes of a group do together. All lanes of a group come here, or none.
//
// The values of the group are the leaves of a tree, 64 + lane, of which node i is the product of nodes 2i and 2i + 1. The root is inverted once; going down, the
// inverse of a node times one child is the inverse of the other: 189 products for 64 inversions.

// The words of the group's memory: word w of node i stands at 128w + i.
#define GROUP_WORDS 1024

FUNCTION u256 group_load(LOCAL const uint *shared, uint node) {
    u256 a;
    UNROLL for (uint i = 0; i < 8; i++) a.w[i] = shared[128 * i + node];
    return a;
}

FUNCTION void group_store(LOCAL uint *shared, uint node, u256 a) {
    UNROLL for (uint i = 0; i < 8; i++) shared[128 * i + node] = a.w[i];
}

// 1/a, and 0 for 0, which counts as 1 on the way.
FUNCTION fe group_inv_fe(LOCAL uint *shared, uint lane, fe a) {
    uint zero = u256_is_zero(a);
    group_store(shared, GROUP_LANES + lane, u256_select(a, U256(FE_ONE), zero));
    for (uint width = GROUP_LANES / 2; width > 0; width /= 2) {
        BARRIER();
        uint node = width + lane;
        if (lane < width) group_store(shared, node, fe_mul(group_load(shared, 2 * node), group_load(shared, 2 * node + 1)));
    }
    if (lane == 0) group_store(shared, 1, fe_inv(group_load(shared, 1)));
    for (uint width = 1; width < GROUP_LANES; width *= 2) {
        BARRIER();
        uint node = width + lane;
        if (lane < width) {
            fe inverse = group_load(shared, node);
            fe left = group_load(shared, 2 * node);
            group_store(shared, 2 * node, fe_mul(inverse, group_load(shared, 2 * node + 1)));
            group_store(shared, 2 * node + 1, fe_mul(inverse, left));
        }
    }
    BARRIER();
    return u256_select(group_load(shared, GROUP_LANES + lane), u256_small(0), zero);
}

// The same modulo n, in Montgomery form.
FUNCTION sc group_inv_sc(LOCAL uint *shared, uint lane, sc a) {
    uint zero = u256_is_zero(a);
    group_store(shared, GROUP_LANES + lane, u256_select(a, U256(SC_ONE), zero));
    for (uint width = GROUP_LANES / 2; width > 0; width /= 2) {
        BARRIER();
        uint node = width + lane;
        if (lane < width) group_store(shared, node, sc_mul(group_load(shared, 2 * node), group_load(shared, 2 * node + 1)));
    }
    if (lane == 0) group_store(shared, 1, sc_inv(group_load(shared, 1)));
    for (uint width = 1; width < GROUP_LANES; width *= 2) {
        BARRIER();
        uint node = width + lane;
        if (lane < width) {
            sc inverse = group_load(shared, node);
            sc left = group_load(shared, 2 * node);
            group_store(shared, 2 * node, sc_mul(inverse, group_load(shared, 2 * node + 1)));
            group_store(shared, 2 * node + 1, sc_mul(inverse, left));
        }
    }
    BARRIER();
    return u256_select(group_load(shared, GROUP_LANES + lane), u256_small(0), zero);
}
