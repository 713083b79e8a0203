// A kernel for each function, for tests, and one that measures the device.
//
// Lane l < items takes its arguments from words[in]*l of the input on, one after the other in the order of the function's, the least word first: a u256, fe or
// sc is 8 words, an affine point 16, a Jacobian one 24, a range is an address and a length. It writes its results likewise from words[out]*l of the output on.
// Bytes stand anywhere after the arguments.
//
// function: words in -> words out
// word_mul_add     4 -> 2
// word_swap        1 -> 1
// word_rotate      2 -> 1
// u256_is_zero     8 -> 1
// u256_less        16 -> 1
// u256_equal       16 -> 1
// u256_select      17 -> 8
// u256_add         16 -> 9
// u256_sub         16 -> 9
// u256_mul         16 -> 16
// u256_sqr         8 -> 16
// fe_add           16 -> 8
// fe_sub           16 -> 8
// fe_neg           8 -> 8
// fe_half          8 -> 8
// fe_mul           16 -> 8
// fe_sqr           8 -> 8
// fe_from_integer  8 -> 8
// fe_to_integer    8 -> 8
// fe_pow           16 -> 8
// fe_inv           8 -> 8
// fe_sqrt          8 -> 8
// sc_reduce        8 -> 8
// sc_add           16 -> 8
// sc_sub           16 -> 8
// sc_neg           8 -> 8
// sc_mul           16 -> 8
// sc_from_integer  8 -> 8
// sc_to_integer    8 -> 8
// sc_inv           8 -> 8
// sc_is_high       8 -> 1
// ge_is_on_curve   16 -> 1
// ge_lift_x        9 -> 17
// ge_double        24 -> 24
// ge_add_affine    41 -> 33
// ge_neg_if        17 -> 16
// ge_scale         24 -> 16
// digits_of_base   8 -> 9
// digits_of_known  8 -> 9
// digits_of_key    9 -> 9
// digit_of         3 -> 3
// input_word       1 -> 1
// input_u256       1 -> 8
// input_magnitude  2 -> 8
// string_at        3 -> 2
// signature_raw    2 -> 17
// signature_der    2 -> 17
// key_parse        2 -> 17
// hash_block       HASH_BLOCK_WORDS -> 8
// hash_text        2 -> 8
// hash_z_a         18 -> 8
// hash_message     10 -> 8
// group_inv_fe     8 -> 8
// group_inv_sc     8 -> 8

// Where the lane's arguments and results stand; a lane past the items leaves.
#define TEST_LANE(words_in, words_out)             \
    if (LANE() >= params[PARAM_ITEMS]) return;     \
    uint at = (words_in) * LANE();                 \
    uint to = (words_out) * LANE();

#if KERNEL_test_word_mul_add
KERNEL(test_word_mul_add) {
    TEST_LANE(4u, 2u)
    uint a = input[at];
    uint b = input[at + 1];
    uint c = input[at + 2];
    uint d = input[at + 3];
    ulong x = word_mul_add(a, b, c, d);
    output[to] = (uint)x;
    output[to + 1] = (uint)(x >> 32);
}
#endif

#if KERNEL_test_word_swap
KERNEL(test_word_swap) {
    TEST_LANE(1u, 1u)
    uint a = input[at];
    output[to] = word_swap(a);
}
#endif

#if KERNEL_test_word_rotate
KERNEL(test_word_rotate) {
    TEST_LANE(2u, 1u)
    uint a = input[at];
    uint b = input[at + 1];
    output[to] = word_rotate(a, b);
}
#endif

#if KERNEL_test_u256_is_zero
KERNEL(test_u256_is_zero) {
    TEST_LANE(8u, 1u)
    u256 a = u256_row(input, at);
    output[to] = u256_is_zero(a);
}
#endif

