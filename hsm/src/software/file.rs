//! The file's format, version 1. Integers are big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `CBXKEYS` and the version, 1 |
//! | 4, 4, 4 | Argon2id: memory in KiB, passes, lanes (RFC 9106) |
//! | 16 | salt |
//! | 12 | nonce of ChaCha20-Poly1305 (RFC 8439), drawn anew for each rewrite |
//! | rest | the keys, encrypted, with the tag of 16 bytes; everything before is authenticated with them |
//!
//! The keys: their number (2 bytes), then for each the algorithm (1: secp256k1, 2: P-256, 3: SM2), the length of the label (1), the label, and d (32 bytes).
//! They are in the order of their labels, which are all different.

use std::sync::Arc;

use argon2::{Algorithm as Variant, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::keys::Key;
use crate::{Algorithm, Label, secret::Secret};

/// The most keys of a file.
pub const KEYS_MAX: usize = 1024;

/// The longest file, in bytes.
pub const FILE_BYTES_MAX: usize = HEADER_BYTES + 2 + KEYS_MAX * (2 + crate::key::LABEL_BYTES_MAX + 32) + TAG_BYTES;

const MAGIC: &[u8; 8] = b"CBXKEYS\x01";
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 12 + SALT_BYTES + NONCE_LEN;

/// What Argon2id costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// The second recommended choice of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes.
    pub const DEFAULT: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };

    /// Bounds of what a file may ask of this machine, lower and upper.
    const BOUNDS: [Self; 2] = [Self { memory_kib: 64, passes: 1, lanes: 1 }, Self { memory_kib: 1 << 20, passes: 16, lanes: 16 }];

    fn is_within_bounds(self) -> bool {
        let [low, high] = Self::BOUNDS;
        (low.memory_kib..=high.memory_kib).contains(&self.memory_kib)
            && (low.passes..=high.passes).contains(&self.passes)
            && (low.lanes..=high.lanes).contains(&self.lanes)
    }
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It begins differently.
    #[error("this is no file of keys: it does not begin with CBXKEYS and version 1")]
    Magic,
    /// It is too short or too long.
    #[error("a file of keys does not have {0} bytes")]
    Length(usize),
    /// It asks for more than the bounds allow.
    #[error("the file asks for an Argon2id of {} KiB, {} passes and {} lanes, which is out of bounds", .0.memory_kib, .0.passes, .0.lanes)]
    Cost(Cost),
    /// The tag does not fit: another password, or a changed file.
    #[error("the password is wrong, or the file was changed")]
    Unsealed,
    /// What was encrypted is malformed.
    #[error("what is encrypted in the file is malformed at byte {0}")]
    Keys(usize),
}

/// A file as it is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

impl Sealed {
    /// Reads a file. It may still be that nobody can decrypt it.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damage::Magic)?;
        let length = || Damage::Length(bytes.len());
        if bytes.len() > FILE_BYTES_MAX || bytes.len() < HEADER_BYTES + 2 + TAG_BYTES {
            return Err(length());
        }
        let (numbers, rest) = rest.split_first_chunk::<12>().ok_or_else(length)?;
        let (salt, rest) = rest.split_first_chunk().ok_or_else(length)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(length)?;
        let number = |index: usize| numbers[4 * index..][..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let cost = Cost { memory_kib: number(0), passes: number(1), lanes: number(2) };
        if !cost.is_within_bounds() {
            return Err(Damage::Cost(cost));
        }
        Ok(Self { cost, salt: *salt, nonce: *nonce, sealed: sealed.to_vec() })
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.header()[..], &self.sealed].concat()
    }

    /// Whether the key derived for one opens the other.
    pub(super) fn same_password(&self, other: &Self) -> bool {
        (self.cost, self.salt) == (other.cost, other.salt)
    }

    fn header(&self) -> Vec<u8> {
        let Cost { memory_kib, passes, lanes } = self.cost;
        [&MAGIC[..], &memory_kib.to_be_bytes(), &passes.to_be_bytes(), &lanes.to_be_bytes(), &self.salt, &self.nonce].concat()
    }
}

/// The key that a password gives, and what it was derived with.
pub(super) struct SealingKey {
    key: Zeroizing<[u8; 32]>,
    cost: Cost,
    salt: [u8; SALT_BYTES],
}

