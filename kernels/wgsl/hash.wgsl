// The hash of the program, of a text that is made up as it is read.

// What is hashed: some bytes of its own, bytes of the input, and for Z_A the curve and the key.
struct text {
    // Big-endian words.
    head: array<u32, 8>,
    head_bytes: u32,
    body: range,
    // x and y of the key, words big-endian, after the constants of the curve; without them the text ends with its body.
    tail: array<u32, 16>,
    tail_bytes: u32,
}

// Eight words, big-endian.
alias digest = array<u32, 8>;

fn text_bytes(t: ptr<function, text>) -> u32 {
    return (*t).head_bytes + (*t).body.length + (*t).tail_bytes;
}

// Byte `place` of a text with the first byte of the padding and zeros after it.
fn text_byte(t: ptr<function, text>, place: u32) -> u32 {
    if place < (*t).head_bytes {
        return ((*t).head[(place >> 2u) & 7u] >> (24u - 8u * (place & 3u))) & 0xffu;
    }
    let of_body = place - (*t).head_bytes;
    if of_body < (*t).body.length {
        return input_byte((*t).body.at + of_body);
    }
    let of_tail = of_body - (*t).body.length;
    if of_tail == (*t).tail_bytes {
        return HASH_PAD;
    }
    if of_tail > (*t).tail_bytes {
        return 0u;
    }
    var word: u32;
    if of_tail < 128u {
        word = z_a_word(of_tail >> 2u);
    } else {
        word = (*t).tail[(of_tail >> 2u) & 15u];
    }
    return (word >> (24u - 8u * (of_tail & 3u))) & 0xffu;
}

// Four bytes from `place`, big-endian.
fn text_word(t: ptr<function, text>, place: u32) -> u32 {
    if place >= (*t).head_bytes && place + 4u <= (*t).head_bytes + (*t).body.length {
        return input_word((*t).body.at + place - (*t).head_bytes);
    }
    var word = 0u;
    for (var i = 0u; i < 4u; i++) {
        word = (word << 8u) | text_byte(t, place + i);
    }
    return word;
}

// The digest of a text.
fn hash_text(t: ptr<function, text>) -> digest {
    var state = hash_begin();
    let bytes = text_bytes(t);
    let blocks = hash_blocks(bytes);
    for (var i = 0u; i < blocks; i++) {
        var block: hash_words;
        for (var word = 0u; word < HASH_BLOCK_WORDS; word++) {
            block[word] = text_word(t, HASH_BLOCK_BYTES * i + 4u * word);
        }
        if i + 1u == blocks {
            block = hash_last(block, bytes);
        }
        state = hash_block(state, block);
    }
    return hash_end(state);
}

// A text of some bytes of the input.
fn text_of(body: range) -> text {
    return text(digest(), 0u, body, array<u32, 16>(), 0u);
}

// Z_A's text: the length of the id in bits as two bytes, the id, the curve, the key (GB/T 32918.2, 5.5).
fn text_of_z_a(id: range, x: u256, y: u256) -> text {
    let tail = array<u32, 16>(x[7], x[6], x[5], x[4], x[3], x[2], x[1], x[0], y[7], y[6], y[5], y[4], y[3], y[2], y[1], y[0]);
    return text(digest(id.length << 19u, 0u, 0u, 0u, 0u, 0u, 0u, 0u), 2u, id, tail, 192u);
}

// The text of e: Z_A, then the message.
fn text_of_message(z_a: digest, message: range) -> text {
    return text(z_a, 32u, message, array<u32, 16>(), 0u);
}

// A digest as an integer.
fn u256_of_digest(d: digest) -> u256 {
    return u256(d[7], d[6], d[5], d[4], d[3], d[2], d[1], d[0]);
}
