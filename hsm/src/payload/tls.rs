//! What the CertificateVerify message of TLS 1.3 signs (RFC 8446, section 4.4.3):
//! 64 spaces, the context string, a zero byte, the hash of the transcript.

use super::encoding::malformed;
use crate::Error;

/// Spaces before everything else.
const SPACES: usize = 64;

/// The context strings of a server and of a client.
const CONTEXTS: [&[u8]; 2] = [b"TLS 1.3, server CertificateVerify", b"TLS 1.3, client CertificateVerify"];

/// Lengths of transcript hashes: SHA-256 and SM3, SHA-384, SHA-512.
const HASH_BYTES: [usize; 3] = [32, 48, 64];

/// Whether bytes begin as everything begins that TLS 1.3 signs.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.len() >= SPACES && bytes[..SPACES].iter().all(|byte| *byte == b' ')
}

/// That bytes are what a CertificateVerify message signs and nothing else.
pub(super) fn check(bytes: &[u8]) -> Result<(), Error> {
    let hash = looks_like(bytes)
        .then(|| CONTEXTS.iter().find_map(|context| bytes[SPACES..].strip_prefix(*context)))
        .flatten()
        .and_then(|rest| rest.strip_prefix(&[0]))
        .ok_or_else(|| {
            malformed(
                "this is not what a CertificateVerify message of TLS 1.3 signs",
                "it takes 64 spaces, the context string of the server or the client, a zero byte and the hash of the transcript (RFC 8446, 4.4.3)",
            )
        })?;
    if HASH_BYTES.contains(&hash.len()) {
        return Ok(());
    }
    Err(malformed(format!("a transcript hash of {} bytes", hash.len()), "the hashes of TLS 1.3 have 32, 48 or 64 bytes"))
}
