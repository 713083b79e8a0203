/*
 * Chainbox: verifies signatures (SM2 with SM3, ECDSA on secp256k1 and P-256), recovers keys and computes digests, many at once, in process or
 * through a server. Made by cbindgen from appliance-os/capi/src: do not edit.
 *
 * What holds for every function:
 *
 * Threads. Any number of threads may use one handle at once; only chainbox_close must be the last call with it. A call returns when its work is
 * done. A handle does not survive fork: open another one in the child.
 *
 * Memory. The library keeps no pointer that it is given: what a pointer names has to live, and not to change, until the call returns. What the
 * library returns as text is constant and lives as long as the library. Outputs must not overlap each other or an input.
 *
 * Outputs. They are zeroed before anything else is done, and written only by a call that succeeds. A zeroed verdict is not valid: where a call
 * fails, nothing is valid. Room beyond what is written stays zero.
 *
 * Errors. A call returns CHAINBOX_STATUS_OK or says what failed; `error` may be NULL, or names where the details go. NULL for what must be there,
 * sizes that do not fit and unknown numbers are CHAINBOX_STATUS_BAD_ARGUMENT. Nothing is printed but by a fault of the library itself, which says
 * on standard error where it happened, and is CHAINBOX_STATUS_INTERNAL for the caller.
 *
 * Versions. A structure that begins with `size` may get more fields at its end: set `size` to sizeof of the structure and zero what is not used
 * (`chainbox_options options = { .size = sizeof options };` does both). Numbers never change their meaning. A library that is older than the
 * header refuses fields that it does not know, unless they are zero.
 */

#ifndef CHAINBOX_H
#define CHAINBOX_H

#include <stddef.h>
#include <stdint.h>

// The most items of one call. More go into several calls.
#define CHAINBOX_ITEMS_MAX (1 << 24)

// The most threads of a handle's own pool.
#define CHAINBOX_THREADS_MAX 1024

// The bytes of a digest.
#define CHAINBOX_DIGEST_BYTES 32

// The bytes of a recovered key: x || y.
#define CHAINBOX_KEY_BYTES 64

// The bytes of a hint that was found: y(R).
#define CHAINBOX_HINT_BYTES 32

// The bytes of an error's message with the zero that ends it.
#define CHAINBOX_MESSAGE_BYTES 504

// What came of a call.
enum chainbox_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The call did what it was asked for. What that means for the items, their verdicts say.
    CHAINBOX_STATUS_OK = 0,
    // An argument is NULL, of the wrong size, or a number without a meaning: the caller has to change it. The message says which one.
    CHAINBOX_STATUS_BAD_ARGUMENT = 1,
    // The server refused: a limit, or it does not know this client. `retry_after_ms` says when to try again, 0 where that will not help.
    CHAINBOX_STATUS_REFUSED = 2,
    // The server cannot be reached, or the connection broke. Whether it did the work is unknown; asking again is safe.
    CHAINBOX_STATUS_CONNECTION = 3,
    // There was no answer within the deadline. Asking again is safe.
    CHAINBOX_STATUS_DEADLINE = 4,
    // The library, the machine or the server failed: not the caller's fault, and nothing is known about the items.
    CHAINBOX_STATUS_INTERNAL = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_status chainbox_status;
#else
typedef int32_t chainbox_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Curve, hash and equation.
enum chainbox_scheme
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No scheme: zeroed memory.
    CHAINBOX_SCHEME_UNSPECIFIED = 0,
    // ECDSA on secp256k1 with SHA-256 (Bitcoin).
    CHAINBOX_SCHEME_ECDSA_SECP256K1_SHA256 = 1,
    // ECDSA on secp256k1 with Keccak-256 (Ethereum).
    CHAINBOX_SCHEME_ECDSA_SECP256K1_KECCAK256 = 2,
    // ECDSA on P-256 with SHA-256 (FIPS 186-5).
    CHAINBOX_SCHEME_ECDSA_P256_SHA256 = 3,
    // SM2 with SM3 (GB/T 32918.2).
    CHAINBOX_SCHEME_SM2_SM3 = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_scheme chainbox_scheme;
