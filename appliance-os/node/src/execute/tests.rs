use std::{collections::BTreeMap, sync::Arc};

use chainbox_engine::transaction::native::{Body, Suite};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::*;
use crate::{
    genesis::BlockLimits,
    state::{Leaf, Leaves, MemoryLeaves, Permission, StateOptions},
};

const SUITE: Suite = Suite::Secp256k1;

fn key(number: u8) -> [u8; 65] {
    let mut key = [number; 65];
    key[0] = 4;
    key
}

fn address(number: u8) -> Address {
    SUITE.address(&key(number))
}

fn genesis(senders: Senders) -> Genesis {
    Genesis {
        chain_id: 1,
        suite: SUITE,
        time_ms: 0,
        validators: vec![key(0), key(1)],
        senders,
        listed: Vec::new(),
        limits: BlockLimits { transactions: 1 << 16, bytes: 1 << 24 },
        accounts: Vec::new(),
    }
}

fn state_of(accounts: &BTreeMap<Address, Account>) -> State {
    let hasher = Hasher::new(SUITE.scheme().hash());
    let leaves = accounts.iter().map(|(address, account)| {
        let key = StateKey::Account(*address);
        account.to_value().map(|value| Leaf { path: key.path(&hasher), key: key.to_bytes(), value })
    });
    let mut leaves: Vec<_> = leaves.flatten().collect();
    leaves.sort_by_key(|leaf| leaf.path);
    let source = Arc::new(MemoryLeaves::default());
    source.apply(
        &leaves.iter().map(|leaf| Change { path: leaf.path, key: leaf.key.clone(), value: Some(leaf.value.clone()) }).collect::<Vec<_>>(),
    );
    let source: Arc<dyn Leaves> = source;
    State::load(hasher, source, &StateOptions::default(), 0, |give| {
        leaves.into_iter().for_each(give);
        Ok(())
    })
    .unwrap()
}

/// What docs/blocks.md says, one transaction after the other, on maps.
#[derive(Default)]
struct Model {
    accounts: BTreeMap<Address, Account>,
    entries: BTreeMap<(Address, Vec<u8>), Vec<u8>>,
}

impl Model {
    fn apply(&mut self, senders: Senders, height: u64, input: &Input<'_>) -> bool {
        let body = &input.transaction.body;
        let account = self.accounts.get(&input.sender).copied().unwrap_or_default();
        let is_validator = [address(0), address(1)].contains(&input.sender);
        if body.valid_until < height || body.nonce != account.nonce || !(account.may_send(senders) || is_validator) {
            return false;
        }
        match body.content {
            Content::Transfer { to, amount } => {
                if account.balance < amount {
                    return false;
                }
                self.accounts.entry(input.sender).or_default().balance -= amount;
                self.accounts.entry(*to).or_default().balance += amount;
            }
            Content::Record { .. } => {}
            Content::Put { key, value } => {
                self.entries.insert((input.sender, key.to_vec()), value.to_vec());
            }
            Content::Remove { key } => {
                if self.entries.remove(&(input.sender, key.to_vec())).is_none() {
                    return false;
                }
            }
            Content::Permit { account, may_send } => {
                if !is_validator || senders == Senders::Open {
                    return false;
                }
                self.accounts.entry(*account).or_default().permission = if may_send { Permission::Allowed } else { Permission::Denied };
            }
        }
        self.accounts.entry(input.sender).or_default().nonce += 1;
        true
    }

    fn changes_from(&self, before: &BTreeMap<Address, Account>) -> BTreeMap<Box<[u8]>, Option<Box<[u8]>>> {
        let accounts = self.accounts.iter().filter(|(address, account)| before.get(*address).copied().unwrap_or_default() != **account);
        let accounts = accounts.map(|(address, account)| (StateKey::Account(*address).to_bytes(), account.to_value()));
        let entries = self
            .entries
            .iter()
            .map(|((owner, key), value)| (StateKey::Entry { owner: *owner, key: key[..].into() }.to_bytes(), Some(value[..].into())));
        accounts.chain(entries).collect()
    }
}

/// Raw transactions of few accounts that conflict as much as they can: poor and rich ones, gaps, expired ones, permits and entries.
fn workload(random: &mut ChaCha8Rng, accounts: u8, count: usize) -> Vec<Vec<u8>> {
    let mut nonces = [0_u64; 256];
    let below = |random: &mut ChaCha8Rng, bound: u32| random.next_u32() % bound;
    (0..count)
        .map(|_| {
            let sender = below(random, accounts.into()) as u8;
            let other = address(below(random, u32::from(accounts) + 3) as u8);
            let entry = [below(random, 3) as u8];
            let content = match below(random, 20) {
                0 => Content::Permit { account: &other, may_send: below(random, 2) == 0 },
                1 | 2 => Content::Put { key: &entry, value: &entry },
                3 | 4 => Content::Remove { key: &entry },
                5 => Content::Record { digest: &[1; 32], media_type: "a/b", payload: &[] },
                _ => Content::Transfer { to: &other, amount: u128::from(below(random, 40)) + 1 },
            };
            let nonce = &mut nonces[usize::from(sender)];
            // Now and then one that is used, or too far.
            let used = match below(random, 50) {
                0 => nonce.saturating_sub(1),
                1 => *nonce + 1,
                _ => {
                    *nonce += 1;
                    *nonce - 1
                }
            };
            let valid_until = if below(random, 60) == 0 { 4 } else { 5 };
            let body = Body { suite: SUITE, chain_id: 1, sender: &key(sender), nonce: used, valid_until, content };
            body.with_signature(&[0; 64]).unwrap()
        })
        .collect()
}

