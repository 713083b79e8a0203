//! One copy of what a key signed last. A file of 8,192 bytes holds two, at 0 and at 4,096, in blocks of their own, so that a write that is torn hurts one.
//!
//! | offset | bytes | what (integers big-endian) |
//! |---|---|---|
//! | 0 | 8 | `CBXGUARD` |
//! | 8 | 4 | version, 1 |
//! | 12 | 8 | sequence: the higher one is newer |
//! | 20 | 8 | height |
//! | 28 | 4 | round |
//! | 32 | 1 | step: 1 propose, 2 prevote, 3 precommit, 0 where nothing was signed yet |
//! | 33 | 1 | whether there is a digest |
//! | 34 | 32 | digest |
//! | 66 | 65 | public key: SEC1, uncompressed |
//! | 131 | 1 + 64 | label that the key had first: length and UTF-8, zeros behind |
//! | 196 | 1 + 64 | id of the chain, likewise |
//! | 261 | 32 | SHA-256 of everything before |

use chainbox_engine::hash::sha256;

use super::Last;
use crate::{
    Label, PublicKey,
    key::LABEL_BYTES_MAX,
    payload::{CHAIN_BYTES_MAX, Position, Step},
};

/// Where the copies stand.
pub(super) const OFFSETS: [usize; 2] = [0, 4096];

/// Bytes of a file.
pub(super) const FILE_BYTES: usize = 8192;

const LABEL: usize = 131;
const CHAIN: usize = LABEL + 1 + LABEL_BYTES_MAX;
const CHECKED_BYTES: usize = CHAIN + 1 + CHAIN_BYTES_MAX;
const MAGIC: &[u8; 8] = b"CBXGUARD";
const VERSION: u32 = 1;

/// One copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The higher one of two is newer.
    pub sequence: u64,
    /// The key.
    pub public_key: PublicKey,
    /// The label that it had first.
    pub label: Label,
    /// Its chain.
    pub chain: String,
    /// What it signed last.
    pub last: Option<Last>,
}

/// Why bytes are no copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotDamage {
    /// Too few bytes, or others at the beginning.
    #[error("no copy of a guard of version 1")]
    Magic,
    /// The checksum does not fit.
    #[error("the checksum does not fit")]
    Checksum,
    /// A field holds what it cannot hold.
    #[error("the field {0} is malformed")]
    Field(&'static str),
}

impl Slot {
    /// Reads a copy from the bytes that begin with it.
    ///
    /// # Errors
    /// [`SlotDamage`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SlotDamage> {
        let (checked, rest) = bytes.split_first_chunk::<CHECKED_BYTES>().ok_or(SlotDamage::Magic)?;
        if !checked.starts_with(MAGIC) || checked[8..12] != VERSION.to_be_bytes() {
            return Err(SlotDamage::Magic);
        }
        if !rest.starts_with(&sha256(checked)) {
            return Err(SlotDamage::Checksum);
        }
        let public_key = checked[66..LABEL].try_into().map_err(|_| SlotDamage::Field("public key"))?;
        let label = text(&checked[LABEL..CHAIN]).and_then(|label| label.parse().ok()).ok_or(SlotDamage::Field("label"))?;
        let chain = text(&checked[CHAIN..]).filter(|chain| !chain.is_empty()).ok_or(SlotDamage::Field("chain"))?.to_owned();
        Ok(Self { sequence: number(&checked[12..20]), public_key, label, chain, last: last(checked)? })
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &VERSION.to_be_bytes(), &self.sequence.to_be_bytes()].concat();
        let position = self.last.map(|last| last.position);
        bytes.extend_from_slice(&position.map_or(0, |position| position.height).to_be_bytes());
        bytes.extend_from_slice(&position.map_or(0, |position| position.round).to_be_bytes());
        bytes.push(position.map_or(0, |position| position.step.byte()));
        let digest = self.last.and_then(|last| last.digest);
        bytes.push(u8::from(digest.is_some()));
        bytes.extend_from_slice(&digest.unwrap_or_default());
        bytes.extend_from_slice(&self.public_key);
        put_text(&mut bytes, self.label.as_str(), LABEL_BYTES_MAX);
        put_text(&mut bytes, &self.chain, CHAIN_BYTES_MAX);
        let checksum = sha256(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

/// Height, round, step and digest.
fn last(checked: &[u8; CHECKED_BYTES]) -> Result<Option<Last>, SlotDamage> {
    let (position, digest) = (&checked[20..33], &checked[34..66]);
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let digest = match checked[33] {
        0 if is_zero(digest) => None,
        1 => Some(digest.try_into().map_err(|_| SlotDamage::Field("digest"))?),
        _ => return Err(SlotDamage::Field("digest")),
    };
    if checked[32] == 0 {
        return if is_zero(position) && digest.is_none() { Ok(None) } else { Err(SlotDamage::Field("step")) };
    }
    let step = Step::of_byte(checked[32]).ok_or(SlotDamage::Field("step"))?;
    let round = u32::try_from(number(&checked[28..32])).map_err(|_| SlotDamage::Field("round"))?;
    Ok(Some(Last { position: Position { height: number(&checked[20..28]), round, step }, digest }))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A text with its length before it and zeros behind.
fn text(field: &[u8]) -> Option<&str> {
    let (length, bytes) = field.split_first()?;
    let (text, zeros) = bytes.split_at_checked(usize::from(*length))?;
    zeros.iter().all(|byte| *byte == 0).then(|| str::from_utf8(text).ok()).flatten()
}

fn put_text(bytes: &mut Vec<u8>, text: &str, max: usize) {
    debug_assert!(text.len() <= max);
    bytes.push(text.len() as u8);
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(bytes.len() + max - text.len(), 0);
}
