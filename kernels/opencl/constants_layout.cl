// Generated from curves.toml by tests/generated; do not edit.

// Lanes of a group.
#define GROUP_LANES 64u

// The code of an item that is left to the host.
#define UNDECIDED 255u

// Bits of the flags.
#define FLAG_MESSAGES 1u
#define FLAG_DER 2u
#define FLAG_LOW_S 4u

// Words of the params.
#define PARAM_WORDS 18u

// Words of an answer.
#define VERIFY_WORDS 3u
#define RECOVER_WORDS 17u
#define DIGEST_WORDS 8u

// The tables of G and of known keys.
#define POINT_WORDS 16u
#define G_WINDOWS 32u
#define G_MULTIPLES 128u
#define KEY_WINDOWS 64u
#define KEY_MULTIPLES 8u
#define KEY_TABLE_WORDS 0x00002000u

// Places in the params.
#define PARAM_ITEMS 0u
#define PARAM_LANES 1u
#define PARAM_FLAGS 2u
#define PARAM_ORDER_AT 3u
#define PARAM_KEY_ENDS_AT 4u
#define PARAM_KEYS_AT 5u
#define PARAM_INPUT_ENDS_AT 6u
#define PARAM_INPUTS_AT 7u
#define PARAM_SIGNATURE_ENDS_AT 8u
#define PARAM_SIGNATURES_AT 9u
#define PARAM_ID_ENDS_AT 10u
#define PARAM_IDS_AT 11u
#define PARAM_KEY_SLOTS_AT 12u
#define PARAM_KEY_TABLES_AT 13u
#define PARAM_TURN 14u
#define PARAM_GENERATOR_AT 15u
#define PARAM_INPUT_BYTES 16u
#define PARAM_KEY_PLACES 17u

// The kernel that measures a device's rate: chains of multiply-adds, and how many each has.
#define RATE_CHAINS 8u
#define RATE_ROUNDS 0x00001000u

// What kernels keep of a lane: the first word of each part.
#define WORK_STATUS 0u
#define WORK_R 1u
#define WORK_S 9u
#define WORK_REFUSED 17u
#define WORK_X 18u
#define WORK_Y 26u
#define WORK_E 34u
#define WORK_U1 42u
#define WORK_U2 50u
#define WORK_DIGITS_1 58u
#define WORK_DIGITS_2 67u
#define WORK_MULTIPLES 85u
#define WORK_RATIOS 213u
#define WORK_PRODUCT 269u
#define WORK_WORDS 293u

// Codes of verdicts.
#define CODE_VALID 1u
#define REASON_NOT_CHECKED 0u
#define REASON_ENCODING 2u
#define REASON_R_OUT_OF_RANGE 3u
#define REASON_S_OUT_OF_RANGE 4u
#define REASON_NOT_RECOVERABLE 5u
#define REASON_KEY_MALFORMED 6u
#define REASON_KEY_NOT_ON_CURVE 7u
#define REASON_KEY_IS_IDENTITY 8u
#define REASON_R_PLUS_S_IS_ZERO 9u
#define REASON_R_IS_IDENTITY 10u
#define REASON_LOW_S_POLICY 11u
#define REASON_EQUATION 12u
