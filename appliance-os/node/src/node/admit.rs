//! Admission: what is checked of a transaction before it waits in the pool, in the order of what the checks cost.

use std::{collections::BTreeMap, io, sync::Arc};

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
    chain::{self, SharedState},
    execute::account_paths,
    pool::{Chunk, Nonces, SourceId},
    refusal::Refusal,
    state::Account,
    types::Checked,
};

/// Items that are checked together, at most: enough to share the lanes of all cores, and few enough that others do not wait long behind them.
pub(super) const CHUNK_ITEMS_MAX: usize = 1024;

/// The source of items of several.
const SEVERAL: SourceId = u64::MAX - 1;

/// Whose all chunks are.
fn source_of(chunks: &[Chunk<Raw>]) -> SourceId {
    match chunks {
        [first, others @ ..] if others.iter().all(|chunk| chunk.source == first.source) => first.source,
        _ => SEVERAL,
    }
}

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
    /// That of its sender's next transaction.
    nonce: u64,
    waiter: Waiter,
}

/// The nonce of a sender whose account was read already.
struct Known(u64);

impl Nonces for Known {
    fn next(&self, _: &Address) -> io::Result<u64> {
        Ok(self.0)
    }
}

/// The same, where blocks may have come since: then it is read again.
struct KnownAt<'a> {
    state: &'a SharedState,
    height: u64,
    nonce: u64,
}

impl Nonces for KnownAt<'_> {
    fn next(&self, sender: &Address) -> io::Result<u64> {
        if self.state.height() == self.height { Ok(self.nonce) } else { self.state.next(sender) }
    }
}

impl Shared {
    /// Checks some chunks, and puts what is good into the pool. Every transaction is answered now or by its block.
    pub(super) fn admit(&self, chunks: &[Chunk<Raw>]) {
        let mut failures: BTreeMap<SourceId, usize> = BTreeMap::new();
        let mut refuse = |waiter: &Waiter, refusal: Refusal| {
            if refusal.is_failure() {
                *failures.entry(waiter.ticket.source()).or_default() += 1;
            }
            self.refuse(waiter, refusal);
        };
        let items = chunks.iter().map(|chunk| chunk.items).sum();
        let read = self.stages.time(Stage::Read, items, || {
            let candidates = self.read(chunks, &mut refuse);
            self.check_accounts(candidates, &mut refuse)
        });
        let verified = match read {
            Ok((candidates, _)) if candidates.is_empty() => Ok(()),
            Ok((candidates, height)) => self.verify_and_insert(source_of(chunks), candidates, height, &mut refuse),
            Err(error) => Err(error),
        };
        if let Err(error) = verified {
            self.broken(&format!("the state cannot be read: {error}"));
            for Raw { ticket, first, list } in chunks.iter().map(|chunk| &chunk.content) {
                (0..list.len()).for_each(|index| ticket.answer(first + index as u32, Answer::Refused(Refusal::Closing)));
            }
        }
        if !failures.is_empty() {
            let mut gate = self.gate();
            failures.into_iter().for_each(|(source, items)| gate.failed(source, items));
        }
    }

    /// Lengths, bytes, dedup, fields.
    fn read<'a>(&self, chunks: &'a [Chunk<Raw>], refuse: &mut impl FnMut(&Waiter, Refusal)) -> Vec<Candidate<'a>> {
        let max = self.genesis.limits.bytes as usize;
        let raws = || chunks.iter().flat_map(|Chunk { content, .. }| content.list.iter().enumerate().map(move |item| (content, item)));
        let waiters: Vec<_> = {
            let mut seen = self.seen();
            let waiter = |(raw, (index, bytes)): (&Raw, (usize, &Bytes))| {
                let digest = seen.digest(bytes);
                let is_new = bytes.len() <= max && seen.insert(digest);
                (is_new, Waiter { ticket: Arc::clone(&raw.ticket), index: raw.first + index as u32, seen: digest })
            };
            raws().map(waiter).collect()
        };
        let mut candidates = Vec::with_capacity(waiters.len());
        for ((_, (_, bytes)), (is_new, waiter)) in raws().zip(waiters) {
            if bytes.len() > max {
                refuse(&waiter, Refusal::TooLarge { bytes: bytes.len(), max });
            } else if !is_new {
                // What is remembered is that of another: it stays.
                waiter.answer(Answer::Refused(Refusal::Duplicate));
                self.count_refusal(&Refusal::Duplicate);
            } else {
                match Transaction::decode(bytes) {
                    Ok(transaction) => candidates.push(Candidate { raw: bytes, transaction, sender: [0; 20], nonce: 0, waiter }),
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

    /// The senders' accounts, and the payloads of records; and the height that the accounts were read at.
    fn check_accounts<'a>(
        &self,
        candidates: Vec<Candidate<'a>>,
        refuse: &mut impl FnMut(&Waiter, Refusal),
    ) -> io::Result<(Vec<Candidate<'a>>, u64)> {
        let addresses: Vec<_> = candidates.iter().map(|candidate| candidate.sender).collect();
        let paths = account_paths(&self.hasher, &addresses);
        let mut state = self.state.lock();
        let height = state.height();
        let accounts = paths.iter().map(|path| state.account(path)).collect::<io::Result<Vec<_>>>()?;
        // An entry that is to be removed may be written by a transaction before it: whether it is there is seen when it is executed.
        drop(state);
        let mut kept = Vec::with_capacity(candidates.len());
        for (mut candidate, account) in candidates.into_iter().zip(accounts) {
            candidate.nonce = account.nonce;
            match self.check_account(&candidate, &account, height + 1)? {
                Ok(()) => kept.push(candidate),
                Err(refusal) => refuse(&candidate.waiter, refusal),
            }
        }
        Ok((kept, height))
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
        height: u64,
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
                let nonces = KnownAt { state: &self.state, height, nonce: candidate.nonce };
                match self.pool.insert(self.stages.now(), &nonces, checked, candidate.waiter)? {
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