#if KERNEL_test_u256_less
KERNEL(test_u256_less) {
    TEST_LANE(16u, 1u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    output[to] = u256_less(a, b);
}
#endif

#if KERNEL_test_u256_equal
KERNEL(test_u256_equal) {
    TEST_LANE(16u, 1u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    output[to] = u256_equal(a, b);
}
#endif

#if KERNEL_test_u256_select
KERNEL(test_u256_select) {
    TEST_LANE(17u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    uint c = input[at + 16];
    u256_put(output, to, u256_select(a, b, c));
}
#endif

#if KERNEL_test_u256_add
KERNEL(test_u256_add) {
    TEST_LANE(16u, 9u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u257 x = u256_add(a, b);
    u256_put(output, to, x.value);
    output[to + 8] = x.carry;
}
#endif

#if KERNEL_test_u256_sub
KERNEL(test_u256_sub) {
    TEST_LANE(16u, 9u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u257 x = u256_sub(a, b);
    u256_put(output, to, x.value);
    output[to + 8] = x.carry;
}
#endif

#if KERNEL_test_u256_mul
KERNEL(test_u256_mul) {
    TEST_LANE(16u, 16u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u512 x = u256_mul(a, b);
    UNROLL for (uint i = 0; i < 16; i++) output[to + i] = x.w[i];
}
#endif

#if KERNEL_test_u256_sqr
KERNEL(test_u256_sqr) {
    TEST_LANE(8u, 16u)
    u256 a = u256_row(input, at);
    u512 x = u256_sqr(a);
    UNROLL for (uint i = 0; i < 16; i++) output[to + i] = x.w[i];
}
#endif

#if KERNEL_test_fe_add
KERNEL(test_fe_add) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, fe_add(a, b));
}
#endif

#if KERNEL_test_fe_sub
KERNEL(test_fe_sub) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, fe_sub(a, b));
}
#endif

#if KERNEL_test_fe_neg
KERNEL(test_fe_neg) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_neg(a));
}
#endif

#if KERNEL_test_fe_half
KERNEL(test_fe_half) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_half(a));
}
#endif

#if KERNEL_test_fe_mul
KERNEL(test_fe_mul) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, fe_mul(a, b));
}
#endif

#if KERNEL_test_fe_sqr
KERNEL(test_fe_sqr) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_sqr(a));
}
#endif

#if KERNEL_test_fe_from_integer
KERNEL(test_fe_from_integer) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_from_integer(a));
}
#endif

#if KERNEL_test_fe_to_integer
KERNEL(test_fe_to_integer) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_to_integer(a));
}
#endif

#if KERNEL_test_fe_pow
KERNEL(test_fe_pow) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, fe_pow(a, b));
}
#endif

#if KERNEL_test_fe_inv
KERNEL(test_fe_inv) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_inv(a));
}
#endif

#if KERNEL_test_fe_sqrt
KERNEL(test_fe_sqrt) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, fe_sqrt(a));
}
#endif

#if KERNEL_test_sc_reduce
KERNEL(test_sc_reduce) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, sc_reduce(a));
}
#endif

#if KERNEL_test_sc_add
KERNEL(test_sc_add) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, sc_add(a, b));
}
#endif

#if KERNEL_test_sc_sub
KERNEL(test_sc_sub) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, sc_sub(a, b));
}
#endif

#if KERNEL_test_sc_neg
KERNEL(test_sc_neg) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, sc_neg(a));
}
#endif

#if KERNEL_test_sc_mul
KERNEL(test_sc_mul) {
    TEST_LANE(16u, 8u)
    u256 a = u256_row(input, at);
    u256 b = u256_row(input, at + 8);
    u256_put(output, to, sc_mul(a, b));
}
#endif

#if KERNEL_test_sc_from_integer
KERNEL(test_sc_from_integer) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, sc_from_integer(a));
}
#endif

#if KERNEL_test_sc_to_integer
KERNEL(test_sc_to_integer) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, sc_to_integer(a));
}
#endif

#if KERNEL_test_sc_inv
KERNEL(test_sc_inv) {
    TEST_LANE(8u, 8u)
    u256 a = u256_row(input, at);
    u256_put(output, to, sc_inv(a));
}
#endif

#if KERNEL_test_sc_is_high
KERNEL(test_sc_is_high) {
    TEST_LANE(8u, 1u)
    u256 a = u256_row(input, at);
    output[to] = sc_is_high(a);
}
#endif

#if KERNEL_test_ge_is_on_curve
KERNEL(test_ge_is_on_curve) {
    TEST_LANE(16u, 1u)
    affine q = ge_row(input, at);
    output[to] = ge_is_on_curve(q);
}
#endif

#if KERNEL_test_ge_lift_x
KERNEL(test_ge_lift_x) {
    TEST_LANE(9u, 17u)
    u256 x = u256_row(input, at);
    uint odd = input[at + 8];
    lifted q = ge_lift_x(x, odd);
    u256_put(output, to, q.point.x);
    u256_put(output, to + 8, q.point.y);
    output[to + 16] = q.found;
}
#endif

#if KERNEL_test_ge_double
KERNEL(test_ge_double) {
    TEST_LANE(24u, 24u)
    jacobian p;
    p.x = u256_row(input, at);
    p.y = u256_row(input, at + 8);
    p.z = u256_row(input, at + 16);
    jacobian q = ge_double(p);
    u256_put(output, to, q.x);
    u256_put(output, to + 8, q.y);
    u256_put(output, to + 16, q.z);
}
#endif

