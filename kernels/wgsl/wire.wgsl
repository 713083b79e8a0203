// Bytes of columns: strings, signatures, keys.

// The bytes [at, at + length) of the input.
struct range {
    at: u32,
    length: u32,
}

// r and s, and the first check that failed, or 0.
struct signature {
    r: u256,
    s: u256,
    status: u32,
}

struct key {
    point: affine,
    status: u32,
}

fn input_byte(at: u32) -> u32 {
    return (input[at / 4u] >> (8u * (at % 4u))) & 0xffu;
}

// Four bytes, read big-endian.
fn input_word(at: u32) -> u32 {
    let word = input[at / 4u];
    let shift = 8u * (at % 4u);
    if shift == 0u {
        return word_swap(word);
    }
    return word_swap((word >> shift) | (input[at / 4u + 1u] << (32u - shift)));
}

// 32 bytes, big-endian.
fn input_u256(at: u32) -> u256 {
    return u256(
        input_word(at + 28u), input_word(at + 24u), input_word(at + 20u), input_word(at + 16u),
        input_word(at + 12u), input_word(at + 8u), input_word(at + 4u), input_word(at),
    );
}

// The last 4*(place + 1) to 4*place bytes of an integer, read big-endian; 0 for what stands before it.
fn input_word_of(integer: range, place: u32) -> u32 {
    let after = 4u * place;
    if after >= integer.length {
        return 0u;
    }
    let bytes = min(integer.length - after, 4u);
    return input_word(integer.at + integer.length - after - bytes) >> (8u * (4u - bytes));
}

// At most 32 bytes, big-endian.
fn input_magnitude(integer: range) -> u256 {
    return u256(
        input_word_of(integer, 0u), input_word_of(integer, 1u), input_word_of(integer, 2u), input_word_of(integer, 3u),
        input_word_of(integer, 4u), input_word_of(integer, 5u), input_word_of(integer, 6u), input_word_of(integer, 7u),
    );
}

// The item that the lane has: one of the items, whatever became of the order in memory.
fn item_of(lane: u32) -> u32 {
    let item = input[params[PARAM_ORDER_AT] + lane];
    return select(0u, item, item < params[PARAM_ITEMS]);
}

// String `item` of a column. Ends that lie beyond the input, or before the begin, are those of no batch: memory failed, and the string is empty.
fn string_at(ends_at: u32, bytes_at: u32, item: u32) -> range {
    var begin = 0u;
    if item > 0u {
        begin = input[ends_at + item - 1u];
    }
    let end = input[ends_at + item];
    if begin > end || end > params[PARAM_INPUT_BYTES] - bytes_at {
        return range(bytes_at, 0u);
    }
    return range(bytes_at + begin, end - begin);
}

// What stands in two integers: each in [1, n - 1], or why not. An integer of more than 32 bytes, or a negative one, has no bytes here.
fn signature_of(r: range, s: range) -> signature {
    let r_value = input_magnitude(r);
    let s_value = input_magnitude(s);
    var status = 0u;
    if u256_is_zero(s_value) == 1u || u256_less(s_value, N) == 0u {
        status = REASON_S_OUT_OF_RANGE;
    }
    if u256_is_zero(r_value) == 1u || u256_less(r_value, N) == 0u {
        status = REASON_R_OUT_OF_RANGE;
    }
    return signature(r_value, s_value, status);
}

// r||s, of which the first 64 bytes are looked at; `encoded`: they are all.
fn signature_raw(bytes: range, encoded: u32) -> signature {
    if encoded == 0u {
        return signature(u256_small(0u), u256_small(0u), REASON_ENCODING);
    }
    return signature_of(range(bytes.at, 32u), range(bytes.at + 32u, 32u));
}

// The content of the element with this tag at the start of `bytes`, and whether it is one (X.690, minimal length).
struct element {
    content: range,
    ok: bool,
}

