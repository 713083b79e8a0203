//! Raw signed Ethereum transactions: legacy before and after EIP-155, and types 1 (EIP-2930), 2 (EIP-1559), 3 (EIP-4844, block form)
//! and 4 (EIP-7702).
//!
//! [`decode`] makes every check that needs neither state nor curve arithmetic and gives what recovery of the sender needs;
//! r, s and the low-s rule (EIP-2) are judged by the recovery itself.

mod envelope;
mod fields;
mod rules;
mod signing;

pub use envelope::{TRANSACTION_BYTES_MAX, TransactionType};

use crate::{
    hash::{Digest, keccak256},
    verdict::Reason,
};

/// What is asked of a transaction beyond the rules that hold everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Refuse those that name another chain. Those that name none stay welcome, unless [`Self::require_chain_id`] is on.
    pub chain_id: Option<u64>,
    /// Refuse those that name no chain: legacy transactions from before EIP-155, which can be replayed on every chain.
    pub require_chain_id: bool,
}

/// What a raw signed transaction says of itself; its signature is not verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// How its fields are laid out.
    pub kind: TransactionType,
    /// The chain that it is for; `None` for a legacy transaction from before EIP-155. A legacy v of 35 or 36 names chain 0.
    pub chain_id: Option<u64>,
    /// How many transactions its sender says to have sent before.
    pub nonce: u64,
    /// Its name on the network: Keccak-256 of the raw bytes.
    pub hash: Digest,
    /// What the sender signed: Keccak-256 of the fields without the signature.
    pub signing_digest: Digest,
    /// r||s||parity of y(R), as [`RecoveryBatch::push`](crate::batch::RecoveryBatch::push) takes it
    /// for [`Input::Digest`](crate::batch::Input::Digest).
    pub signature: [u8; 65],
}

/// Decodes a raw transaction and makes its stateless checks, in this order, which is the order of [`Reason`]'s variants:
///
/// 1. [`TransactionEncoding`](Reason::TransactionEncoding): empty, above [`TRANSACTION_BYTES_MAX`], not canonical RLP, a field that is
///    missing, left over or of another width. An unsupported type or the network form has fields that are not known here: there, this
///    covers what precedes the fields.
/// 2. [`TransactionType`](Reason::TransactionType): a type byte other than 1, 2, 3 and 4 (EIP-2718).
/// 3. [`BlobNetworkForm`](Reason::BlobNetworkForm): type 3 with its blobs beside it.
/// 4. [`SignatureV`](Reason::SignatureV): a legacy v that is not 27, 28, 35 + 2c or 36 + 2c for a chain id c below 2^64 (EIP-155);
///    a parity that is not 0 or 1.
/// 5. [`ChainId`](Reason::ChainId), then [`ChainIdMissing`](Reason::ChainIdMissing), where `policy` asks for them.
/// 6. [`NonceTooHigh`](Reason::NonceTooHigh): exactly 2^64 - 1 (EIP-2681).
/// 7. [`PriorityFeeAboveMaximum`](Reason::PriorityFeeAboveMaximum) (EIP-1559).
/// 8. [`RecipientMissing`](Reason::RecipientMissing): types 3 and 4 create no contracts.
/// 9. [`BlobHashes`](Reason::BlobHashes): none, or one of another version than 1 (EIP-4844).
/// 10. [`AuthorizationListEmpty`](Reason::AuthorizationListEmpty) (EIP-7702).
///
/// # Errors
/// The first of these reasons that applies.
pub fn decode(raw: &[u8], policy: &Policy) -> Result<Transaction, Reason> {
    let envelope = envelope::open(raw)?;
    let fields = fields::read(envelope.kind, envelope.items)?;
    let recovery = rules::check(envelope.kind, &fields, policy)?;
    let signing_payload = signing::payload(envelope.kind, fields.signed, recovery.chain_id);
    let mut signature = [0; 65];
    signature[..32].copy_from_slice(&fields.r.to_be_bytes());
    signature[32..64].copy_from_slice(&fields.s.to_be_bytes());
    signature[64] = recovery.parity;
    Ok(Transaction {
        kind: envelope.kind,
        chain_id: recovery.chain_id,
        nonce: fields.nonce,
        hash: keccak256(raw),
        signing_digest: keccak256(&signing_payload),
        signature,
    })
}

/// The address of the account that `key`, x||y, controls: the last 20 bytes of its Keccak-256 (Yellow Paper, appendix F).
#[must_use]
pub fn address(key: &[u8; 64]) -> [u8; 20] {
    let mut address = [0; 20];
    address.copy_from_slice(&keccak256(key)[12..]);
    address
}

#[cfg(test)]
mod tests;
