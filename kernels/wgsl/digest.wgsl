// Digests of messages, eight words an item, each big-endian.
@compute @workgroup_size(64)
fn digest_messages(@builtin(global_invocation_id) id: vec3<u32>) {
    let lane = id.x;
    if lane < params[PARAM_ITEMS] {
        let item = item_of(lane);
        var t = text_of(string_at(params[PARAM_INPUT_ENDS_AT], params[PARAM_INPUTS_AT], item));
        var d = hash_text(&t);
        for (var i = 0u; i < 8u; i++) {
            output[DIGEST_WORDS * item + i] = d[i];
        }
    }
}
