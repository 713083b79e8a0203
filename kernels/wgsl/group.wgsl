// What the lanes of a group do together. Every lane of a group calls these, or none does.

// The nodes of a tree of products: the root is 1, the children of i are 2i and 2i + 1, the leaves stand at GROUP_LANES + lane. Word w of node i is at
// w * 2 * GROUP_LANES + i.
var<workgroup> group_nodes: array<u32, 1024>;

fn group_load(node: u32) -> u256 {
    return u256(
        group_nodes[node], group_nodes[node + 128u], group_nodes[node + 256u], group_nodes[node + 384u],
        group_nodes[node + 512u], group_nodes[node + 640u], group_nodes[node + 768u], group_nodes[node + 896u],
    );
}

fn group_store(node: u32, a: u256) {
    group_nodes[node] = a[0];
    group_nodes[node + 128u] = a[1];
    group_nodes[node + 256u] = a[2];
    group_nodes[node + 384u] = a[3];
    group_nodes[node + 512u] = a[4];
    group_nodes[node + 640u] = a[5];
    group_nodes[node + 768u] = a[6];
    group_nodes[node + 896u] = a[7];
}

// What a lane multiplies on a level of the tree, for the node `width` + lane: going up its children, going down its parent, which holds its inverse by then,
// and its sister.
struct group_nodes_of {
    width: u32,
    first: u32,
    second: u32,
}

fn group_pair(level: u32, lane: u32) -> group_nodes_of {
    if level < 6u {
        let width = (GROUP_LANES / 2u) >> level;
        return group_nodes_of(width, 2u * (width + lane), 2u * (width + lane) + 1u);
    }
    let width = 2u << (level - 6u);
    return group_nodes_of(width, (width + lane) / 2u, (width + lane) ^ 1u);
}

// 1/a for each lane of the group, with one inversion for all; 0 gives 0, and spoils no other lane's. Six levels up, an inversion, six levels down.
fn group_inv_fe(lane: u32, a: u256) -> u256 {
    let is_zero = u256_is_zero(a);
    workgroupBarrier();
    group_store(GROUP_LANES + lane, u256_select(a, FE_ONE, is_zero));
    workgroupBarrier();
    for (var level = 0u; level < 12u; level++) {
        if level == 6u {
            if lane == 0u {
                group_store(1u, fe_inv(group_load(1u)));
            }
            workgroupBarrier();
        }
        let pair = group_pair(level, lane);
        var product = u256_small(0u);
        if lane < pair.width {
            product = fe_mul(group_load(pair.first), group_load(pair.second));
        }
        workgroupBarrier();
        if lane < pair.width {
            group_store(pair.width + lane, product);
        }
        workgroupBarrier();
    }
    return u256_select(group_load(GROUP_LANES + lane), u256_small(0u), is_zero);
}

// The same modulo n, in Montgomery form.
fn group_inv_sc(lane: u32, a: u256) -> u256 {
    let is_zero = u256_is_zero(a);
    workgroupBarrier();
    group_store(GROUP_LANES + lane, u256_select(a, SC_ONE, is_zero));
    workgroupBarrier();
    for (var level = 0u; level < 12u; level++) {
        if level == 6u {
            if lane == 0u {
                group_store(1u, sc_inv(group_load(1u)));
            }
            workgroupBarrier();
        }
        let pair = group_pair(level, lane);
        var product = u256_small(0u);
        if lane < pair.width {
            product = sc_mul(group_load(pair.first), group_load(pair.second));
        }
        workgroupBarrier();
        if lane < pair.width {
            group_store(pair.width + lane, product);
        }
        workgroupBarrier();
    }
    return u256_select(group_load(GROUP_LANES + lane), u256_small(0u), is_zero);
}
