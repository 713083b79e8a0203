//! The numbers and structures that cross the border, as the header has them.
//!
//! Numbers and structures never change; a structure that begins with its size may get more fields at its end. The enums are those of
//! `chainbox.v1` in the proto files, which a test compares.

use std::ffi::c_char;

/// The most items of one call. More go into several calls.
pub const ITEMS_MAX: usize = 1 << 24;

/// The most threads of a handle's own pool.
pub const THREADS_MAX: u32 = 1024;

/// The bytes of a digest.
pub const DIGEST_BYTES: usize = 32;

/// The bytes of a recovered key: x || y.
pub const KEY_BYTES: usize = 64;

/// The bytes of a hint that was found: y(R).
pub const HINT_BYTES: usize = 32;

/// The bytes of an error's message with the zero that ends it.
pub const MESSAGE_BYTES: usize = 504;

/// What came of a call.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The call did what it was asked for. What that means for the items, their verdicts say.
    Ok = 0,
    /// An argument is NULL, of the wrong size, or a number without a meaning: the caller has to change it. The message says which one.
    BadArgument = 1,
    /// The server refused: a limit, or it does not know this client. `retry_after_ms` says when to try again, 0 where that will not help.
    Refused = 2,
    /// The server cannot be reached, or the connection broke. Whether it did the work is unknown; asking again is safe.
    Connection = 3,
    /// There was no answer within the deadline. Asking again is safe.
    Deadline = 4,
    /// The library, the machine or the server failed: not the caller's fault, and nothing is known about the items.
    Internal = 5,
}

/// Curve, hash and equation.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// No scheme: zeroed memory.
    Unspecified = 0,
    /// ECDSA on secp256k1 with SHA-256 (Bitcoin).
    EcdsaSecp256k1Sha256 = 1,
    /// ECDSA on secp256k1 with Keccak-256 (Ethereum).
    EcdsaSecp256k1Keccak256 = 2,
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5).
    EcdsaP256Sha256 = 3,
    /// SM2 with SM3 (GB/T 32918.2).
    Sm2Sm3 = 4,
}

/// What the column of inputs holds.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing: zeroed memory.
    Unspecified = 0,
    /// Messages of any length, hashed as the scheme says.
    Message = 1,
    /// Digests of 32 bytes. For SM2 that is e = SM3(Z_A || M).
    Digest = 2,
}

/// How signatures are written.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// No encoding: zeroed memory.
    Unspecified = 0,
    /// r || s, 32 bytes each, big-endian.
    Raw = 1,
    /// Strict DER: SEQUENCE { INTEGER r, INTEGER s }.
    Der = 2,
}

/// A hash function with digests of 32 bytes.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// No function: zeroed memory.
    Unspecified = 0,
    /// SHA-256 (FIPS 180-4).
    Sha256 = 1,
    /// Keccak-256 with the original padding, as Ethereum uses it; not SHA3-256.
    Keccak256 = 2,
    /// SM3 (GB/T 32905).
    Sm3 = 3,
}

/// What a byte of verdicts says: valid, or the first check that failed. Checks are made in one order, so that the same bytes have the same verdict
/// everywhere. Treat a number that is not here as invalid: a later version may have more reasons.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No check was made. Zeroed memory says this, and it is not valid.
    NotChecked = 0,
    /// Every check passed.
    Valid = 1,
    /// The signature is not 64 bytes of r || s, or not strict DER; for recovery not 65 bytes of r || s || id.
    Encoding = 2,
    /// r is not in [1, n - 1].
    ROutOfRange = 3,
    /// s is not in [1, n - 1].
    SOutOfRange = 4,
    /// Recovery: no point R has the x that r and the recovery id name.
    NotRecoverable = 5,
    /// The key is not a SEC1 point.
    KeyMalformed = 6,
    /// The key is not on the curve.
    KeyNotOnCurve = 7,
    /// The key is the point at infinity.
    KeyIsIdentity = 8,
    /// SM2: r + s = 0 modulo n.
    RPlusSIsZero = 9,
    /// The point R is the point at infinity.
    RIsIdentity = 10,
    /// `low_s` is asked for and s is above (n - 1)/2.
    LowSPolicy = 11,
    /// The equation does not hold.
    Equation = 12,
}

