//! Batches whose unknown is the signer's key.

use super::{ByteColumn, Input, ItemError, check_input};
use crate::verdict::{Verdict, Verdicts};

/// Signatures from which to recover the signers' keys: ECDSA on secp256k1 with Keccak-256, as Ethereum uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryBatch {
    pub(super) input: Input,
    pub(super) low_s: bool,
    pub(super) inputs: ByteColumn,
    pub(super) signatures: ByteColumn,
    pub(super) hints: ByteColumn,
}

impl RecoveryBatch {
    /// An empty batch over messages or digests; `low_s` refuses s above (n - 1)/2.
    #[must_use]
    pub const fn new(input: Input, low_s: bool) -> Self {
        Self { input, low_s, inputs: ByteColumn::new(), signatures: ByteColumn::new(), hints: ByteColumn::new() }
    }

    /// Appends one item: its message or digest, and r||s||id as 65 bytes.
    /// The recovery id is the parity of y(R), plus 2 where x(R) = r + n. Signatures of another form get a verdict like all else.
    ///
    /// # Errors
    /// [`ItemError`]; the batch is then unchanged.
    pub fn push(&mut self, input: &[u8], signature: &[u8]) -> Result<(), ItemError> {
        self.push_with_hint(input, signature, &[])
    }

    /// The same, with the key that somebody says was recovered before, as SEC1 bytes. It is never trusted: it may change the cost of an answer,
    /// not its value.
    ///
    /// # Errors
    /// [`ItemError`]; the batch is then unchanged.
    pub fn push_with_hint(&mut self, input: &[u8], signature: &[u8], hint: &[u8]) -> Result<(), ItemError> {
        check_input(self.input, input)?;
        self.inputs.check_room(input.len())?;
        self.hints.check_room(hint.len())?;
        self.signatures.push(signature)?;
        self.inputs.push(input)?;
        self.hints.push(hint)?;
        Ok(())
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// What the input column holds.
    #[must_use]
    pub const fn input(&self) -> Input {
        self.input
    }

    /// Whether s above (n - 1)/2 is refused.
    #[must_use]
    pub const fn low_s(&self) -> bool {
        self.low_s
    }

    /// The column of messages or digests.
    #[must_use]
    pub const fn inputs(&self) -> &ByteColumn {
        &self.inputs
    }

    /// The column of hints; an empty string where there is none.
    #[must_use]
    pub const fn hints(&self) -> &ByteColumn {
        &self.hints
    }

    /// The column of signatures, r||s||id.
    #[must_use]
    pub const fn signatures(&self) -> &ByteColumn {
        &self.signatures
    }
}

/// The keys recovered from a [`RecoveryBatch`], one an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// One verdict an item.
    pub verdicts: Verdicts,
    /// x||y of each key, 64 bytes an item; zeros where the verdict is not valid.
    pub keys: Vec<[u8; 64]>,
}

impl Recovered {
    /// The key of item `index`, where it is valid.
    ///
    /// # Panics
    /// Where `index` is not below the number of items.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<&[u8; 64]> {
        (self.verdicts.as_slice()[index] == Verdict::Valid).then(|| &self.keys[index])
    }
}
