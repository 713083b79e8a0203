// Generated from curves.toml by tests/generated; do not edit.

// Lanes of a group.
const GROUP_LANES: u32 = 64u;

// The code of an item that is left to the host.
const UNDECIDED: u32 = 255u;

// Bits of the flags.
const FLAG_MESSAGES: u32 = 1u;
const FLAG_DER: u32 = 2u;
const FLAG_LOW_S: u32 = 4u;

// Words of the params.
const PARAM_WORDS: u32 = 18u;

// Words of an answer.
const VERIFY_WORDS: u32 = 3u;
const RECOVER_WORDS: u32 = 17u;
const DIGEST_WORDS: u32 = 8u;

// The tables of G and of known keys.
const POINT_WORDS: u32 = 16u;
const G_WINDOWS: u32 = 32u;
const G_MULTIPLES: u32 = 128u;
const KEY_WINDOWS: u32 = 64u;
const KEY_MULTIPLES: u32 = 8u;
const KEY_TABLE_WORDS: u32 = 0x00002000u;

// Places in the params.
const PARAM_ITEMS: u32 = 0u;
const PARAM_LANES: u32 = 1u;
const PARAM_FLAGS: u32 = 2u;
const PARAM_ORDER_AT: u32 = 3u;
const PARAM_KEY_ENDS_AT: u32 = 4u;
const PARAM_KEYS_AT: u32 = 5u;
const PARAM_INPUT_ENDS_AT: u32 = 6u;
const PARAM_INPUTS_AT: u32 = 7u;
const PARAM_SIGNATURE_ENDS_AT: u32 = 8u;
const PARAM_SIGNATURES_AT: u32 = 9u;
const PARAM_ID_ENDS_AT: u32 = 10u;
const PARAM_IDS_AT: u32 = 11u;
const PARAM_KEY_SLOTS_AT: u32 = 12u;
const PARAM_KEY_TABLES_AT: u32 = 13u;
const PARAM_TURN: u32 = 14u;
const PARAM_GENERATOR_AT: u32 = 15u;
const PARAM_INPUT_BYTES: u32 = 16u;
const PARAM_KEY_PLACES: u32 = 17u;

// The kernel that measures a device's rate: chains of multiply-adds, and how many each has.
const RATE_CHAINS: u32 = 8u;
const RATE_ROUNDS: u32 = 0x00001000u;

// What kernels keep of a lane: the first word of each part.
const WORK_STATUS: u32 = 0u;
const WORK_R: u32 = 1u;
const WORK_S: u32 = 9u;
const WORK_REFUSED: u32 = 17u;
const WORK_X: u32 = 18u;
const WORK_Y: u32 = 26u;
const WORK_E: u32 = 34u;
const WORK_U1: u32 = 42u;
const WORK_U2: u32 = 50u;
const WORK_DIGITS_1: u32 = 58u;
const WORK_DIGITS_2: u32 = 67u;
const WORK_MULTIPLES: u32 = 85u;
const WORK_RATIOS: u32 = 213u;
const WORK_PRODUCT: u32 = 269u;
const WORK_WORDS: u32 = 293u;

// Codes of verdicts.
const CODE_VALID: u32 = 1u;
const REASON_NOT_CHECKED: u32 = 0u;
const REASON_ENCODING: u32 = 2u;
const REASON_R_OUT_OF_RANGE: u32 = 3u;
const REASON_S_OUT_OF_RANGE: u32 = 4u;
const REASON_NOT_RECOVERABLE: u32 = 5u;
const REASON_KEY_MALFORMED: u32 = 6u;
const REASON_KEY_NOT_ON_CURVE: u32 = 7u;
const REASON_KEY_IS_IDENTITY: u32 = 8u;
const REASON_R_PLUS_S_IS_ZERO: u32 = 9u;
const REASON_R_IS_IDENTITY: u32 = 10u;
const REASON_LOW_S_POLICY: u32 = 11u;
const REASON_EQUATION: u32 = 12u;
