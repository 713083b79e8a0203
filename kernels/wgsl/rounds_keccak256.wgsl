// Keccak-256 as Ethereum uses it (Keccak submission 3.0: rate 1088 bits, padding from 01). A lane of 64 bits is its low word and its high one.

alias hash_state = array<vec2<u32>, 25>;
alias hash_words = array<u32, 34>;
const HASH_BLOCK_WORDS: u32 = 34u;
// The first byte after a text; SHA-3 has 6.
const HASH_PAD: u32 = 1u;

fn hash_begin() -> hash_state {
    return hash_state();
}

// The blocks of a text of so many bytes.
fn hash_blocks(bytes: u32) -> u32 {
    return bytes / 136u + 1u;
}

// What the last block has beside the first byte of the padding: the last bit.
fn hash_last(block: hash_words, bytes: u32) -> hash_words {
    var words = block;
    words[33] |= 0x80u;
    return words;
}

// A lane, rotated to the left by 1 to 63 bits.
fn hash_rotate(a: vec2<u32>, by: u32) -> vec2<u32> {
    let turned = select(a, a.yx, by >= 32u);
    let bits = by % 32u;
    // Rotations by 32 do not occur.
    return (turned << vec2<u32>(bits)) | (turned.yx >> vec2<u32>(32u - bits));
}

