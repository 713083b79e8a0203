// Bytes of columns. An address is a byte's place in the input.

// Some bytes.
typedef struct {
    uint at;
    uint length;
} range;

// r and s as integers, or the first check that failed.
typedef struct {
    u256 r;
    u256 s;
    uint status;
} signature;

FUNCTION uint input_byte(GLOBAL const uint *input, uint at) { return input[at >> 2] >> (8u * (at & 3u)) & 0xffu; }

// Four bytes, big-endian.
FUNCTION uint input_word(GLOBAL const uint *input, uint at) {
    uint shift = 8u * (at & 3u);
    uint word = word_swap(input[at >> 2]);
    if (shift == 0) return word;
    return word << shift | word_swap(input[(at >> 2) + 1u]) >> (32u - shift);
}

// 32 bytes, big-endian.
FUNCTION u256 input_u256(GLOBAL const uint *input, uint at) {
    u256 a;
    UNROLL for (uint i = 0; i < 8; i++) a.w[7 - i] = input_word(input, at + 4 * i);
    return a;
}

// At most 32 bytes, big-endian.
FUNCTION u256 input_magnitude(GLOBAL const uint *input, range bytes) {
    u256 a;
    UNROLL for (uint i = 0; i < 8; i++) {
        uint word = 0;
        for (uint j = 0; j < 4; j++) {
            uint place = 4 * i + j;
            if (place < bytes.length) word |= input_byte(input, bytes.at + bytes.length - 1 - place) << (8 * j);
        }
        a.w[i] = word;
    }
    return a;
}

// The item that the lane has: one of the items, whatever became of the order in memory.
FUNCTION uint item_of(GLOBAL const uint *params, GLOBAL const uint *input, uint lane) {
    uint item = input[params[PARAM_ORDER_AT] + lane];
    return item < params[PARAM_ITEMS] ? item : 0;
}

// The bytes of string `item` of a column: `ends_at` is the word where the ends of its strings begin, `bytes_at` the address of the first string. Ends that lie beyond
// the input, or before the begin, are those of no batch: memory failed, and the string is empty.
FUNCTION range string_at(GLOBAL const uint *params, GLOBAL const uint *input, uint ends_at, uint bytes_at, uint item) {
    uint begin = item == 0 ? 0 : input[ends_at + item - 1];
    uint end = input[ends_at + item];
    uint good = begin <= end && end <= params[PARAM_INPUT_BYTES] - bytes_at;
    range bytes;
    bytes.at = good ? bytes_at + begin : bytes_at;
    bytes.length = good ? end - begin : 0;
    return bytes;
}

#if CURVE_SECP256K1 || CURVE_P256 || CURVE_SM2
// The element of DER at the start of some bytes, and what follows it; good = 0 where there is none with this tag.
typedef struct {
    range content;
    range rest;
    uint good;
} element;

FUNCTION element der_element(GLOBAL const uint *input, range bytes, uint tag) {
    element e;
    e.good = 0;
    e.content = bytes;
    e.rest = bytes;
    if (bytes.length < 2) return e;
    uint length = input_byte(input, bytes.at + 1);
    uint good = input_byte(input, bytes.at) == tag;
    uint head = 2;
    if (length > 0x7f) {
        // The long form: 1 to 4 bytes, without a leading zero, and not where the short form would do.
        uint count = length & 0x7fu;
        if (count < 1 || count > 4 || bytes.length < 2 + count) return e;
        length = 0;
        for (uint i = 0; i < count; i++) length = length << 8 | input_byte(input, bytes.at + 2 + i);
        good &= (input_byte(input, bytes.at + 2) != 0) & (length > 0x7f);
        head += count;
    }
    e.good = good & (length <= bytes.length - head);
    e.content.at = bytes.at + head;
    e.content.length = length;
    e.rest.at = e.content.at + length;
    e.rest.length = bytes.length - head - length;
    return e;
}

// The content of an INTEGER: whether it is minimal (X.690, 8.3.2), its magnitude without the sign byte, and whether that is an integer from 0 to 2^256 - 1.
typedef struct {
    u256 value;
    uint minimal;
    uint fits;
} integer;

