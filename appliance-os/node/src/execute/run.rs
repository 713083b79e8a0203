//! One part of a block's transactions, in the order of the block.

use std::collections::HashMap;

use chainbox_engine::{hash::Digest, transaction::native::Content};

use super::{Entries, Input, Rules, Touched, entry_key, plan::Plan};
use crate::{
    refusal::Refusal,
    state::{Account, Change, Permission},
};

/// What all parts read.
pub struct Block<'a> {
    pub rules: &'a Rules,
    pub height: u64,
    pub inputs: &'a [Input<'a>],
    pub touched: &'a Touched,
    pub entries: &'a Entries,
    pub plan: &'a Plan,
}

/// What a part did.
pub struct Ran {
    /// Its accounts, in the order of the plan.
    pub accounts: Vec<Account>,
    /// What accounts of other parts get.
    pub credits: Vec<(u32, u128)>,
    /// What became of entries.
    pub entries: HashMap<Digest, Change>,
    /// The transactions that could not be executed.
    pub refused: Vec<(u32, Refusal)>,
}

impl Block<'_> {
    /// Runs a part.
    pub fn run(&self, part: usize) -> Ran {
        let slots = self.plan.slots_of(part);
        let mut ran = Ran {
            accounts: slots.iter().map(|slot| self.touched.slots[*slot as usize].before).collect(),
            credits: Vec::new(),
            entries: HashMap::new(),
            refused: Vec::new(),
        };
        for index in self.plan.transactions_of(part) {
            if let Err(refusal) = self.one(part, *index as usize, &mut ran) {
                ran.refused.push((*index, refusal));
            }
        }
        ran
    }

    /// Executes one transaction. Nothing is changed where it is refused.
    fn one(&self, part: usize, index: usize, ran: &mut Ran) -> Result<(), Refusal> {
        let (input, (sender_slot, other_slot)) = (&self.inputs[index], self.touched.of[index]);
        let body = &input.transaction.body;
        let sender = self.plan.local(part, sender_slot).expect("a part has the accounts of its senders");
        let account = ran.accounts[sender];
        if body.valid_until < self.height {
            return Err(Refusal::Expired { valid_until: body.valid_until, next: self.height });
        }
        if body.nonce < account.nonce {
            return Err(Refusal::NonceUsed { found: body.nonce, next: account.nonce });
        }
        if body.nonce > account.nonce {
            return Err(Refusal::Predecessor { next: account.nonce });
        }
        if !self.rules.may_send(&input.sender, &account) {
            return Err(Refusal::NotPermitted);
        }
        match (body.content, other_slot) {
            (Content::Transfer { amount, .. }, Some(to)) => {
                let Some(left) = account.balance.checked_sub(amount) else {
                    return Err(Refusal::InsufficientBalance { amount, balance: account.balance });
                };
                ran.accounts[sender].balance = left;
                match self.plan.local(part, to) {
                    Some(to) => ran.accounts[to].balance += amount,
                    None => ran.credits.push((to, amount)),
                }
            }
            (Content::Permit { may_send, .. }, Some(target)) => {
                self.rules.check_permit(&input.sender)?;
                let target = self.plan.local(part, target).expect("the plan puts an account into the part of who permits it");
                ran.accounts[target].permission = if may_send { Permission::Allowed } else { Permission::Denied };
            }
            (Content::Put { value, .. }, _) => self.set_entry(index, Some(value.into()), ran),
            (Content::Remove { .. }, _) => {
                let path = self.entries.paths[index].expect("a removal names an entry");
                let is_there = ran.entries.get(&path).map_or(self.entries.are_there[&path], |change| change.value.is_some());
                if !is_there {
                    return Err(Refusal::NoEntry);
                }
                self.set_entry(index, None, ran);
            }
            (Content::Record { .. } | Content::Transfer { .. } | Content::Permit { .. }, _) => {}
        }
        ran.accounts[sender].nonce += 1;
        Ok(())
    }

    fn set_entry(&self, index: usize, value: Option<Box<[u8]>>, ran: &mut Ran) {
        let path = self.entries.paths[index].expect("an entry has a path");
        let key = entry_key(&self.inputs[index]).expect("an entry has a key").to_bytes();
        ran.entries.insert(path, Change { path, key, value });
    }
}
