//! The stateless rules, in the order in which they are checked.

use super::{Policy, envelope::TransactionType, fields::Fields};
use crate::{transaction::rlp::Integer, verdict::Reason};

/// What v says.
pub(super) struct Recovery {
    /// The parity of y(R).
    pub(super) parity: u8,
    /// The chain that the sender signed for.
    pub(super) chain_id: Option<u64>,
}

/// Makes every check that follows the encoding, the order being that of [`super::decode`].
pub(super) fn check(kind: TransactionType, fields: &Fields<'_>, policy: &Policy) -> Result<Recovery, Reason> {
    let recovery = match fields.chain_id {
        None => legacy_recovery(fields.v),
        Some(_) => parity(fields.v).map(|parity| Recovery { parity, chain_id: fields.chain_id }),
    };
    let recovery = recovery.ok_or(Reason::SignatureV)?;
    check_chain(recovery.chain_id, policy)?;
    if fields.nonce == u64::MAX {
        return Err(Reason::NonceTooHigh);
    }
    if fields.fees.as_ref().is_some_and(|fees| fees.priority > fees.maximum) {
        return Err(Reason::PriorityFeeAboveMaximum);
    }
    if kind.needs_recipient() && !fields.has_recipient {
        return Err(Reason::RecipientMissing);
    }
    if fields.blob_hashes_good == Some(false) {
        return Err(Reason::BlobHashes);
    }
    if fields.authorizations == Some(0) {
        return Err(Reason::AuthorizationListEmpty);
    }
    Ok(recovery)
}

/// Whether the chain is one that the policy takes.
fn check_chain(chain_id: Option<u64>, policy: &Policy) -> Result<(), Reason> {
    match (chain_id, policy.chain_id) {
        (Some(named), Some(wanted)) if named != wanted => Err(Reason::ChainId),
        (None, _) if policy.require_chain_id => Err(Reason::ChainIdMissing),
        _ => Ok(()),
    }
}

/// The parity of a typed transaction: 0 or 1.
fn parity(v: Integer<'_>) -> Option<u8> {
    v.to_u128().filter(|&v| v <= 1).map(|v| v as u8)
}

/// A legacy v: 27 or 28 without a chain, else 35 or 36 plus twice the chain id (EIP-155), which may take 66 bits.
fn legacy_recovery(v: Integer<'_>) -> Option<Recovery> {
    match v.to_u128()? {
        v @ 27..=28 => Some(Recovery { parity: (v - 27) as u8, chain_id: None }),
        v @ 35.. => {
            let chain_id = u64::try_from((v - 35) / 2).ok()?;
            Some(Recovery { parity: ((v - 35) % 2) as u8, chain_id: Some(chain_id) })
        }
        _ => None,
    }
}