#if KERNEL_test_ge_add_affine
KERNEL(test_ge_add_affine) {
    TEST_LANE(41u, 33u)
    jacobian p;
    p.x = u256_row(input, at);
    p.y = u256_row(input, at + 8);
    p.z = u256_row(input, at + 16);
    affine q = ge_row(input, at + 24);
    uint take = input[at + 40];
    sum s = ge_add_affine(p, q, take);
    u256_put(output, to, s.point.x);
    u256_put(output, to + 8, s.point.y);
    u256_put(output, to + 16, s.point.z);
    u256_put(output, to + 24, s.h);
    output[to + 32] = s.met;
}
#endif

#if KERNEL_test_ge_neg_if
KERNEL(test_ge_neg_if) {
    TEST_LANE(17u, 16u)
    affine q = ge_row(input, at);
    uint negative = input[at + 16];
    q = ge_neg_if(q, negative);
    u256_put(output, to, q.x);
    u256_put(output, to + 8, q.y);
}
#endif

#if KERNEL_test_ge_scale
KERNEL(test_ge_scale) {
    TEST_LANE(24u, 16u)
    u256 x = u256_row(input, at);
    u256 y = u256_row(input, at + 8);
    u256 inverse = u256_row(input, at + 16);
    affine q = ge_scale(x, y, inverse);
    u256_put(output, to, q.x);
    u256_put(output, to + 8, q.y);
}
#endif

#if KERNEL_test_digits_of_base
KERNEL(test_digits_of_base) {
    TEST_LANE(8u, 9u)
    u256 k = u256_row(input, at);
    digits d = digits_of_base(k);
    u256_put(output, to, d.windows);
    output[to + 8] = d.negative;
}
#endif

#if KERNEL_test_digits_of_known
KERNEL(test_digits_of_known) {
    TEST_LANE(8u, 9u)
    u256 k = u256_row(input, at);
    digits d = digits_of_known(k);
    u256_put(output, to, d.windows);
    output[to + 8] = d.negative;
}
#endif

#if KERNEL_test_digits_of_key
KERNEL(test_digits_of_key) {
    TEST_LANE(9u, 9u)
    u256 k = u256_row(input, at);
    uint part = input[at + 8];
    digits d = digits_of_key(k, part);
    u256_put(output, to, d.windows);
    output[to + 8] = d.negative;
}
#endif

#if KERNEL_test_digit_of
KERNEL(test_digit_of) {
    TEST_LANE(3u, 3u)
    uint window = input[at];
    uint bits = input[at + 1];
    uint negative = input[at + 2];
    digit d = digit_of(window, bits, negative);
    output[to] = d.multiple;
    output[to + 1] = d.negative;
    output[to + 2] = d.take;
}
#endif

#if KERNEL_test_input_word
KERNEL(test_input_word) {
    TEST_LANE(1u, 1u)
    uint address = input[at];
    output[to] = input_word(input, address);
}
#endif

#if KERNEL_test_input_u256
KERNEL(test_input_u256) {
    TEST_LANE(1u, 8u)
    uint address = input[at];
    u256_put(output, to, input_u256(input, address));
}
#endif

#if KERNEL_test_input_magnitude
KERNEL(test_input_magnitude) {
    TEST_LANE(2u, 8u)
    range bytes;
    bytes.at = input[at];
    bytes.length = input[at + 1];
    u256_put(output, to, input_magnitude(input, bytes));
}
#endif

#if KERNEL_test_string_at
KERNEL(test_string_at) {
    TEST_LANE(3u, 2u)
    uint ends_at = input[at];
    uint bytes_at = input[at + 1];
    uint item = input[at + 2];
    range bytes = string_at(params, input, ends_at, bytes_at, item);
    output[to] = bytes.at;
    output[to + 1] = bytes.length;
}
#endif

#if KERNEL_test_signature_raw
KERNEL(test_signature_raw) {
    TEST_LANE(2u, 17u)
    range bytes;
    bytes.at = input[at];
    bytes.length = input[at + 1];
    signature s = signature_raw(input, bytes, bytes.length == 64);
    u256_put(output, to, s.r);
    u256_put(output, to + 8, s.s);
    output[to + 16] = s.status;
}
#endif

#if KERNEL_test_signature_der
KERNEL(test_signature_der) {
    TEST_LANE(2u, 17u)
    range bytes;
    bytes.at = input[at];
    bytes.length = input[at + 1];
    signature s = signature_der(input, bytes);
    u256_put(output, to, s.r);
    u256_put(output, to + 8, s.s);
    output[to + 16] = s.status;
}
#endif

