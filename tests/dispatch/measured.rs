//! What each stage costs, in nanoseconds of one core.

/// Of the machine on which bench/results was measured.
pub const CORES: usize = 2;

/// bench/results/cpu-latency.json, ecdsa-secp256k1-keccak256: a batch of 1 takes 33 us, of 16 146 us on the thread that asks, of 4,096 16,570 us
/// on two cores: 26 us, and 7.5 to 8.1 us an item.
pub const BATCH: f64 = 26_000.0;
pub const ITEM: f64 = 8_000.0;

/// bench/results/cpu-forged.json, the same scheme: 600,573 items a second with hints and nothing forged.
pub const HINTED_ITEM: f64 = 1_665.0;

/// The same: 208,067 to 266,317 a second from 1 percent forged on. The first such batch of a source costs a combination more (ADR 007).
pub const SPOILT_ITEM: f64 = 4_200.0;

/// docs/performance.md: rows of one run differ by a quarter, so each job costs a random one of these many parts of the above.
pub const NOISE: [f64; 2] = [0.85, 1.15];

/// Bytes of an item: a key of 65, a digest of 32, a signature of 64.
pub const ITEM_BYTES: usize = 161;

/// bench/results/service.json, Unix socket at full speed: a call of one item takes 58 us of the server, of which the verification is some 20, so 25
/// for what comes in and 13 for what goes out. A call of 4,096 items takes 15,198 us, 1,110 more than the engine needs for them: 1.6 ns for each of
/// its 660,000 bytes, all of it put on the way in.
pub const RECEIVE: f64 = 25_000.0;
pub const RECEIVE_BYTE: f64 = 1.6;
pub const ANSWER: f64 = 13_000.0;
pub const ANSWER_ITEM: f64 = 2.0;

/// Not measured alone: a call of a source that has no room, which is refused before its message is read. Less than half of one that is answered.
pub const REFUSE: f64 = 16_000.0;

/// Not measured alone: a message of a stream, and its answer, which open and close no stream of HTTP/2.
pub const RECEIVE_STREAMED: f64 = 3_000.0;
pub const ANSWER_STREAMED: f64 = 2_000.0;
