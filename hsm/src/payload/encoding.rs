//! The bytes that are hashed: one encoding a payload, which no other payload can have.

use std::borrow::Cow;

use super::{Payload, Step, tls};
use crate::{Error, Kind};

/// The longest id of a chain, in bytes.
pub const CHAIN_BYTES_MAX: usize = 64;

/// The longest signed part of a transaction, in bytes.
pub const TRANSACTION_BYTES_MAX: usize = 1 << 20;

/// Begins the encoding of a vote.
const VOTE: &[u8] = b"chainbox/vote/1\0";

/// Begins the encoding of a block.
const BLOCK: &[u8] = b"chainbox/block/1\0";

/// Begins the encoding of a head of the audit log.
const AUDIT: &[u8] = b"chainbox/audit/1\0";

/// What the encodings made here begin with. No transaction may begin with one of them.
pub const TAGS: [&[u8]; 3] = [VOTE, BLOCK, AUDIT];

/// The bytes that are hashed to sign a payload; of an opaque digest itself, which nobody hashes again.
///
/// # Errors
/// [`Kind::Input`] where the payload is malformed: an id of a chain that is empty or too long, a vote at the step of a proposal, a transaction that is empty,
/// too long or looks like another payload, content that is not of TLS 1.3.
pub fn message(payload: &Payload) -> Result<Cow<'_, [u8]>, Error> {
    match payload {
        Payload::Vote { chain, height, round, step, block } => {
            if *step == Step::Propose {
                return Err(malformed("a vote at the step propose", "a proposal is signed as a block"));
            }
            consensus(VOTE, chain, *height, *round, *step, block.as_ref()).map(Cow::from)
        }
        Payload::Block { chain, height, round, block } => {
            consensus(BLOCK, chain, *height, *round, Step::Propose, Some(block)).map(Cow::from)
        }
        Payload::Transaction(bytes) => transaction(bytes).map(|()| bytes.into()),
        Payload::Tls(bytes) => tls::check(bytes).map(|()| bytes.into()),
        Payload::Audit { records, head } => Ok([AUDIT, &records.to_be_bytes(), head].concat().into()),
        Payload::Opaque(digest) => Ok(digest.into()),
    }
}

/// tag || length of the chain's id (2 bytes) || id || height (8) || round (4) || step (1) || presence (1) || id of the block (32, where present).
fn consensus(tag: &[u8], chain: &str, height: u64, round: u32, step: Step, block: Option<&[u8; 32]>) -> Result<Vec<u8>, Error> {
    let length = u16::try_from(chain.len()).ok().filter(|length| (1..=CHAIN_BYTES_MAX).contains(&usize::from(*length)));
    let length = length.ok_or_else(|| {
        malformed(format!("an id of a chain of {} bytes", chain.len()), format!("it takes 1 to {CHAIN_BYTES_MAX} bytes of UTF-8"))
    })?;
    let presence = [u8::from(block.is_some())];
    let block = block.map_or(&[][..], |block| block);
    Ok([tag, &length.to_be_bytes(), chain.as_bytes(), &height.to_be_bytes(), &round.to_be_bytes(), &[step.byte()], &presence, block]
        .concat())
}

/// A transaction is hashed as it stands, so it must not be what another payload hashes.
fn transaction(bytes: &[u8]) -> Result<(), Error> {
    if bytes.is_empty() {
        return Err(malformed("an empty transaction", "send the signed part of the transaction in its chain's own encoding"));
    }
    if bytes.len() > TRANSACTION_BYTES_MAX {
        return Err(malformed(format!("a transaction of {} bytes", bytes.len()), format!("the limit is {TRANSACTION_BYTES_MAX} bytes")));
    }
    if TAGS.iter().any(|tag| bytes.starts_with(tag)) {
        return Err(malformed(
            "a transaction that begins like a vote, a block or a head of the audit log",
            "nothing of that kind is signed as a transaction",
        ));
    }
    if tls::looks_like(bytes) {
        return Err(malformed("a transaction that begins with the 64 spaces of TLS 1.3", "a handshake is signed under the role tls"));
    }
    Ok(())
}

pub(super) fn malformed(what: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::new(Kind::Input, "payload", what).remedy(remedy)
}