fn hash_block(state: hash_state, block: hash_words) -> hash_state {
    let i0 = state[0] ^ vec2<u32>(word_swap(block[0]), word_swap(block[1]));
    let i1 = state[1] ^ vec2<u32>(word_swap(block[2]), word_swap(block[3]));
    let i2 = state[2] ^ vec2<u32>(word_swap(block[4]), word_swap(block[5]));
    let i3 = state[3] ^ vec2<u32>(word_swap(block[6]), word_swap(block[7]));
    let i4 = state[4] ^ vec2<u32>(word_swap(block[8]), word_swap(block[9]));
    let i5 = state[5] ^ vec2<u32>(word_swap(block[10]), word_swap(block[11]));
    let i6 = state[6] ^ vec2<u32>(word_swap(block[12]), word_swap(block[13]));
    let i7 = state[7] ^ vec2<u32>(word_swap(block[14]), word_swap(block[15]));
    let i8 = state[8] ^ vec2<u32>(word_swap(block[16]), word_swap(block[17]));
    let i9 = state[9] ^ vec2<u32>(word_swap(block[18]), word_swap(block[19]));
    let i10 = state[10] ^ vec2<u32>(word_swap(block[20]), word_swap(block[21]));
    let i11 = state[11] ^ vec2<u32>(word_swap(block[22]), word_swap(block[23]));
    let i12 = state[12] ^ vec2<u32>(word_swap(block[24]), word_swap(block[25]));
    let i13 = state[13] ^ vec2<u32>(word_swap(block[26]), word_swap(block[27]));
    let i14 = state[14] ^ vec2<u32>(word_swap(block[28]), word_swap(block[29]));
    let i15 = state[15] ^ vec2<u32>(word_swap(block[30]), word_swap(block[31]));
    let i16 = state[16] ^ vec2<u32>(word_swap(block[32]), word_swap(block[33]));
    var a = hash_state(i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11, i12, i13, i14, i15, i16, state[17], state[18], state[19], state[20], state[21], state[22], state[23], state[24]);
    var constants = KECCAK_ROUND;
    for (var round = 0u; round < 24u; round++) {
        // theta
        let c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
        let c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
        let c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
        let c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
        let c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
        let d0 = c4 ^ hash_rotate(c1, 1u);
        let d1 = c0 ^ hash_rotate(c2, 1u);
        let d2 = c1 ^ hash_rotate(c3, 1u);
        let d3 = c2 ^ hash_rotate(c4, 1u);
        let d4 = c3 ^ hash_rotate(c0, 1u);
        a = hash_state(a[0] ^ d0, a[1] ^ d1, a[2] ^ d2, a[3] ^ d3, a[4] ^ d4, a[5] ^ d0, a[6] ^ d1, a[7] ^ d2, a[8] ^ d3, a[9] ^ d4, a[10] ^ d0, a[11] ^ d1, a[12] ^ d2, a[13] ^ d3, a[14] ^ d4, a[15] ^ d0, a[16] ^ d1, a[17] ^ d2, a[18] ^ d3, a[19] ^ d4, a[20] ^ d0, a[21] ^ d1, a[22] ^ d2, a[23] ^ d3, a[24] ^ d4);
        // rho and pi
        var carried = a[1];
        var next = carried;
        next = a[KECCAK_PI[0]];
        a[KECCAK_PI[0]] = hash_rotate(carried, KECCAK_RHO[0]);
        carried = next;
        next = a[KECCAK_PI[1]];
        a[KECCAK_PI[1]] = hash_rotate(carried, KECCAK_RHO[1]);
        carried = next;
        next = a[KECCAK_PI[2]];
        a[KECCAK_PI[2]] = hash_rotate(carried, KECCAK_RHO[2]);
        carried = next;
        next = a[KECCAK_PI[3]];
        a[KECCAK_PI[3]] = hash_rotate(carried, KECCAK_RHO[3]);
        carried = next;
        next = a[KECCAK_PI[4]];
        a[KECCAK_PI[4]] = hash_rotate(carried, KECCAK_RHO[4]);
        carried = next;
        next = a[KECCAK_PI[5]];
        a[KECCAK_PI[5]] = hash_rotate(carried, KECCAK_RHO[5]);
        carried = next;
        next = a[KECCAK_PI[6]];
        a[KECCAK_PI[6]] = hash_rotate(carried, KECCAK_RHO[6]);
        carried = next;
        next = a[KECCAK_PI[7]];
        a[KECCAK_PI[7]] = hash_rotate(carried, KECCAK_RHO[7]);
        carried = next;
        next = a[KECCAK_PI[8]];
        a[KECCAK_PI[8]] = hash_rotate(carried, KECCAK_RHO[8]);
        carried = next;
        next = a[KECCAK_PI[9]];
        a[KECCAK_PI[9]] = hash_rotate(carried, KECCAK_RHO[9]);
        carried = next;
        next = a[KECCAK_PI[10]];
        a[KECCAK_PI[10]] = hash_rotate(carried, KECCAK_RHO[10]);
        carried = next;
        next = a[KECCAK_PI[11]];
        a[KECCAK_PI[11]] = hash_rotate(carried, KECCAK_RHO[11]);
        carried = next;
        next = a[KECCAK_PI[12]];
        a[KECCAK_PI[12]] = hash_rotate(carried, KECCAK_RHO[12]);
        carried = next;
        next = a[KECCAK_PI[13]];
        a[KECCAK_PI[13]] = hash_rotate(carried, KECCAK_RHO[13]);
        carried = next;
        next = a[KECCAK_PI[14]];
        a[KECCAK_PI[14]] = hash_rotate(carried, KECCAK_RHO[14]);
        carried = next;
        next = a[KECCAK_PI[15]];
        a[KECCAK_PI[15]] = hash_rotate(carried, KECCAK_RHO[15]);
        carried = next;
        next = a[KECCAK_PI[16]];
        a[KECCAK_PI[16]] = hash_rotate(carried, KECCAK_RHO[16]);
        carried = next;
        next = a[KECCAK_PI[17]];
        a[KECCAK_PI[17]] = hash_rotate(carried, KECCAK_RHO[17]);
        carried = next;
        next = a[KECCAK_PI[18]];
        a[KECCAK_PI[18]] = hash_rotate(carried, KECCAK_RHO[18]);
        carried = next;
        next = a[KECCAK_PI[19]];
        a[KECCAK_PI[19]] = hash_rotate(carried, KECCAK_RHO[19]);
        carried = next;
        next = a[KECCAK_PI[20]];
        a[KECCAK_PI[20]] = hash_rotate(carried, KECCAK_RHO[20]);
        carried = next;
        next = a[KECCAK_PI[21]];
        a[KECCAK_PI[21]] = hash_rotate(carried, KECCAK_RHO[21]);
        carried = next;
        next = a[KECCAK_PI[22]];
        a[KECCAK_PI[22]] = hash_rotate(carried, KECCAK_RHO[22]);
        carried = next;
        next = a[KECCAK_PI[23]];
        a[KECCAK_PI[23]] = hash_rotate(carried, KECCAK_RHO[23]);
        carried = next;
        // chi and iota
        a = hash_state(a[0] ^ (~a[1] & a[2]), a[1] ^ (~a[2] & a[3]), a[2] ^ (~a[3] & a[4]), a[3] ^ (~a[4] & a[0]), a[4] ^ (~a[0] & a[1]), a[5] ^ (~a[6] & a[7]), a[6] ^ (~a[7] & a[8]), a[7] ^ (~a[8] & a[9]), a[8] ^ (~a[9] & a[5]), a[9] ^ (~a[5] & a[6]), a[10] ^ (~a[11] & a[12]), a[11] ^ (~a[12] & a[13]), a[12] ^ (~a[13] & a[14]), a[13] ^ (~a[14] & a[10]), a[14] ^ (~a[10] & a[11]), a[15] ^ (~a[16] & a[17]), a[16] ^ (~a[17] & a[18]), a[17] ^ (~a[18] & a[19]), a[18] ^ (~a[19] & a[15]), a[19] ^ (~a[15] & a[16]), a[20] ^ (~a[21] & a[22]), a[21] ^ (~a[22] & a[23]), a[22] ^ (~a[23] & a[24]), a[23] ^ (~a[24] & a[20]), a[24] ^ (~a[20] & a[21]));
        a[0] ^= vec2<u32>(constants[2u * round], constants[2u * round + 1u]);
    }
    return a;
}

// The digest, each word big-endian.
fn hash_end(state: hash_state) -> array<u32, 8> {
    return array<u32, 8>(
        word_swap(state[0].x), word_swap(state[0].y), word_swap(state[1].x), word_swap(state[1].y),
        word_swap(state[2].x), word_swap(state[2].y), word_swap(state[3].x), word_swap(state[3].y),
    );
}