#if KERNEL_test_key_parse
KERNEL(test_key_parse) {
    TEST_LANE(2u, 17u)
    range bytes;
    bytes.at = input[at];
    bytes.length = input[at + 1];
    key k = key_parse(input, bytes);
    u256_put(output, to, k.point.x);
    u256_put(output, to + 8, k.point.y);
    output[to + 16] = k.status;
}
#endif

#if KERNEL_test_hash_block
KERNEL(test_hash_block) {
    TEST_LANE(HASH_BLOCK_WORDS, 8u)
    block b;
    UNROLL for (uint i = 0; i < HASH_BLOCK_WORDS; i++) b.w[i] = input[at + i];
    digest d = hash_end(hash_block(hash_begin(), b));
    UNROLL for (uint i = 0; i < 8; i++) output[to + i] = d.w[i];
}
#endif

#if KERNEL_test_hash_text
KERNEL(test_hash_text) {
    TEST_LANE(2u, 8u)
    range body;
    body.at = input[at];
    body.length = input[at + 1];
    text t = text_of(body);
    digest d = hash_text(input, &t);
    UNROLL for (uint i = 0; i < 8; i++) output[to + i] = d.w[i];
}
#endif

#if KERNEL_test_hash_z_a && CURVE_SM2
KERNEL(test_hash_z_a) {
    TEST_LANE(18u, 8u)
    range id;
    id.at = input[at];
    id.length = input[at + 1];
    u256 x = u256_row(input, at + 2);
    u256 y = u256_row(input, at + 10);
    text t = text_of_z_a(id, x, y);
    digest d = hash_text(input, &t);
    UNROLL for (uint i = 0; i < 8; i++) output[to + i] = d.w[i];
}
#endif

#if KERNEL_test_hash_message && CURVE_SM2
KERNEL(test_hash_message) {
    TEST_LANE(10u, 8u)
    u256 z_a = u256_row(input, at);
    range message;
    message.at = input[at + 8];
    message.length = input[at + 9];
    digest d;
    UNROLL for (uint i = 0; i < 8; i++) d.w[i] = z_a.w[i];
    text t = text_of_message(d, message);
    d = hash_text(input, &t);
    UNROLL for (uint i = 0; i < 8; i++) output[to + i] = d.w[i];
}
#endif

#if KERNEL_test_group_inv_fe
KERNEL(test_group_inv_fe) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint is_past = lane >= params[PARAM_ITEMS];
    u256 inverse = group_inv_fe(shared, LOCAL_LANE(), is_past ? u256_small(0) : u256_row(input, 8u * lane));
    if (!is_past) u256_put(output, 8u * lane, inverse);
}
#endif

#if KERNEL_test_group_inv_sc
KERNEL(test_group_inv_sc) {
    LOCAL_MEMORY uint shared[GROUP_WORDS];
    uint lane = LANE();
    uint is_past = lane >= params[PARAM_ITEMS];
    u256 inverse = group_inv_sc(shared, LOCAL_LANE(), is_past ? u256_small(0) : u256_row(input, 8u * lane));
    if (!is_past) u256_put(output, 8u * lane, inverse);
}
#endif

#if KERNEL_test_flip
// Flips bits of one word: of `work`, or with a flag of the tables. For tests of devices that do so by themselves.
KERNEL(test_flip) {
    if (LANE() == 0) {
        if (params[PARAM_FLAGS] == 0) {
            work[params[PARAM_TURN]] ^= params[PARAM_ITEMS];
        } else {
            tables[params[PARAM_TURN]] ^= params[PARAM_ITEMS];
        }
    }
}
#endif

#if KERNEL_multiply_add_rate
// RATE_ROUNDS rounds of RATE_CHAINS multiply-adds of 32-bit words with a result of 64 bits, each chain on its own: as many as the device does at once. A lane
// writes the sum of its chains, one word, so that no compiler leaves them out.
KERNEL(multiply_add_rate) {
    uint lane = LANE();
    uint low[RATE_CHAINS], high[RATE_CHAINS];
    UNROLL for (uint i = 0; i < RATE_CHAINS; i++) {
        low[i] = input[0] + lane + i;
        high[i] = lane ^ i;
    }
    for (uint round = 0; round < RATE_ROUNDS; round++) {
        UNROLL for (uint i = 0; i < RATE_CHAINS; i++) {
            ulong x = word_mul_add(low[i], high[i], low[i], high[i]);
            low[i] = (uint)x;
            high[i] = (uint)(x >> 32);
        }
    }
    uint total = 0;
    UNROLL for (uint i = 0; i < RATE_CHAINS; i++) total += low[i] + high[i];
    if (lane < params[PARAM_ITEMS]) output[lane] = total;
}
#endif