/// What a handle works with. Zeroed but for `size`: in process, a thread for each core.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// sizeof(chainbox_options).
    pub size: usize,
    /// The server: "unix:/PATH", "http://HOST:PORT" or "https://HOST:PORT". NULL: verify in process.
    pub address: *const c_char,
    /// https: the file of the certificate authorities that the server's certificate is checked with, PEM. The system's are not used.
    pub ca_file: *const c_char,
    /// https: the file of this client's certificate chain, PEM, where the server asks for one; NULL for none.
    pub certificate_file: *const c_char,
    /// https: the file of the key of that certificate, PEM; NULL for none.
    pub key_file: *const c_char,
    /// With a server: how long a part of a call, some thousands of items, may go without its answer, all tries together, in milliseconds; 0 for the
    /// default of 30,000. A large call takes longer as long as answers keep coming.
    pub deadline_ms: u32,
    /// In process: the threads that verify, at most CHAINBOX_THREADS_MAX; 0 for one for each core. Small batches stay on the calling thread.
    pub threads: u32,
    /// In process: the bound of the tables of keys that come again, in bytes; 0 for the default of 512 MiB. They fill as keys come again.
    pub key_table_bytes: u64,
}

/// A column of byte strings: their bytes one after the other, and how long each is. A column has one string an item. Zeroed: an absent column.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The bytes of all strings, without gaps, at most 4,294,967,295. NULL where there are none.
    pub data: *const u8,
    /// The number of those bytes.
    pub data_len: usize,
    /// The length of each string in bytes, one an item; their sum is `data_len`. NULL where `width` says it.
    pub lengths: *const u32,
    /// Instead of `lengths`: the length that all strings have, in bytes; `data_len` is `width` times the items. 0 with `lengths`.
    pub width: usize,
}

/// Signatures to verify.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VerifyRequest {
    /// sizeof(chainbox_verify_request).
    pub size: usize,
    /// The number of items, at most CHAINBOX_ITEMS_MAX.
    pub items: usize,
    /// Curve, hash and equation: a number of enum chainbox_scheme.
    pub scheme: i32,
    /// What `inputs` holds: a number of enum chainbox_input.
    pub input: i32,
    /// How `signatures` are written: a number of enum chainbox_encoding.
    pub encoding: i32,
    /// ECDSA: 1 to refuse s above (n - 1)/2, where n - s would do as well; 0 to accept both.
    pub low_s: i32,
    /// Public keys: SEC1, compressed or uncompressed.
    pub keys: Column,
    /// Messages or digests.
    pub inputs: Column,
    /// Signatures.
    pub signatures: Column,
    /// The signers' ids: for SM2 over messages, and absent for all else. Absent where an id is needed: the common id 1234567812345678 for every
    /// item. An empty string is an id of its own. At most 8,191 bytes each.
    pub ids: Column,
    /// What somebody found out about R before: empty, one byte with the parity of y(R), or the 32 bytes of y(R). Absent: no item has one. A hint is
    /// never trusted: it may change the cost of a verdict, not its value.
    pub hints: Column,
}

/// Signatures from which to recover the keys: ECDSA on secp256k1, as Ethereum uses it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RecoverRequest {
    /// sizeof(chainbox_recover_request).
    pub size: usize,
    /// The number of items, at most CHAINBOX_ITEMS_MAX.
    pub items: usize,
    /// What `inputs` holds: a number of enum chainbox_input. Messages are hashed by Keccak-256.
    pub input: i32,
    /// 1 to refuse s above (n - 1)/2; 0 to accept both.
    pub low_s: i32,
    /// Messages or digests.
    pub inputs: Column,
    /// r || s || id, 65 bytes; id is the parity of y(R), plus 2 where x(R) = r + n.
    pub signatures: Column,
    /// The key that somebody says was recovered before, SEC1. Absent: no item has one. Never trusted.
    pub hints: Column,
}

/// Where chainbox_verify_hints puts the hints that were found. Afterwards { data, data_len, lengths, 0 } is the column of hints that a request of the
/// same items takes: with it the next to verify them needs a fraction of the time.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Hints {
    /// Room for CHAINBOX_HINT_BYTES an item. The hints that were found stand there without gaps.
    pub data: *mut u8,
    /// The bytes of that room.
    pub data_capacity: usize,
    /// Room for a length an item: CHAINBOX_HINT_BYTES, or 0 where no hint was found on the way.
    pub lengths: *mut u32,
    /// The lengths that have room there.
    pub lengths_capacity: usize,
    /// Out: the bytes of `data` that are hints.
    pub data_len: usize,
}

/// What failed. Every call that takes one writes it, CHAINBOX_STATUS_OK and no text where nothing failed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErrorReport {
    /// What the call returned.
    pub status: i32,
    /// With CHAINBOX_STATUS_REFUSED: when to try again, in milliseconds; 0 where the same call would be refused again.
    pub retry_after_ms: u32,
    /// What is wrong, where, and what to do: UTF-8, ended by a zero, cut where it is longer.
    pub message: [c_char; MESSAGE_BYTES],
}