#else
typedef int32_t chainbox_scheme;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What the column of inputs holds.
enum chainbox_input
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Nothing: zeroed memory.
    CHAINBOX_INPUT_UNSPECIFIED = 0,
    // Messages of any length, hashed as the scheme says.
    CHAINBOX_INPUT_MESSAGE = 1,
    // Digests of 32 bytes. For SM2 that is e = SM3(Z_A || M).
    CHAINBOX_INPUT_DIGEST = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_input chainbox_input;
#else
typedef int32_t chainbox_input;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How signatures are written.
enum chainbox_encoding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No encoding: zeroed memory.
    CHAINBOX_ENCODING_UNSPECIFIED = 0,
    // r || s, 32 bytes each, big-endian.
    CHAINBOX_ENCODING_RAW = 1,
    // Strict DER: SEQUENCE { INTEGER r, INTEGER s }.
    CHAINBOX_ENCODING_DER = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_encoding chainbox_encoding;
#else
typedef int32_t chainbox_encoding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A hash function with digests of 32 bytes.
enum chainbox_hash
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No function: zeroed memory.
    CHAINBOX_HASH_UNSPECIFIED = 0,
    // SHA-256 (FIPS 180-4).
    CHAINBOX_HASH_SHA256 = 1,
    // Keccak-256 with the original padding, as Ethereum uses it; not SHA3-256.
    CHAINBOX_HASH_KECCAK256 = 2,
    // SM3 (GB/T 32905).
    CHAINBOX_HASH_SM3 = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_hash chainbox_hash;
#else
typedef int32_t chainbox_hash;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a byte of verdicts says: valid, or the first check that failed. Checks are made in one order, so that the same bytes have the same verdict
// everywhere. Treat a number that is not here as invalid: a later version may have more reasons.
enum chainbox_verdict
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint8_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No check was made. Zeroed memory says this, and it is not valid.
    CHAINBOX_VERDICT_NOT_CHECKED = 0,
    // Every check passed.
    CHAINBOX_VERDICT_VALID = 1,
    // The signature is not 64 bytes of r || s, or not strict DER; for recovery not 65 bytes of r || s || id.
    CHAINBOX_VERDICT_ENCODING = 2,
    // r is not in [1, n - 1].
    CHAINBOX_VERDICT_R_OUT_OF_RANGE = 3,
    // s is not in [1, n - 1].
    CHAINBOX_VERDICT_S_OUT_OF_RANGE = 4,
    // Recovery: no point R has the x that r and the recovery id name.
    CHAINBOX_VERDICT_NOT_RECOVERABLE = 5,
    // The key is not a SEC1 point.
    CHAINBOX_VERDICT_KEY_MALFORMED = 6,
    // The key is not on the curve.
    CHAINBOX_VERDICT_KEY_NOT_ON_CURVE = 7,
    // The key is the point at infinity.
    CHAINBOX_VERDICT_KEY_IS_IDENTITY = 8,
    // SM2: r + s = 0 modulo n.
    CHAINBOX_VERDICT_R_PLUS_S_IS_ZERO = 9,
    // The point R is the point at infinity.
    CHAINBOX_VERDICT_R_IS_IDENTITY = 10,
    // `low_s` is asked for and s is above (n - 1)/2.
    CHAINBOX_VERDICT_LOW_S_POLICY = 11,
    // The equation does not hold.
    CHAINBOX_VERDICT_EQUATION = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum chainbox_verdict chainbox_verdict;
#else
typedef uint8_t chainbox_verdict;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a program verifies with: chainbox_open gives one, chainbox_close takes it back.
typedef struct chainbox_t chainbox_t;

