//! Executes the transactions of a block: in parallel where they do not touch one another, with the result of serial order.
//!
//! A transaction that cannot be executed changes nothing, and the block goes on without it. Nothing is read here that the transaction does not name, so what
//! touches what is known beforehand ([`plan`]); each part of the plan is executed by one thread in the order of the block ([`run`]).

mod plan;
mod run;

use std::{
    collections::{HashMap, HashSet},
    io,
};

use chainbox_engine::{
    hash::Digest,
    transaction::native::{Address, Content, Transaction},
};
use rayon::prelude::*;

use crate::{
    genesis::{Genesis, Senders},
    merkle::Hasher,
    refusal::Refusal,
    state::{Account, Change, State, StateKey},
};
use plan::Plan;

/// Fewer transactions are executed by the thread that asks: others would take longer to wake.
const PARALLEL_MIN: usize = 4096;

/// What holds for every transaction of a chain.
#[derive(Clone, Debug)]
pub struct Rules {
    senders: Senders,
    validators: HashSet<Address>,
}

impl Rules {
    /// Those of a genesis.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let validators = genesis.validators.iter().map(|key| genesis.suite.address(key)).collect();
        Self { senders: genesis.senders, validators }
    }

    /// Whether an account may send. Validators always may.
    #[must_use]
    pub fn may_send(&self, address: &Address, account: &Account) -> bool {
        account.may_send(self.senders) || self.validators.contains(address)
    }

    /// Whether an account may permit others to send.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_permit(&self, sender: &Address) -> Result<(), Refusal> {
        if self.senders == Senders::Open {
            return Err(Refusal::SendersOpen);
        }
        if self.validators.contains(sender) { Ok(()) } else { Err(Refusal::NotValidator) }
    }
}

/// A transaction and the account that sent it. Its signature is valid.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The transaction.
    pub transaction: Transaction<'a>,
    /// The account of its key.
    pub sender: Address,
}

/// What became of transactions, and of the state.
#[derive(Debug, PartialEq, Eq)]
pub struct Executed {
    /// One result a transaction, in order.
    pub results: Vec<Result<(), Refusal>>,
    /// What changed, each path once, in no order.
    pub changes: Vec<Change>,
}

/// An account that a block touches.
struct Slot {
    address: Address,
    path: Digest,
    before: Account,
}

/// The accounts that a block touches, and for each transaction which ones.
struct Touched {
    slots: Vec<Slot>,
    /// The sender's slot, and that of the account that gets something.
    of: Vec<(u32, Option<u32>)>,
}

/// What a block touches of the entries: for each transaction the path; and of those that are removed whether they are there.
struct Entries {
    paths: Vec<Option<Digest>>,
    are_there: HashMap<Digest, bool>,
}

/// Executes transactions at a height, on `threads` threads of the common pool at most. The state is only read.
///
/// # Errors
/// Where the state cannot be read.
pub fn execute(state: &mut State, rules: &Rules, height: u64, inputs: &[Input<'_>], threads: usize) -> io::Result<Executed> {
    let touched = Touched::load(state, inputs)?;
    let entries = Entries::load(state, inputs)?;
    let parts = if inputs.len() < PARALLEL_MIN { 1 } else { threads.max(1) };
    let plan = Plan::new(inputs, &touched, parts);
    let block = run::Block { rules, height, inputs, touched: &touched, entries: &entries, plan: &plan };
    let ran: Vec<_> = match parts {
        1 => vec![block.run(0)],
        _ => (0..parts).into_par_iter().map(|part| block.run(part)).collect(),
    };
    Ok(merge(&block, ran))
}

fn merge(block: &run::Block<'_>, ran: Vec<run::Ran>) -> Executed {
    let mut results = vec![Ok(()); block.inputs.len()];
    let mut accounts: Vec<Account> = block.touched.slots.iter().map(|slot| slot.before).collect();
    let mut changes = Vec::new();
    for (part, ran) in ran.iter().enumerate() {
        for (index, refusal) in &ran.refused {
            results[*index as usize] = Err(*refusal);
        }
        for (slot, account) in block.plan.slots_of(part).iter().zip(&ran.accounts) {
            accounts[*slot as usize] = *account;
        }
    }
    for ran in ran {
        for (slot, amount) in ran.credits {
            // No more than the genesis gave is ever there.
            accounts[slot as usize].balance += amount;
        }
        changes.extend(ran.entries.into_values());
    }
    let changed = block.touched.slots.iter().zip(&accounts).filter(|(slot, account)| slot.before != **account);
    changes.extend(changed.map(|(slot, account)| Change::of_account(slot.path, &slot.address, account)));
    Executed { results, changes }
}

impl Touched {
    fn load(state: &mut State, inputs: &[Input<'_>]) -> io::Result<Self> {
        let mut index: HashMap<Address, u32> = HashMap::with_capacity(inputs.len());
        let mut addresses: Vec<Address> = Vec::new();
        let mut slot = |address: &Address| {
            *index.entry(*address).or_insert_with(|| {
                addresses.push(*address);
                addresses.len() as u32 - 1
            })
        };
        let of: Vec<_> = inputs
            .iter()
            .map(|input| {
                let other = match input.transaction.body.content {
                    Content::Transfer { to, .. } => Some(to),
                    Content::Permit { account, .. } => Some(account),
                    Content::Record { .. } | Content::Put { .. } | Content::Remove { .. } => None,
                };
                (slot(&input.sender), other.map(&mut slot))
            })
            .collect();
        let paths = account_paths(state.hasher(), &addresses);
        let slots = addresses.into_iter().zip(paths).map(|(address, path)| Ok(Slot { address, path, before: state.account(&path)? }));
        Ok(Self { slots: slots.collect::<io::Result<_>>()?, of })
    }
}

impl Entries {
    fn load(state: &mut State, inputs: &[Input<'_>]) -> io::Result<Self> {
        let mut entries = Self { paths: Vec::with_capacity(inputs.len()), are_there: HashMap::new() };
        for input in inputs {
            let path = entry_key(input).map(|key| key.path(state.hasher()));
            if let (Content::Remove { .. }, Some(path)) = (input.transaction.body.content, path) {
                entries.are_there.insert(path, state.get(&path)?.is_some());
            }
            entries.paths.push(path);
        }
        Ok(entries)
    }
}

/// The entry that a transaction writes or removes.
fn entry_key(input: &Input<'_>) -> Option<StateKey> {
    match input.transaction.body.content {
        Content::Put { key, .. } | Content::Remove { key } => Some(StateKey::Entry { owner: input.sender, key: key.into() }),
        _ => None,
    }
}

/// Where accounts stand in the tree.
#[must_use]
pub fn account_paths(hasher: &Hasher, addresses: &[Address]) -> Vec<Digest> {
    let keys: Vec<_> = addresses.iter().map(StateKey::account_bytes).collect();
    hasher.all(keys.iter().map(|key| &key[..]))
}

#[cfg(test)]
mod tests;