FUNCTION integer der_integer(GLOBAL const uint *input, range content) {
    integer r;
    r.value = u256_small(0);
    r.minimal = 0;
    r.fits = 0;
    if (content.length == 0) return r;
    uint first = input_byte(input, content.at);
    uint second = content.length > 1 ? input_byte(input, content.at + 1) : 0x100;
    uint needless = (first == 0 && second < 0x80) || (first == 0xff && second >= 0x80 && second < 0x100);
    r.minimal = !needless;
    if (first == 0 && content.length > 1) {
        content.at++;
        content.length--;
        first = 0;
    }
    r.fits = first < 0x80 && content.length <= 32;
    if (r.fits) r.value = input_magnitude(input, content);
    return r;
}

// r, then s, must be in [1, n - 1].
FUNCTION uint range_status(integer r, integer s) {
    uint r_is_good = r.fits & (u256_is_zero(r.value) ^ 1u) & u256_less(r.value, U256(N));
    uint s_is_good = s.fits & (u256_is_zero(s.value) ^ 1u) & u256_less(s.value, U256(N));
    return r_is_good ? (s_is_good ? 0 : REASON_S_OUT_OF_RANGE) : REASON_R_OUT_OF_RANGE;
}

FUNCTION signature signature_of(integer r, integer s, uint encoded) {
    signature result;
    result.r = r.value;
    result.s = s.value;
    result.status = encoded ? range_status(r, s) : REASON_ENCODING;
    return result;
}

// r||s, of which the first 64 bytes are looked at; `encoded`: they are all.
FUNCTION signature signature_raw(GLOBAL const uint *input, range bytes, uint encoded) {
    integer r, s;
    r.value = u256_small(0);
    s.value = u256_small(0);
    r.minimal = r.fits = s.minimal = s.fits = 1;
    if (encoded) {
        r.value = input_u256(input, bytes.at);
        s.value = input_u256(input, bytes.at + 32);
    }
    return signature_of(r, s, encoded);
}

// SEQUENCE { INTEGER r, INTEGER s } in strict DER, with nothing after it.
FUNCTION signature signature_der(GLOBAL const uint *input, range bytes) {
    element sequence = der_element(input, bytes, 0x30);
    uint good = sequence.good & (sequence.rest.length == 0);
    range none;
    none.at = bytes.at;
    none.length = 0;
    element first = der_element(input, good ? sequence.content : none, 2);
    good &= first.good;
    element second = der_element(input, good ? first.rest : none, 2);
    good &= second.good & (second.rest.length == 0);
    integer r = der_integer(input, good ? first.content : none);
    integer s = der_integer(input, good ? second.content : none);
    return signature_of(r, s, good & r.minimal & s.minimal);
}

// The point that SEC1 bytes name, or the first check that fails.
typedef struct {
    affine point;
    uint status;
} key;

FUNCTION key key_parse(GLOBAL const uint *input, range bytes) {
    key k;
    k.point = ge_generator();
    uint prefix = bytes.length > 0 ? input_byte(input, bytes.at) : 0x100;
    uint whole = prefix == 4 && bytes.length == 65;
    uint compressed = (prefix == 2 || prefix == 3) && bytes.length == 33;
    if (!whole && !compressed) {
        k.status = prefix == 0 && bytes.length == 1 ? REASON_KEY_IS_IDENTITY : REASON_KEY_MALFORMED;
        return k;
    }
    u256 x = input_u256(input, bytes.at + 1);
    u256 y = whole ? input_u256(input, bytes.at + 33) : u256_small(0);
    if (!u256_less(x, U256(P)) || !u256_less(y, U256(P))) {
        k.status = REASON_KEY_MALFORMED;
        return k;
    }
    uint on_curve;
    affine q;
    q.x = fe_from_integer(x);
    if (whole) {
        q.y = fe_from_integer(y);
        on_curve = ge_is_on_curve(q);
    } else {
        lifted root = ge_lift_x(q.x, prefix & 1u);
        q = root.point;
        on_curve = root.found;
    }
    k.status = on_curve ? 0 : REASON_KEY_NOT_ON_CURVE;
    if (on_curve) k.point = q;
    return k;
}
#endif
