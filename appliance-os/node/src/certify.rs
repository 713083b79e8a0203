//! Votes and certificates: what a validator signs, and whether enough of them did.

use std::collections::HashSet;

use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, Item},
    hash::Digest,
    scheme::SM2_ID_DEFAULT,
    transaction::native::Suite,
    verdict::Reason,
};
use chainbox_hsm::{Payload, payload};

use crate::{
    block::{Certificate, Header},
    consensus::Vote,
    genesis::Genesis,
};

/// Why a certificate does not make a block final.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncertified {
    /// A vote names no validator.
    #[error("the genesis has no validator {0}")]
    Unknown(u16),
    /// A validator votes twice.
    #[error("validator {0} votes twice")]
    Twice(u16),
    /// A signature is invalid.
    #[error("the signature of validator {validator} is invalid: {reason}")]
    Signature {
        /// The validator.
        validator: u16,
        /// Why.
        reason: Reason,
    },
    /// Too few votes.
    #[error("{votes} of {validators} validators voted for it, and more than two thirds must")]
    TooFew {
        /// Votes.
        votes: usize,
        /// Validators.
        validators: usize,
    },
}

/// A vote as the signer takes it.
#[must_use]
pub fn payload_of(genesis: &Genesis, vote: &Vote) -> Payload {
    let &Vote { height, round, id } = vote;
    Payload::Vote { chain: genesis.chain_name(), height, round, step: payload::Step::Precommit, block: Some(id) }
}

/// That more than two thirds of the validators signed that a block is final.
///
/// # Errors
/// [`Uncertified`].
///
/// # Panics
/// Never: votes of a chain's name can be encoded.
pub fn check(genesis: &Genesis, header: &Header, certificate: &Certificate) -> Result<(), Uncertified> {
    let id: Digest = header.id();
    let vote = Vote { height: header.height, round: certificate.round, id };
    let payload = payload_of(genesis, &vote);
    let message = payload::message(&payload).expect("a vote of a chain with a name");
    let mut batch = Batch::new(genesis.suite.shape());
    let mut seen = HashSet::new();
    for (validator, signature) in &certificate.votes {
        let key = genesis.validators.get(usize::from(*validator)).ok_or(Uncertified::Unknown(*validator))?;
        if !seen.insert(*validator) {
            return Err(Uncertified::Twice(*validator));
        }
        let id = (genesis.suite == Suite::Sm).then_some(SM2_ID_DEFAULT);
        batch.push(Item { key, input: &message, signature, id, hint: &[] }).expect("a vote is a small item");
    }
    let verdicts = Cpu::new().verify(&batch).expect("the CPU verifies all that it can be asked");
    for ((validator, _), verdict) in certificate.votes.iter().zip(verdicts.as_slice()) {
        if let Some(reason) = verdict.reason() {
            return Err(Uncertified::Signature { validator: *validator, reason });
        }
    }
    let (votes, validators) = (seen.len(), genesis.validators.len());
    if votes * 3 > validators * 2 { Ok(()) } else { Err(Uncertified::TooFew { votes, validators }) }
}