// What a handle works with. Zeroed but for `size`: in process, a thread for each core.
typedef struct chainbox_options {
    // sizeof(chainbox_options).
    size_t size;
    // The server: "unix:/PATH", "http://HOST:PORT" or "https://HOST:PORT". NULL: verify in process.
    const char *address;
    // https: the file of the certificate authorities that the server's certificate is checked with, PEM. The system's are not used.
    const char *ca_file;
    // https: the file of this client's certificate chain, PEM, where the server asks for one; NULL for none.
    const char *certificate_file;
    // https: the file of the key of that certificate, PEM; NULL for none.
    const char *key_file;
    // With a server: how long a part of a call, some thousands of items, may go without its answer, all tries together, in milliseconds; 0 for the
    // default of 30,000. A large call takes longer as long as answers keep coming.
    uint32_t deadline_ms;
    // In process: the threads that verify, at most CHAINBOX_THREADS_MAX; 0 for one for each core. Small batches stay on the calling thread.
    uint32_t threads;
    // In process: the bound of the tables of keys that come again, in bytes; 0 for the default of 512 MiB. They fill as keys come again.
    uint64_t key_table_bytes;
} chainbox_options;

// What failed. Every call that takes one writes it, CHAINBOX_STATUS_OK and no text where nothing failed.
typedef struct chainbox_error {
    // What the call returned.
    int32_t status;
    // With CHAINBOX_STATUS_REFUSED: when to try again, in milliseconds; 0 where the same call would be refused again.
    uint32_t retry_after_ms;
    // What is wrong, where, and what to do: UTF-8, ended by a zero, cut where it is longer.
    char message[CHAINBOX_MESSAGE_BYTES];
} chainbox_error;

// A column of byte strings: their bytes one after the other, and how long each is. A column has one string an item. Zeroed: an absent column.
typedef struct chainbox_column {
    // The bytes of all strings, without gaps, at most 4,294,967,295. NULL where there are none.
    const uint8_t *data;
    // The number of those bytes.
    size_t data_len;
    // The length of each string in bytes, one an item; their sum is `data_len`. NULL where `width` says it.
    const uint32_t *lengths;
    // Instead of `lengths`: the length that all strings have, in bytes; `data_len` is `width` times the items. 0 with `lengths`.
    size_t width;
} chainbox_column;

// Signatures to verify.
typedef struct chainbox_verify_request {
    // sizeof(chainbox_verify_request).
    size_t size;
    // The number of items, at most CHAINBOX_ITEMS_MAX.
    size_t items;
    // Curve, hash and equation: a number of enum chainbox_scheme.
    int32_t scheme;
    // What `inputs` holds: a number of enum chainbox_input.
    int32_t input;
    // How `signatures` are written: a number of enum chainbox_encoding.
    int32_t encoding;
    // ECDSA: 1 to refuse s above (n - 1)/2, where n - s would do as well; 0 to accept both.
    int32_t low_s;
    // Public keys: SEC1, compressed or uncompressed.
    struct chainbox_column keys;
    // Messages or digests.
    struct chainbox_column inputs;
    // Signatures.
    struct chainbox_column signatures;
    // The signers' ids: for SM2 over messages, and absent for all else. Absent where an id is needed: the common id 1234567812345678 for every
    // item. An empty string is an id of its own. At most 8,191 bytes each.
    struct chainbox_column ids;
    // What somebody found out about R before: empty, one byte with the parity of y(R), or the 32 bytes of y(R). Absent: no item has one. A hint is
    // never trusted: it may change the cost of a verdict, not its value.
    struct chainbox_column hints;
} chainbox_verify_request;

// Where chainbox_verify_hints puts the hints that were found. Afterwards { data, data_len, lengths, 0 } is the column of hints that a request of the
// same items takes: with it the next to verify them needs a fraction of the time.
typedef struct chainbox_hints {
    // Room for CHAINBOX_HINT_BYTES an item. The hints that were found stand there without gaps.
    uint8_t *data;
    // The bytes of that room.
    size_t data_capacity;
    // Room for a length an item: CHAINBOX_HINT_BYTES, or 0 where no hint was found on the way.
    uint32_t *lengths;
    // The lengths that have room there.
    size_t lengths_capacity;
    // Out: the bytes of `data` that are hints.
    size_t data_len;
} chainbox_hints;

