// The hash of the program: Keccak-256, SHA-256 or SM3, of a text that is made up as it is read.

// What is hashed: some bytes of its own, bytes of the input, and for Z_A the curve and the key.
typedef struct {
    // Big-endian words.
    uint head[8];
    uint head_bytes;
    range body;
    // x and y of the key, words big-endian, after the constants of the curve; without them the text ends with its body.
    uint tail[16];
    uint tail_bytes;
} text;

// Eight words, big-endian.
typedef struct {
    uint w[8];
} digest;

#define HASH_BLOCK_WORDS (HASH_BLOCK_BYTES / 4)

typedef struct {
    uint w[HASH_BLOCK_WORDS];
} block;

#if HASH_KECCAK256
// The first byte after a text; the last byte of the last block is 0x80 more. SHA-3 has 6.
#define HASH_PAD 1u

typedef struct {
    ulong lanes[25];
} hash_state;

FUNCTION ulong keccak_rotate(ulong a, uint bits) { return a << bits | a >> (64u - bits); }

FUNCTION hash_state hash_begin(void) {
    hash_state s;
    UNROLL for (uint i = 0; i < 25; i++) s.lanes[i] = 0;
    return s;
}

// Takes a block into the state: Keccak-f[1600] (FIPS 202, 3.3).
NOINLINE FUNCTION hash_state hash_block(hash_state s, block b) {
    UNROLL for (uint i = 0; i < 17; i++) s.lanes[i] ^= (ulong)word_swap(b.w[2 * i + 1]) << 32 | word_swap(b.w[2 * i]);
    for (uint round = 0; round < 24; round++) {
        ulong parity[5];
        UNROLL for (uint x = 0; x < 5; x++) {
            parity[x] = s.lanes[x] ^ s.lanes[x + 5] ^ s.lanes[x + 10] ^ s.lanes[x + 15] ^ s.lanes[x + 20];
        }
        UNROLL for (uint i = 0; i < 25; i++) s.lanes[i] ^= parity[(i + 4) % 5] ^ keccak_rotate(parity[(i + 1) % 5], 1);
        ulong moving = s.lanes[1];
        UNROLL for (uint i = 0; i < 24; i++) {
            ulong next = s.lanes[KECCAK_PI[i]];
            s.lanes[KECCAK_PI[i]] = keccak_rotate(moving, KECCAK_RHO[i]);
            moving = next;
        }
        UNROLL for (uint row = 0; row < 25; row += 5) {
            ulong first = s.lanes[row], second = s.lanes[row + 1];
            UNROLL for (uint x = 0; x < 3; x++) s.lanes[row + x] ^= ~s.lanes[row + x + 1] & s.lanes[row + x + 2];
            s.lanes[row + 3] ^= ~s.lanes[row + 4] & first;
            s.lanes[row + 4] ^= ~first & second;
        }
        s.lanes[0] ^= (ulong)KECCAK_ROUND[2 * round + 1] << 32 | KECCAK_ROUND[2 * round];
    }
    return s;
}

FUNCTION digest hash_end(hash_state s) {
    digest d;
    UNROLL for (uint i = 0; i < 4; i++) {
        d.w[2 * i] = word_swap((uint)s.lanes[i]);
        d.w[2 * i + 1] = word_swap((uint)(s.lanes[i] >> 32));
    }
    return d;
}

// The blocks of a text of so many bytes.
FUNCTION uint hash_blocks(uint bytes) { return bytes / HASH_BLOCK_BYTES + 1; }

// What the last block has beside the first byte of the padding.
FUNCTION block hash_last(block b, uint bytes) {
    (void)bytes;
    b.w[HASH_BLOCK_WORDS - 1] |= 0x80u;
    return b;
}
#else
#define HASH_PAD 0x80u

typedef struct {
    uint w[8];
} hash_state;

FUNCTION hash_state hash_begin(void) {
    hash_state s;
    UNROLL for (uint i = 0; i < 8; i++) s.w[i] = HASH_INITIAL[i];
    return s;
}

