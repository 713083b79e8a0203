// The buffers of a submission.

@group(0) @binding(0) var<storage, read> params: array<u32, PARAM_WORDS>;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read_write> work: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;
@group(0) @binding(4) var<storage, read_write> tables: array<u32>;