fn inputs(raws: &[Vec<u8>]) -> Vec<Input<'_>> {
    let input = |raw| {
        let transaction = Transaction::decode(raw).unwrap();
        Input { sender: transaction.sender(), transaction }
    };
    raws.iter().map(|raw| input(&raw[..])).collect()
}

fn sorted(mut executed: Executed) -> Executed {
    executed.changes.sort_by_key(|change| change.path);
    executed
}

/// In one part and in several, the results and the changes are those of one transaction after the other.
#[test]
fn parallel_is_serial_on_conflicting_workloads() {
    for seed in 0..150 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let senders = [Senders::Open, Senders::Allow, Senders::Deny][seed as usize % 3];
        let accounts: u8 = [3, 8, 60][seed as usize / 3 % 3];
        let before: BTreeMap<_, _> = (0..accounts)
            .map(|number| {
                let balance = [0, 30, 300, 100_000][(random.next_u32() % 4) as usize];
                let permission = [Permission::Unset, Permission::Allowed, Permission::Denied][(random.next_u32() % 3) as usize];
                (address(number), Account { nonce: 0, balance, permission })
            })
            .collect();
        // Above the bound from which on threads are used, and below.
        let raws = workload(&mut random, accounts, if seed % 10 == 0 { PARALLEL_MIN + 5 } else { 300 });
        let inputs = inputs(&raws);
        let mut model = Model { accounts: before.clone(), ..Model::default() };
        let expected: Vec<bool> = inputs.iter().map(|input| model.apply(senders, 5, input)).collect();
        let rules = Rules::new(&genesis(senders));
        let serial = sorted(execute(&mut state_of(&before), &rules, 5, &inputs, 1).unwrap());
        assert_eq!(serial.results.iter().map(Result::is_ok).collect::<Vec<_>>(), expected, "seed {seed}");
        let changes: BTreeMap<_, _> = serial.changes.iter().map(|change| (change.key.clone(), change.value.clone())).collect();
        let removed = |key: &[u8], value: &Option<Box<[u8]>>| key[0] == 1 && value.is_none();
        let without_removed: BTreeMap<_, _> = changes.clone().into_iter().filter(|(key, value)| !removed(key, value)).collect();
        assert_eq!(without_removed, model.changes_from(&before), "seed {seed}");
        for parts in [2, 3, 7] {
            let parallel = sorted(in_parts(&mut state_of(&before), &rules, &inputs, parts));
            assert_eq!(parallel, serial, "seed {seed}, {parts} parts");
        }
        // What is left when the refused ones are taken out is executed as a whole, with the same changes: so a validator checks it.
        let kept: Vec<_> = inputs.iter().zip(&expected).filter(|(_, kept)| **kept).map(|(input, _)| *input).collect();
        let again = sorted(execute(&mut state_of(&before), &rules, 5, &kept, 2).unwrap());
        assert!(again.results.iter().all(Result::is_ok));
        assert_eq!(again.changes, serial.changes);
    }
}

/// So many parts whatever the size.
fn in_parts(state: &mut State, rules: &Rules, inputs: &[Input<'_>], parts: usize) -> Executed {
    let (touched, entries) = (Touched::load(state, inputs).unwrap(), Entries::load(state, inputs).unwrap());
    let plan = Plan::new(inputs, &touched, parts);
    let block = run::Block { rules, height: 5, inputs, touched: &touched, entries: &entries, plan: &plan };
    // Backwards: the order of the parts has no meaning.
    let mut ran: Vec<_> = (0..parts).rev().map(|part| block.run(part)).collect();
    ran.reverse();
    merge(&block, ran)
}

/// Where everybody can pay, everybody paying everybody is work for all threads.
#[test]
fn payments_among_the_solvent_do_not_conflict() {
    let before: BTreeMap<_, _> = (0..200).map(|number| (address(number), Account { balance: 1_000_000, ..Account::default() })).collect();
    let raws: Vec<_> = (0..200_u8)
        .map(|sender| {
            let to = address((sender + 1) % 200);
            let content = Content::Transfer { to: &to, amount: 1 };
            let body = Body { suite: SUITE, chain_id: 1, sender: &key(sender), nonce: 0, valid_until: 9, content };
            body.with_signature(&[0; 64]).unwrap()
        })
        .collect();
    let inputs = inputs(&raws);
    let touched = Touched::load(&mut state_of(&before), &inputs).unwrap();
    let plan = Plan::new(&inputs, &touched, 4);
    assert!((0..4).all(|part| plan.transactions_of(part).len() == 50));
    let poor: BTreeMap<_, _> = before.into_iter().map(|(address, account)| (address, Account { balance: 0, ..account })).collect();
    let touched = Touched::load(&mut state_of(&poor), &inputs).unwrap();
    let plan = Plan::new(&inputs, &touched, 4);
    assert_eq!((0..4).map(|part| plan.transactions_of(part).len()).max(), Some(200), "each waits for the one before it");
}
