//! Admission: what is checked of a transaction before it waits in the pool, in the order of what the checks cost.

use std::{io, sync::Arc};

use bytes::Bytes;
use chainbox_engine::{
    batch::Batch,
    hash::Digest,
    transaction::native::{Address, Content, Transaction},
    verdict::Verdict,
};

use super::{
    Shared,
    stages::Stage,
    ticket::{Answer, Ticket, Waiter},
};
use crate::{
    chain,
    execute::account_paths,
    pool::{Chunk, Nonces, SourceId},
    refusal::Refusal,
    state::Account,
    types::Checked,
};

/// Items that are checked together, at most: enough to share the lanes of all cores, and few enough that others do not wait long behind them.
pub(super) const CHUNK_ITEMS_MAX: usize = 1024;

/// Some transactions of one request, as they came.
pub(super) struct Raw {
    /// Who waits for them.
    pub ticket: Arc<Ticket>,
    /// The index of the first among those of the request.
    pub first: u32,
    /// Their bytes.
    pub list: Vec<Bytes>,
}

/// A transaction that was not refused yet.
struct Candidate<'a> {
    raw: &'a Bytes,
    transaction: Transaction<'a>,
    sender: Address,
    waiter: Waiter,
}

/// The nonce of a sender whose account was read already.
struct Known(u64);

impl Nonces for Known {
    fn next(&self, _: &Address) -> io::Result<u64> {
        Ok(self.0)
    }
}

impl Shared {
    /// Checks a chunk, and puts what is good into the pool. Every transaction is answered now or by its block.
    pub(super) fn admit(&self, chunk: &Chunk<Raw>) {
        let mut failures = 0;
        let mut refuse = |waiter: &Waiter, refusal: Refusal| {
            failures += usize::from(refusal.is_failure());
            self.refuse(waiter, refusal);
        };
        let items = chunk.items;
        let read = self.stages.time(Stage::Read, items, || {
            let candidates = self.read(&chunk.content, &mut refuse);
            self.check_accounts(candidates, &mut refuse)
        });
        let verified = match read {
            Ok(candidates) if candidates.is_empty() => Ok(()),
            Ok(candidates) => self.verify_and_insert(chunk.source, candidates, &mut refuse),
            Err(error) => Err(error),
        };
        if let Err(error) = verified {
            self.broken(&format!("the state cannot be read: {error}"));
            for index in 0..chunk.content.list.len() {
                chunk.content.ticket.answer(chunk.content.first + index as u32, Answer::Refused(Refusal::Closing));
            }
        }
        if failures > 0 {
            self.gate().failed(chunk.source, failures);
        }
    }

