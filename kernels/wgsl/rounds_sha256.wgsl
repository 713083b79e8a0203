// SHA-256 (FIPS 180-4).

alias hash_state = array<u32, 8>;
alias hash_words = array<u32, 16>;
const HASH_BLOCK_WORDS: u32 = 16u;
// The first byte after a text.
const HASH_PAD: u32 = 0x80u;

fn hash_begin() -> hash_state {
    return HASH_INITIAL;
}

// The blocks of a text of so many bytes.
fn hash_blocks(bytes: u32) -> u32 {
    return bytes / 64u + select(1u, 2u, bytes % 64u > 55u);
}

// What the last block has beside the first byte of the padding: the length in bits.
fn hash_last(block: hash_words, bytes: u32) -> hash_words {
    var words = block;
    words[14] = bytes >> 29u;
    words[15] = bytes << 3u;
    return words;
}

fn hash_block(state: hash_state, block: hash_words) -> hash_state {
    var w = block;
    var a = state[0];
    var b = state[1];
    var c = state[2];
    var d = state[3];
    var e = state[4];
    var f = state[5];
    var g = state[6];
    var h = state[7];
    var k = HASH_K;
    for (var i = 0u; i < 64u; i++) {
        let s1 = word_rotate(e, 26u) ^ word_rotate(e, 21u) ^ word_rotate(e, 7u);
        let t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[0];
        let s0 = word_rotate(a, 30u) ^ word_rotate(a, 19u) ^ word_rotate(a, 10u);
        let t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
        let near = word_rotate(w[14], 15u) ^ word_rotate(w[14], 13u) ^ (w[14] >> 10u);
        let far = word_rotate(w[1], 25u) ^ word_rotate(w[1], 14u) ^ (w[1] >> 3u);
        let next = w[0] + far + w[9] + near;
        w = hash_words(w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], w[12], w[13], w[14], w[15], next);
    }
    return hash_state(state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e, state[5] + f, state[6] + g, state[7] + h);
}

// The digest, each word big-endian.
fn hash_end(state: hash_state) -> array<u32, 8> {
    return state;
}