fn der_element(tag: u32, bytes: range) -> element {
    let none = element(range(0u, 0u), false);
    if bytes.length < 2u || input_byte(bytes.at) != tag {
        return none;
    }
    let short = input_byte(bytes.at + 1u);
    var head = 2u;
    var length = short;
    if short > 0x7fu {
        // No indefinite length, and none longer than any signature that could be given.
        if short < 0x81u || short > 0x84u {
            return none;
        }
        head += short & 0x7fu;
        if bytes.length < head || input_byte(bytes.at + 2u) == 0u {
            return none;
        }
        length = 0u;
        for (var i = 2u; i < head; i++) {
            length = (length << 8u) | input_byte(bytes.at + i);
        }
        if length <= 0x7fu {
            return none;
        }
    }
    if bytes.length - head < length {
        return none;
    }
    return element(range(bytes.at + head, length), true);
}

// What follows an element.
fn der_rest(bytes: range, content: range) -> range {
    let end = content.at + content.length;
    return range(end, bytes.at + bytes.length - end);
}

// The magnitude of an INTEGER's content: without its sign byte, and without any byte where it is negative or above 2^256; not ok where it is empty or not
// minimal (X.690, 8.3.2).
fn der_integer(content: range) -> element {
    if content.length == 0u {
        return element(content, false);
    }
    let first = input_byte(content.at);
    var magnitude = content;
    if content.length > 1u {
        let second_is_high = input_byte(content.at + 1u) > 0x7fu;
        if (first == 0u && !second_is_high) || (first == 0xffu && second_is_high) {
            return element(content, false);
        }
        if first == 0u {
            magnitude = range(content.at + 1u, content.length - 1u);
        }
    }
    if first > 0x7fu || magnitude.length > 32u {
        magnitude.length = 0u;
    }
    return element(magnitude, true);
}

// SEQUENCE { INTEGER r, INTEGER s } in strict DER, with nothing after it.
fn signature_der(bytes: range) -> signature {
    let none = signature(u256_small(0u), u256_small(0u), REASON_ENCODING);
    let sequence = der_element(0x30u, bytes);
    if !sequence.ok || der_rest(bytes, sequence.content).length != 0u {
        return none;
    }
    let r = der_element(0x02u, sequence.content);
    if !r.ok {
        return none;
    }
    let rest = der_rest(sequence.content, r.content);
    let s = der_element(0x02u, rest);
    if !s.ok || der_rest(rest, s.content).length != 0u {
        return none;
    }
    let r_magnitude = der_integer(r.content);
    let s_magnitude = der_integer(s.content);
    if !r_magnitude.ok || !s_magnitude.ok {
        return none;
    }
    return signature_of(r_magnitude.content, s_magnitude.content);
}

// A point of the curve but the identity, from SEC1 bytes (2.3.4): 04 || x || y, 02 || x or 03 || x.
fn key_parse(bytes: range) -> key {
    let g = ge_generator();
    let first = input_byte(bytes.at);
    if bytes.length == 1u && first == 0u {
        return key(g, REASON_KEY_IS_IDENTITY);
    }
    let is_whole = bytes.length == 65u && first == 4u;
    let is_compressed = bytes.length == 33u && (first == 2u || first == 3u);
    if !is_whole && !is_compressed {
        return key(g, REASON_KEY_MALFORMED);
    }
    let x = input_u256(bytes.at + 1u);
    var y = u256_small(0u);
    if is_whole {
        y = input_u256(bytes.at + 33u);
    }
    if u256_less(x, P) == 0u || u256_less(y, P) == 0u {
        return key(g, REASON_KEY_MALFORMED);
    }
    var point = affine(fe_from_integer(x), fe_from_integer(y));
    let square = ge_right_side(point.x);
    if is_compressed {
        let root = fe_sqrt(square);
        let is_odd = fe_to_integer(root)[0] & 1u;
        point.y = u256_select(root, fe_neg(root), is_odd ^ (first & 1u));
    }
    if u256_equal(fe_sqr(point.y), square) == 0u {
        return key(g, REASON_KEY_NOT_ON_CURVE);
    }
    return key(point, 0u);
}
