// Generated from curves.toml by tests/generated; do not edit.
const HASH_KECCAK256: u32 = 1u;
const HASH_SHA256: u32 = 0u;
const HASH_SM3: u32 = 0u;
const HASH_BLOCK_BYTES: u32 = 136u;

// Keccak-256: the constants of the rounds, low word and high word of each.
const KECCAK_ROUND: array<u32, 48> = array<u32, 48>(
    1u, 0u, 0x00008082u, 0u, 0x0000808au, 0x80000000u, 0x80008000u, 0x80000000u,
    0x0000808bu, 0u, 0x80000001u, 0u, 0x80008081u, 0x80000000u, 0x00008009u, 0x80000000u,
    138u, 0u, 136u, 0u, 0x80008009u, 0u, 0x8000000au, 0u,
    0x8000808bu, 0u, 139u, 0x80000000u, 0x00008089u, 0x80000000u, 0x00008003u, 0x80000000u,
    0x00008002u, 0x80000000u, 128u, 0x80000000u, 0x0000800au, 0u, 0x8000000au, 0x80000000u,
    0x80008081u, 0x80000000u, 0x00008080u, 0x80000000u, 0x80000001u, 0u, 0x80008008u, 0x80000000u,
);

// The walk from lane 1 on: the lane where each goes, and its rotation.
const KECCAK_PI: array<u32, 24> = array<u32, 24>(
    10u, 7u, 11u, 17u, 18u, 3u, 5u, 16u,
    8u, 21u, 24u, 4u, 15u, 23u, 19u, 13u,
    12u, 2u, 20u, 14u, 22u, 9u, 6u, 1u,
);
const KECCAK_RHO: array<u32, 24> = array<u32, 24>(
    1u, 3u, 6u, 10u, 15u, 21u, 28u, 36u,
    45u, 55u, 2u, 14u, 27u, 41u, 56u, 8u,
    25u, 43u, 62u, 18u, 39u, 61u, 20u, 44u,
);