// Signatures from which to recover the keys: ECDSA on secp256k1, as Ethereum uses it.
typedef struct chainbox_recover_request {
    // sizeof(chainbox_recover_request).
    size_t size;
    // The number of items, at most CHAINBOX_ITEMS_MAX.
    size_t items;
    // What `inputs` holds: a number of enum chainbox_input. Messages are hashed by Keccak-256.
    int32_t input;
    // 1 to refuse s above (n - 1)/2; 0 to accept both.
    int32_t low_s;
    // Messages or digests.
    struct chainbox_column inputs;
    // r || s || id, 65 bytes; id is the parity of y(R), plus 2 where x(R) = r + n.
    struct chainbox_column signatures;
    // The key that somebody says was recovered before, SEC1. Absent: no item has one. Never trusted.
    struct chainbox_column hints;
} chainbox_recover_request;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Opens a handle, which chainbox_close closes. In process it first verifies known answers, which takes some milliseconds; as a client it connects
// to the server. `*handle` is NULL where that fails.
chainbox_status chainbox_open(const struct chainbox_options *options,
                              struct chainbox_t **handle,
                              struct chainbox_error *error);

// Closes a handle and ends its threads. NULL is allowed. No other call may be using the handle, and none may use it afterwards.
void chainbox_close(struct chainbox_t *handle);

// Verifies signatures: one verdict an item, in the order of the items.
//
// `verdicts` is room for a byte an item, as enum chainbox_verdict says; `verdicts_len` is the bytes of that room. `all_valid` may be NULL, or names a
// byte that becomes 1 where every item is valid, and for no items. CHAINBOX_STATUS_OK says that the verdicts are there, whatever they are.
chainbox_status chainbox_verify(const struct chainbox_t *handle,
                                const struct chainbox_verify_request *request,
                                uint8_t *verdicts,
                                size_t verdicts_len,
                                uint8_t *all_valid,
                                struct chainbox_error *error);

// The same, and the hints that were found on the way, for others to verify the same items faster. An item that is not valid has none; a valid one may
// have none.
chainbox_status chainbox_verify_hints(const struct chainbox_t *handle,
                                      const struct chainbox_verify_request *request,
                                      uint8_t *verdicts,
                                      size_t verdicts_len,
                                      uint8_t *all_valid,
                                      struct chainbox_hints *hints,
                                      struct chainbox_error *error);

// Recovers the keys that signed: ECDSA on secp256k1. One verdict and one key an item, in the order of the items.
//
// `keys` is room for CHAINBOX_KEY_BYTES an item, x || y of each key, zeros where the verdict is not valid; `keys_len` is the bytes of that room. The
// rest is as for chainbox_verify.
chainbox_status chainbox_recover(const struct chainbox_t *handle,
                                 const struct chainbox_recover_request *request,
                                 uint8_t *verdicts,
                                 size_t verdicts_len,
                                 uint8_t *keys,
                                 size_t keys_len,
                                 uint8_t *all_valid,
                                 struct chainbox_error *error);

// Computes digests: CHAINBOX_DIGEST_BYTES a message, in the order of the messages.
//
// `hash` is a number of enum chainbox_hash; `messages` is a column of `items` strings. `digests_len` is the bytes of the room at `digests`.
chainbox_status chainbox_digest(const struct chainbox_t *handle,
                                int32_t hash,
                                size_t items,
                                const struct chainbox_column *messages,
                                uint8_t *digests,
                                size_t digests_len,
                                struct chainbox_error *error);

// What a byte of verdicts says, for people: "valid", or the check that failed. Never NULL.
const char *chainbox_verdict_text(uint8_t verdict);

// What a number of enum chainbox_status says, for people. Never NULL.
const char *chainbox_error_text(int32_t status);

// The version of the library, as "1.2.3".
const char *chainbox_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CHAINBOX_H */