impl SealingKey {
    /// Derives the key for a new file.
    pub(super) fn new(password: &Secret, cost: Cost) -> Result<Self, String> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| error.to_string())?;
        Self::derive(password, cost, salt)
    }

    /// Derives the key of a file.
    pub(super) fn of(sealed: &Sealed, password: &Secret) -> Result<Self, String> {
        Self::derive(password, sealed.cost, sealed.salt)
    }

    fn derive(password: &Secret, cost: Cost, salt: [u8; SALT_BYTES]) -> Result<Self, String> {
        let mut key = Zeroizing::new([0; 32]);
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len()))
            .and_then(|params| {
                Argon2::new(Variant::Argon2id, Version::V0x13, params).hash_password_into(password.expose(), &salt, &mut *key)
            })
            .map_err(|error| format!("Argon2id: {error}"))?;
        Ok(Self { key, cost, salt })
    }

    /// Encrypts keys, which are in the order of their labels.
    pub(super) fn seal(&self, keys: &[Arc<Key>]) -> Result<Sealed, String> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
        let mut sealed = Sealed { cost: self.cost, salt: self.salt, nonce, sealed: Vec::new() };
        let mut plain = encode(keys);
        let tag = self.cipher().seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(sealed.header()), &mut plain);
        let tag = tag.map_err(|_| "ChaCha20-Poly1305 failed".to_owned())?;
        sealed.sealed = [&plain[..], tag.as_ref()].concat();
        Ok(sealed)
    }

    /// Decrypts keys.
    pub(super) fn unseal(&self, sealed: &Sealed) -> Result<Vec<Stored>, Damage> {
        let mut bytes = Zeroizing::new(sealed.sealed.clone());
        let plain = self.cipher().open_in_place(Nonce::assume_unique_for_key(sealed.nonce), Aad::from(sealed.header()), &mut bytes);
        decode(plain.map_err(|_| Damage::Unsealed)?)
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &*self.key).expect("a key of 32 bytes"))
    }
}

/// A key as the file holds it.
pub(super) struct Stored {
    pub(super) label: Label,
    pub(super) algorithm: Algorithm,
    pub(super) d: Zeroizing<[u8; 32]>,
}

const fn number_of(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::EcdsaSecp256k1 => 1,
        Algorithm::EcdsaP256 => 2,
        Algorithm::Sm2 => 3,
    }
}

fn encode(keys: &[Arc<Key>]) -> Zeroizing<Vec<u8>> {
    // Never grown, so that no copy of a key is left behind in memory.
    let mut plain = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX));
    plain.extend_from_slice(&(keys.len() as u16).to_be_bytes());
    for key in keys {
        let label = key.info().label.as_str().as_bytes();
        plain.extend_from_slice(&[number_of(key.info().algorithm), label.len() as u8]);
        plain.extend_from_slice(label);
        plain.extend_from_slice(&key.d()[..]);
    }
    plain
}

/// Reads what [`encode`] wrote, and nothing else.
fn decode(plain: &[u8]) -> Result<Vec<Stored>, Damage> {
    let mut rest = plain;
    let count = take(plain, &mut rest, 2)?;
    let count = usize::from(count[0]) << 8 | usize::from(count[1]);
    let mut keys: Vec<Stored> = Vec::new();
    for _ in 0..count {
        let at = Damage::Keys(plain.len() - rest.len());
        let head = take(plain, &mut rest, 2)?;
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| number_of(*algorithm) == head[0]).ok_or(at)?;
        let label = take(plain, &mut rest, usize::from(head[1]))?;
        let label: Label = str::from_utf8(label).ok().and_then(|label| label.parse().ok()).ok_or(at)?;
        if keys.last().is_some_and(|last| last.label >= label) {
            return Err(at);
        }
        let mut d = Zeroizing::new([0; 32]);
        d.copy_from_slice(take(plain, &mut rest, 32)?);
        keys.push(Stored { label, algorithm, d });
    }
    if rest.is_empty() { Ok(keys) } else { Err(Damage::Keys(plain.len() - rest.len())) }
}

fn take<'a>(whole: &[u8], rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Damage> {
    let (taken, left) = rest.split_at_checked(count).ok_or(Damage::Keys(whole.len() - rest.len()))?;
    *rest = left;
    Ok(taken)
}
