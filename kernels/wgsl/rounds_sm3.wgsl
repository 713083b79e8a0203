// SM3 (GB/T 32905-2016).

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
    var t = HASH_T;
    for (var j = 0u; j < 64u; j++) {
        let rotated = word_rotate(a, 12u);
        let ss1 = word_rotate(rotated + e + t[j], 7u);
        let ss2 = ss1 ^ rotated;
        let ff = select((a & b) | (a & c) | (b & c), a ^ b ^ c, j < 16u);
        let gg = select((e & f) | (~e & g), e ^ f ^ g, j < 16u);
        let tt1 = ff + d + ss2 + (w[0] ^ w[4]);
        let tt2 = gg + h + ss1 + w[0];
        d = c;
        c = word_rotate(b, 9u);
        b = a;
        a = tt1;
        h = g;
        g = word_rotate(f, 19u);
        f = e;
        e = tt2 ^ word_rotate(tt2, 9u) ^ word_rotate(tt2, 17u);
        let mixed = w[0] ^ w[7] ^ word_rotate(w[13], 15u);
        let next = mixed ^ word_rotate(mixed, 15u) ^ word_rotate(mixed, 23u) ^ word_rotate(w[3], 7u) ^ w[10];
        w = hash_words(w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], w[12], w[13], w[14], w[15], next);
    }
    return hash_state(state[0] ^ a, state[1] ^ b, state[2] ^ c, state[3] ^ d, state[4] ^ e, state[5] ^ f, state[6] ^ g, state[7] ^ h);
}

// The digest, each word big-endian.
fn hash_end(state: hash_state) -> array<u32, 8> {
    return state;
}
