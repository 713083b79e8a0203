// Digests of messages, eight words an item, each big-endian.
KERNEL(digest_messages) {
    uint lane = LANE();
    if (lane < params[PARAM_ITEMS]) {
        uint item = item_of(params, input, lane);
        text t = text_of(string_at(params, input, params[PARAM_INPUT_ENDS_AT], params[PARAM_INPUTS_AT], item));
        digest d = hash_text(input, &t);
        UNROLL for (uint i = 0; i < 8; i++) output[DIGEST_WORDS * item + i] = d.w[i];
    }
}