#if HASH_SHA256
// FIPS 180-4, 6.2.2. The words of the schedule are a ring of 16.
NOINLINE FUNCTION hash_state hash_block(hash_state s, block words) {
    uint a = s.w[0], b = s.w[1], c = s.w[2], d = s.w[3], e = s.w[4], f = s.w[5], g = s.w[6], h = s.w[7];
    for (uint begin = 0; begin < 64; begin += 16) {
        UNROLL for (uint i = 0; i < 16; i++) {
            uint w = words.w[i];
            if (begin > 0) {
                uint w2 = words.w[(i + 14) % 16], w15 = words.w[(i + 1) % 16];
                w += (word_rotate(w2, 15) ^ word_rotate(w2, 13) ^ w2 >> 10) + words.w[(i + 9) % 16];
                w += word_rotate(w15, 25) ^ word_rotate(w15, 14) ^ w15 >> 3;
                words.w[i] = w;
            }
            uint t1 = h + (word_rotate(e, 26) ^ word_rotate(e, 21) ^ word_rotate(e, 7)) + ((e & f) ^ (~e & g)) + HASH_K[begin + i] + w;
            uint t2 = (word_rotate(a, 30) ^ word_rotate(a, 19) ^ word_rotate(a, 10)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
    }
    s.w[0] += a;
    s.w[1] += b;
    s.w[2] += c;
    s.w[3] += d;
    s.w[4] += e;
    s.w[5] += f;
    s.w[6] += g;
    s.w[7] += h;
    return s;
}
#else
// GB/T 32905, 5.3. The words of the expansion are a ring of 16: round j makes word j + 4 in the place of word j - 12.
NOINLINE FUNCTION hash_state hash_block(hash_state s, block words) {
    uint a = s.w[0], b = s.w[1], c = s.w[2], d = s.w[3], e = s.w[4], f = s.w[5], g = s.w[6], h = s.w[7];
    for (uint begin = 0; begin < 64; begin += 16) {
        UNROLL for (uint i = 0; i < 16; i++) {
            if (begin > 0 || i >= 12) {
                uint x = words.w[(i + 4) % 16] ^ words.w[(i + 11) % 16] ^ word_rotate(words.w[(i + 1) % 16], 15);
                x ^= word_rotate(x, 15) ^ word_rotate(x, 23);
                words.w[(i + 4) % 16] = x ^ word_rotate(words.w[(i + 7) % 16], 7) ^ words.w[(i + 14) % 16];
            }
            uint a12 = word_rotate(a, 12);
            uint ss1 = word_rotate(a12 + e + HASH_T[begin + i], 7);
            uint ff = begin == 0 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
            uint gg = begin == 0 ? e ^ f ^ g : (e & f) | (~e & g);
            uint tt1 = ff + d + (ss1 ^ a12) + (words.w[i] ^ words.w[(i + 4) % 16]);
            uint tt2 = gg + h + ss1 + words.w[i];
            d = c;
            c = word_rotate(b, 9);
            b = a;
            a = tt1;
            h = g;
            g = word_rotate(f, 19);
            f = e;
            e = tt2 ^ word_rotate(tt2, 9) ^ word_rotate(tt2, 17);
        }
    }
    s.w[0] ^= a;
    s.w[1] ^= b;
    s.w[2] ^= c;
    s.w[3] ^= d;
    s.w[4] ^= e;
    s.w[5] ^= f;
    s.w[6] ^= g;
    s.w[7] ^= h;
    return s;
}
#endif

FUNCTION digest hash_end(hash_state s) {
    digest d;
    UNROLL for (uint i = 0; i < 8; i++) d.w[i] = s.w[i];
    return d;
}

FUNCTION uint hash_blocks(uint bytes) { return (bytes + 8) / HASH_BLOCK_BYTES + 1; }

// The length in bits.
FUNCTION block hash_last(block b, uint bytes) {
    b.w[14] = bytes >> 29;
    b.w[15] = bytes << 3;
    return b;
}
#endif

FUNCTION uint text_bytes(const text *t) { return t->head_bytes + t->body.length + t->tail_bytes; }

// Byte `place` of a text with the first byte of the padding and zeros after it.
FUNCTION uint text_byte(GLOBAL const uint *input, const text *t, uint place) {
    uint down = 24u - 8u * (place & 3u);
    if (place < t->head_bytes) return t->head[place >> 2] >> down & 0xffu;
    place -= t->head_bytes;
    if (place < t->body.length) return input_byte(input, t->body.at + place);
    place -= t->body.length;
    if (place == t->tail_bytes) return HASH_PAD;
    if (place > t->tail_bytes) return 0;
    uint word = place >> 2;
    down = 24u - 8u * (place & 3u);
#if CURVE_SM2
    if (word < 32) return Z_A_CURVE[word] >> down & 0xffu;
    word -= 32;
#endif
    return t->tail[word] >> down & 0xffu;
}

FUNCTION uint text_word(GLOBAL const uint *input, const text *t, uint place) {
    if (place >= t->head_bytes && place + 4 <= t->head_bytes + t->body.length) return input_word(input, t->body.at + place - t->head_bytes);
    uint word = 0;
    for (uint i = 0; i < 4; i++) word = word << 8 | text_byte(input, t, place + i);
    return word;
}

// The digest of a text.
NOINLINE FUNCTION digest hash_text(GLOBAL const uint *input, const text *t) {
    hash_state state = hash_begin();
    uint bytes = text_bytes(t);
    uint blocks = hash_blocks(bytes);
    for (uint i = 0; i < blocks; i++) {
        block b;
        for (uint word = 0; word < HASH_BLOCK_WORDS; word++) b.w[word] = text_word(input, t, HASH_BLOCK_BYTES * i + 4 * word);
        if (i + 1 == blocks) b = hash_last(b, bytes);
        state = hash_block(state, b);
    }
    return hash_end(state);
}

// A text of some bytes of the input.
FUNCTION text text_of(range body) {
    text t;
    t.head_bytes = 0;
    t.body = body;
    t.tail_bytes = 0;
    return t;
}

#if CURVE_SM2
// Z_A's text: the length of the id in bits as two bytes, the id, the curve, the key (GB/T 32918.2, 5.5).
FUNCTION text text_of_z_a(range id, u256 x, u256 y) {
    text t = text_of(id);
    t.head[0] = id.length << 19;
    t.head_bytes = 2;
    UNROLL for (uint i = 0; i < 8; i++) {
        t.tail[i] = x.w[7 - i];
        t.tail[8 + i] = y.w[7 - i];
    }
    t.tail_bytes = 192;
    return t;
}

// The text of e: Z_A, then the message.
FUNCTION text text_of_message(digest z_a, range message) {
    text t = text_of(message);
    UNROLL for (uint i = 0; i < 8; i++) t.head[i] = z_a.w[i];
    t.head_bytes = 32;
    return t;
}
#endif

// A digest as an integer.
FUNCTION u256 u256_of_digest(digest d) {
    return u256_of(d.w[7], d.w[6], d.w[5], d.w[4], d.w[3], d.w[2], d.w[1], d.w[0]);
}