    /// Lengths, bytes, dedup, fields.
    fn read<'a>(&self, raw: &'a Raw, refuse: &mut impl FnMut(&Waiter, Refusal)) -> Vec<Candidate<'a>> {
        let max = self.genesis.limits.bytes as usize;
        let waiters: Vec<_> = {
            let mut seen = self.seen();
            let waiter = |(index, bytes): (usize, &Bytes)| {
                let digest = seen.digest(bytes);
                let is_new = bytes.len() <= max && seen.insert(digest);
                (is_new, Waiter { ticket: Arc::clone(&raw.ticket), index: raw.first + index as u32, seen: digest })
            };
            raw.list.iter().enumerate().map(waiter).collect()
        };
        let mut candidates = Vec::with_capacity(raw.list.len());
        for (bytes, (is_new, waiter)) in raw.list.iter().zip(waiters) {
            if bytes.len() > max {
                refuse(&waiter, Refusal::TooLarge { bytes: bytes.len(), max });
            } else if !is_new {
                // What is remembered is that of another: it stays.
                waiter.answer(Answer::Refused(Refusal::Duplicate));
                self.count_refusal(&Refusal::Duplicate);
            } else {
                match Transaction::decode(bytes) {
                    Ok(transaction) => candidates.push(Candidate { raw: bytes, transaction, sender: [0; 20], waiter }),
                    Err(refusal) => refuse(&waiter, refusal.into()),
                }
            }
        }
        candidates.retain(|candidate| match chain::check_chain(&self.genesis, &candidate.transaction) {
            Ok(()) => true,
            Err(refusal) => {
                refuse(&candidate.waiter, refusal);
                false
            }
        });
        let transactions: Vec<_> = candidates.iter().map(|candidate| candidate.transaction).collect();
        let senders = chain::senders(&self.hasher, &transactions);
        candidates.iter_mut().zip(senders).for_each(|(candidate, sender)| candidate.sender = sender);
        candidates
    }

    /// The senders' accounts, and the payloads of records.
    fn check_accounts<'a>(
        &self,
        candidates: Vec<Candidate<'a>>,
        refuse: &mut impl FnMut(&Waiter, Refusal),
    ) -> io::Result<Vec<Candidate<'a>>> {
        let addresses: Vec<_> = candidates.iter().map(|candidate| candidate.sender).collect();
        let paths = account_paths(&self.hasher, &addresses);
        let mut state = self.state.lock();
        let next_height = state.height() + 1;
        let accounts = paths.iter().map(|path| state.account(path)).collect::<io::Result<Vec<_>>>()?;
        // An entry that is to be removed may be written by a transaction before it: whether it is there is seen when it is executed.
        drop(state);
        let mut kept = Vec::with_capacity(candidates.len());
        for (candidate, account) in candidates.into_iter().zip(accounts) {
            match self.check_account(&candidate, &account, next_height)? {
                Ok(()) => kept.push(candidate),
                Err(refusal) => refuse(&candidate.waiter, refusal),
            }
        }
        Ok(kept)
    }

    fn check_account(&self, candidate: &Candidate<'_>, account: &Account, next_height: u64) -> io::Result<Result<(), Refusal>> {
        let (body, sender) = (&candidate.transaction.body, &candidate.sender);
        if body.valid_until < next_height {
            return Ok(Err(Refusal::Expired { valid_until: body.valid_until, next: next_height }));
        }
        if !self.rules.may_send(sender, account) {
            return Ok(Err(Refusal::NotPermitted));
        }
        if let Err(refusal) = self.pool.check(&Known(account.nonce), sender, body.nonce, candidate.raw.len())? {
            return Ok(Err(refusal));
        }
        match body.content {
            Content::Transfer { amount, .. } if amount > account.balance => {
                return Ok(Err(Refusal::InsufficientBalance { amount, balance: account.balance }));
            }
            Content::Permit { .. } => {
                if let Err(refusal) = self.rules.check_permit(sender) {
                    return Ok(Err(refusal));
                }
            }
            _ => {}
        }
        Ok(if candidate.transaction.payload_fits() { Ok(()) } else { Err(Refusal::PayloadDigest) })
    }

    /// Signatures, and into the pool.
    fn verify_and_insert(
        &self,
        source: SourceId,
        candidates: Vec<Candidate<'_>>,
        refuse: &mut impl FnMut(&Waiter, Refusal),
    ) -> io::Result<()> {
        let mut batch = Batch::with_capacity(self.genesis.suite.shape(), candidates.len());
        for candidate in &candidates {
            batch.push(candidate.transaction.item()).expect("a chunk is smaller than a column");
        }
        let verified = self.stages.time(Stage::Verify, candidates.len(), || self.verifier.verify(source, batch));
        let verified = match verified {
            Ok(verified) => verified,
            Err(reason) => {
                tracing::warn!(reason, transactions = candidates.len(), "no verdicts were given");
                candidates.iter().for_each(|candidate| refuse(&candidate.waiter, Refusal::Unverified));
                return Ok(());
            }
        };
        self.stages.time(Stage::Pool, candidates.len(), || {
            let ids: Vec<Digest> = self.hasher.all(candidates.iter().map(|candidate| candidate.transaction.signed));
            let answers = verified.verdicts.into_iter().zip(verified.hints);
            for ((candidate, id), (verdict, hint)) in candidates.into_iter().zip(ids).zip(answers) {
                if let Verdict::Invalid(reason) = verdict {
                    refuse(&candidate.waiter, Refusal::Signature(reason));
                    continue;
                }
                let body = &candidate.transaction.body;
                let checked = Checked {
                    raw: candidate.raw.clone(),
                    id,
                    sender: candidate.sender,
                    nonce: body.nonce,
                    valid_until: body.valid_until,
                    hint,
                };
                let waiter = candidate.waiter.clone();
                match self.pool.insert(self.stages.now(), &self.state, checked, candidate.waiter)? {
                    Ok(()) => waiter.answer(Answer::Admitted { id }),
                    Err((refusal, waiter)) => refuse(&waiter, refusal),
                }
            }
            io::Result::Ok(())
        })?;
        self.wake_builder();
        Ok(())
    }

    /// Answers one that is refused; its bytes may come again.
    pub(super) fn refuse(&self, waiter: &Waiter, refusal: Refusal) {
        self.seen().remove(waiter.seen);
        self.count_refusal(&refusal);
        waiter.answer(Answer::Refused(refusal));
    }
}
