//! One line of the log.
//!
//! A line is a JSON object whose last member is `hash`: SHA-256 over `chainbox/audit-record/1`, a zero byte, and the bytes of the line before `,"hash"`. So
//! nobody needs a canonical form of JSON to check it. `prev` is the hash of the line before, 64 zeros in the first one.

use chainbox_engine::hash::{Digest, sha256};
use serde::{Deserialize, Serialize};

use crate::{
    Kind, Label, Payload, PublicKey, Role, Signature,
    hexadecimal::Hex,
    payload::{Position, Step},
    signer::Caller,
};

/// The longest line, its line break included, in bytes.
pub const LINE_BYTES_MAX: usize = 8192;

/// Keeps these hashes apart from all others.
const TAG: &[u8] = b"chainbox/audit-record/1\0";

/// Between a line's content and its hash.
const HASH_MEMBER: &str = ",\"hash\":\"";

/// What stands behind the content: the member, 64 digits, the ends of string and object.
const HASH_BYTES: usize = HASH_MEMBER.len() + 64 + 2;

/// A record: one line without its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, from 0.
    pub seq: u64,
    /// When it was written: microseconds since 1970, by the clock of the machine.
    pub time_us: u64,
    /// The hash of the record before.
    pub prev: Hex<32>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// Something was to be signed.
    Sign(Box<Sign>),
    /// The log was signed up to a record before this one.
    Head(Box<Head>),
    /// What a crash had torn was cut off.
    Repair(Repair),
}

/// Something to sign, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Who asked.
    pub caller: String,
    /// The key.
    pub key: Label,
    /// The role.
    pub role: Role,
    /// The chain of a vote or a block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// Its height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Its round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Its step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The id of the block that is proposed or voted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Hex<32>>,
    /// Bytes of a transaction, or of what a handshake signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The digest.
    pub digest: Hex<32>,
    /// `signed`, or the kind of the failure.
    pub result: String,
}

/// A signature over the log: Payload::Audit under the role audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many records it covers: those before this number.
    pub records: u64,
    /// The hash of the last of them.
    pub hash: Hex<32>,
    /// The label of the key.
    pub key: Label,
    /// The scheme, by its name.
    pub scheme: String,
    /// The key: SEC1, uncompressed.
    pub public_key: Hex<65>,
    /// r || s.
    pub signature: Hex<64>,
}

/// What was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// The file beside the log that holds it.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hex<32>,
    /// Whole records among it: 0 where a process died, more only where the power went, or somebody changed the log.
    pub records: u64,
}

/// What a record says of a request that was signed.
pub(crate) const SIGNED: &str = "signed";

impl Sign {
    /// The record of a request.
    pub(crate) fn new(caller: &Caller, key: &Label, payload: &Payload, digest: &Digest, result: Result<(), Kind>) -> Self {
        let position = payload.position();
        let place = position.map(|(_, place)| place);
        let block = match payload {
            Payload::Vote { block, .. } => *block,
            Payload::Block { block, .. } => Some(*block),
            _ => None,
        };
        let bytes = match payload {
            Payload::Transaction(bytes) | Payload::Tls(bytes) => Some(bytes.len() as u64),
            _ => None,
        };
        Self {
            caller: caller.0.clone(),
            key: key.clone(),
            role: payload.role(),
            chain: position.map(|(chain, _)| chain.to_owned()),
            height: place.map(|Position { height, .. }| height),
            round: place.map(|Position { round, .. }| round),
            step: place.map(|Position { step, .. }| step),
            block: block.map(Hex),
            bytes,
            digest: Hex(*digest),
            result: result.map_or_else(|kind| kind.name().to_owned(), |()| SIGNED.to_owned()),
        }
    }
}

impl Head {
    /// The record of a signature over the log.
    pub(crate) fn new(records: u64, hash: Digest, key: &Label, scheme: &str, public_key: &PublicKey, signature: &Signature) -> Self {
        let (public_key, signature) = (Hex(*public_key), Hex(*signature));
        Self { records, hash: Hex(hash), key: key.clone(), scheme: scheme.to_owned(), public_key, signature }
    }
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It has no hash at its end.
    #[error("it does not end with a hash")]
    NoHash,
    /// Its hash is not that of its bytes.
    #[error("its hash is not that of its bytes: it was changed")]
    Hash,
    /// Its content is no record.
    #[error("it is no record: {0}")]
    Content(String),
}

impl Record {
    /// The line, with its line break, and its hash.
    #[must_use]
    pub fn to_line(&self) -> (String, Digest) {
        let mut line = serde_json::to_string(self).expect("text and numbers");
        line.pop();
        let hash = hash(line.as_bytes());
        line.push_str(HASH_MEMBER);
        line.push_str(&hex::encode(hash));
        line.push_str("\"}\n");
        (line, hash)
    }

    /// Reads a line without its line break, checks its hash against its bytes, and gives both.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &[u8]) -> Result<(Self, Digest), LineError> {
        let (content, end) = line.len().checked_sub(HASH_BYTES).map(|at| line.split_at(at)).ok_or(LineError::NoHash)?;
        let digits = end.strip_prefix(HASH_MEMBER.as_bytes()).and_then(|end| end.strip_suffix(b"\"}")).ok_or(LineError::NoHash)?;
        let hash = hash(content);
        if digits != hex::encode(hash).as_bytes() {
            return Err(LineError::Hash);
        }
        let record = serde_json::from_slice(&[content, b"}"].concat()).map_err(|error| LineError::Content(error.to_string()))?;
        Ok((record, hash))
    }
}

fn hash(content: &[u8]) -> Digest {
    sha256(&[TAG, content].concat())
}
