//! The conflict graph of a block, as parts that do not touch one another.
//!
//! Transactions of one sender conflict by their nonces. What an account gets conflicts with what it sends only where it could not pay all of that from what
//! it had before the block: of all others every payment succeeds in any order, and what they get is added up at the end. So the parts stay small even where
//! everybody pays everybody.

use chainbox_engine::transaction::native::Content;

use super::{Input, Touched};

/// No part: nobody sends from this account in the block, or it only gets.
const NONE: u32 = u32::MAX;

/// Which part of the work each transaction belongs to.
pub struct Plan {
    /// The transactions of each part, in the order of the block.
    transactions: Vec<Vec<u32>>,
    /// The accounts of each part.
    slots: Vec<Vec<u32>>,
    /// For each account its place among those of its part.
    local: Vec<u32>,
    /// For each account its part.
    part: Vec<u32>,
}

impl Plan {
    /// A plan of so many parts; some may be empty.
    pub fn new(inputs: &[Input<'_>], touched: &Touched, parts: usize) -> Self {
        let groups = groups(inputs, touched);
        let mut weights = vec![0_u32; touched.slots.len()];
        for (sender, _) in &touched.of {
            weights[groups[*sender as usize] as usize] += 1;
        }
        let part_of_group = spread(&weights, parts);
        let part: Vec<u32> = groups.iter().map(|group| part_of_group[*group as usize]).collect();
        let mut plan =
            Self { transactions: vec![Vec::new(); parts], slots: vec![Vec::new(); parts], local: vec![NONE; touched.slots.len()], part };
        for (index, (sender, _)) in touched.of.iter().enumerate() {
            plan.transactions[plan.part[*sender as usize] as usize].push(index as u32);
        }
        for slot in 0..touched.slots.len() {
            if let Some(slots) = plan.slots.get_mut(plan.part[slot] as usize) {
                plan.local[slot] = slots.len() as u32;
                slots.push(slot as u32);
            }
        }
        plan
    }

    /// The transactions of a part, in the order of the block.
    pub fn transactions_of(&self, part: usize) -> &[u32] {
        &self.transactions[part]
    }

    /// The accounts that only this part sends from.
    pub fn slots_of(&self, part: usize) -> &[u32] {
        &self.slots[part]
    }

    /// The place of an account among those of a part, where it is one of them.
    pub fn local(&self, part: usize, slot: u32) -> Option<usize> {
        (self.part[slot as usize] as usize == part).then(|| self.local[slot as usize] as usize)
    }
}

/// For each account one that stands for all that conflict with it.
fn groups(inputs: &[Input<'_>], touched: &Touched) -> Vec<u32> {
    let mut spent = vec![0_u128; touched.slots.len()];
    for (input, (sender, _)) in inputs.iter().zip(&touched.of) {
        if let Content::Transfer { amount, .. } = input.transaction.body.content {
            let spent = &mut spent[*sender as usize];
            *spent = spent.saturating_add(amount);
        }
    }
    let is_tight = |slot: u32| spent[slot as usize] > touched.slots[slot as usize].before.balance;
    let mut groups = Groups((0..touched.slots.len() as u32).collect());
    for (input, (sender, other)) in inputs.iter().zip(&touched.of) {
        let Some(other) = *other else { continue };
        let is_permit = matches!(input.transaction.body.content, Content::Permit { .. });
        if is_permit || is_tight(other) {
            groups.join(*sender, other);
        }
    }
    (0..touched.slots.len() as u32).map(|slot| groups.of(slot)).collect()
}

/// Spreads groups over parts, each to the part that has least; groups without transactions to none.
fn spread(weights: &[u32], parts: usize) -> Vec<u32> {
    let mut loads = vec![0_u64; parts];
    let part = |weight: &u32| {
        if *weight == 0 {
            return NONE;
        }
        let least = (0..parts).min_by_key(|part| loads[*part]).expect("there is a part");
        loads[least] += u64::from(*weight);
        least as u32
    };
    weights.iter().map(part).collect()
}

/// Disjoint sets.
struct Groups(Vec<u32>);

impl Groups {
    fn of(&mut self, mut slot: u32) -> u32 {
        while self.0[slot as usize] != slot {
            // Halves the way for those who come after.
            self.0[slot as usize] = self.0[self.0[slot as usize] as usize];
            slot = self.0[slot as usize];
        }
        slot
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}
