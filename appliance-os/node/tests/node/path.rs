//! The path of a transaction: submitted, checked, in a block, read, proven.

use chainbox_engine::transaction::native::{Content, Suite};
use chainbox_node::{
    genesis::Senders,
    node::{Answer, Wait},
    proof::{Fact, Proof, Unproven, What},
    refusal::Refusal,
    state::{Account, Permission, StateKey},
    types::Place,
};

use super::{
    asking::{runtime, start, submit},
    common::{Box, CHAIN, Key},
};

fn refusals(answers: &[Answer]) -> Vec<&'static str> {
    answers.iter().map(|answer| if let Answer::Refused(refusal) = answer { refusal.name() } else { "taken" }).collect()
}

/// On every suite: transfers, records and entries come into blocks, are found, survive a restart and are proven offline.
#[test]
fn transactions_are_confirmed_found_and_proven() {
    for suite in Suite::ALL {
        let (a, b) = (Key::new(suite), Key::new(suite));
        let chain = Box::new(suite, Senders::Open, Vec::new(), vec![(a.address(), 100)]);
        let node = start(&chain);
        let document = b"a document";
        let digest = suite.scheme().hash().digest(document);
        let transactions = vec![
            a.transaction(CHAIN, 0, Content::Transfer { to: &b.address(), amount: 60 }),
            a.transaction(CHAIN, 1, Content::Record { digest: &digest, media_type: "text/plain", payload: document }),
            b.transaction(CHAIN, 0, Content::Put { key: b"key", value: b"value" }),
            a.transaction(CHAIN, 2, Content::Put { key: b"other", value: b"x" }),
            a.transaction(CHAIN, 3, Content::Remove { key: b"other" }),
        ];
        let answers = runtime().block_on(submit(&node, transactions.clone()));
        let confirmed: Vec<_> = answers
            .iter()
            .map(|answer| if let Answer::Confirmed { id, place } = answer { (*id, *place) } else { panic!("{answer:?}") })
            .collect();
        Box::close(node);
        let node = start(&chain);
        assert_eq!(node.height(), confirmed.iter().map(|(_, place)| place.height).max().unwrap());
        for ((id, place), raw) in confirmed.iter().zip(&transactions) {
            assert_eq!(node.transaction(id).unwrap(), Some((*place, raw.clone())));
        }
        assert_eq!(node.record(&digest).unwrap(), Some(confirmed[1].1));
        assert_eq!(node.account(&a.address()).unwrap(), Account { nonce: 4, balance: 40, permission: Permission::Unset });
        assert_eq!(node.account(&b.address()).unwrap(), Account { nonce: 1, balance: 60, permission: Permission::Unset });
        assert_eq!(node.entry(&b.address(), b"key").unwrap().as_deref(), Some(&b"value"[..]));
        assert_eq!(node.entry(&a.address(), b"other").unwrap(), None);
        let proof = node.transaction_proof(&confirmed[1].0).unwrap().unwrap();
        let read: Proof = serde_json::from_str(&serde_json::to_string(&proof).unwrap()).unwrap();
        let proven = read.check(&chain.genesis).unwrap();
        let what = What::Record { digest, media_type: "text/plain".to_owned() };
        assert_eq!(proven.fact, Fact::Transaction { id: confirmed[1].0, index: confirmed[1].1.index, sender: a.address(), what });
        // Of another genesis, with another index, without votes, nothing is proven.
        let mut other = chain.genesis.clone();
        other.validators = vec![*b.public()];
        assert!(matches!(proof.check(&other), Err(Unproven::Uncertified(_))));
        let mut changed = proof.clone();
        changed.certificate.votes.clear();
        assert!(matches!(changed.check(&chain.genesis), Err(Unproven::Uncertified(_))));
        for index in [0, 40, 127] {
            let mut changed = proof.clone();
            changed.header[index] ^= 1;
            assert!(changed.check(&chain.genesis).is_err(), "byte {index} of the header");
        }
        let state = |key: StateKey| runtime().block_on(node.state_proof(&key)).unwrap().check(&chain.genesis).unwrap().fact;
        assert_eq!(
            state(StateKey::Account(a.address())),
            Fact::Account { address: a.address(), account: node.account(&a.address()).unwrap() }
        );
        let entry = |key: &[u8]| StateKey::Entry { owner: b.address(), key: key.into() };
        let fact = |key: &[u8], value: Option<&[u8]>| Fact::Entry { owner: b.address(), key: key.into(), value: value.map(Into::into) };
        assert_eq!(state(entry(b"key")), fact(b"key", Some(b"value")));
        assert_eq!(state(entry(b"nothing")), fact(b"nothing", None));
        node.close().unwrap();
    }
}

/// What stands in the genesis is proven by it alone.
#[test]
fn the_genesis_is_proven_without_votes() {
    let a = Key::new(Suite::Sm);
    let chain = Box::new(Suite::Sm, Senders::Open, Vec::new(), vec![(a.address(), 5)]);
    let node = start(&chain);
    let proof = runtime().block_on(node.state_proof(&StateKey::Account(a.address()))).unwrap();
    assert_eq!(
        proof.check(&chain.genesis).unwrap().fact,
        Fact::Account { address: a.address(), account: Account { balance: 5, ..Account::default() } }
    );
    let mut other = chain.genesis.clone();
    other.accounts[0].1 = 6;
    assert!(matches!(proof.check(&other), Err(Unproven::Genesis)));
    node.close().unwrap();
}

/// Each check refuses with its reason, and none stops the others of a request.
#[test]
fn what_is_wrong_is_refused_with_its_reason() {
    let suite = Suite::Sm;
    let (a, poor) = (Key::new(suite), Key::new(suite));
    let chain = Box::new(suite, Senders::Open, Vec::new(), vec![(a.address(), 100)]);
    let node = start(&chain);
    let transfer = |amount| Content::Transfer { to: &[9; 20], amount };
    let good = a.transaction(CHAIN, 0, transfer(1));
    let mut forged = a.transaction(CHAIN, 1, transfer(1)).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let document = Content::Record { digest: &[1; 32], media_type: "a/b", payload: b"another" };
    let transactions = vec![
        good.clone(),
        good.clone(),
        good.slice(..good.len() - 1),
        a.transaction(CHAIN + 1, 1, transfer(1)),
        Key::new(Suite::P256).transaction(CHAIN, 0, transfer(1)),
        a.transaction_until(CHAIN, 1, 0, transfer(1)),
        a.transaction(CHAIN, 1 << 40, transfer(1)),
        a.transaction(CHAIN, 1, transfer(101)),
        poor.transaction(CHAIN, 0, transfer(1)),
        a.transaction(CHAIN, 1, Content::Permit { account: &[1; 20], may_send: true }),
        poor.transaction(CHAIN, 0, document),
        forged.into(),
        poor.transaction(CHAIN, 0, Content::Remove { key: b"none" }),
        a.transaction(CHAIN, 3, transfer(1)),
    ];
    let answers = runtime().block_on(submit(&node, transactions));
    let expected = [
        "taken",
        "duplicate",
        "malformed",
        "wrong_chain",
        "wrong_suite",
        "expired",
        "nonce_too_far",
        "insufficient_balance",
        "insufficient_balance",
        "senders_open",
        "payload_digest",
        "signature",
        "no_entry",
        "gap",
    ];
    assert_eq!(refusals(&answers), expected);
    assert_eq!(answers[13], Answer::Refused(Refusal::Gap { seconds: 2, next: 1 }));
    // The same bytes again are used now, and what was refused may come again.
    let again = runtime().block_on(submit(&node, vec![good, a.transaction(CHAIN, 1, transfer(99)), a.transaction(CHAIN, 2, transfer(1))]));
    assert_eq!(refusals(&again), ["duplicate", "taken", "insufficient_balance"]);
    let counted: u64 = node.status().unwrap().refusals.iter().map(|count| count.total).sum();
    assert_eq!(counted, 13 + 2);
    node.close().unwrap();
    assert_eq!(refusals(&runtime().block_on(submit(&node, vec![a.transaction(CHAIN, 2, transfer(1))]))), ["closing"]);
}

/// Validators say who may send.
#[test]
fn validators_permit_and_forbid() {
    let suite = Suite::P256;
    let (a, b) = (Key::new(suite), Key::new(suite));
    let chain = Box::new(suite, Senders::Allow, vec![a.address()], vec![(a.address(), 10), (b.address(), 10)]);
    let node = start(&chain);
    let one = |raw| refusals(&runtime().block_on(submit(&node, vec![raw])))[0];
    let transfer = Content::Transfer { to: &[9; 20], amount: 1 };
    assert_eq!(one(a.transaction(CHAIN, 0, transfer)), "taken");
    assert_eq!(one(b.transaction(CHAIN, 0, transfer)), "not_permitted");
    assert_eq!(one(a.transaction(CHAIN, 1, Content::Permit { account: &b.address(), may_send: true })), "not_validator");
    assert_eq!(one(chain.validator.transaction(CHAIN, 0, Content::Permit { account: &b.address(), may_send: true })), "taken");
    assert_eq!(one(b.transaction(CHAIN, 0, transfer)), "taken");
    assert_eq!(one(chain.validator.transaction(CHAIN, 1, Content::Permit { account: &a.address(), may_send: false })), "taken");
    assert_eq!(one(a.transaction(CHAIN, 1, transfer)), "not_permitted");
    node.close().unwrap();
}

/// What was admitted comes into a block, though nobody waits for it and the node is told to end.
#[test]
fn a_shutdown_loses_nothing_that_was_admitted() {
    let a = Key::new(Suite::Sm);
    let chain = Box::new(Suite::Sm, Senders::Open, Vec::new(), vec![(a.address(), 1000)]);
    let node = start(&chain);
    let transactions: Vec<_> = (0..100).map(|nonce| a.transaction(CHAIN, nonce, Content::Transfer { to: &[9; 20], amount: 1 })).collect();
    let answers = runtime().block_on(node.submit(1, transactions, Wait::Admitted));
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Admitted { .. } | Answer::Confirmed { .. })));
    Box::close(node);
    let node = start(&chain);
    assert_eq!(node.account(&a.address()).unwrap().nonce, 100);
    node.close().unwrap();
}

/// A thousand transactions of some senders in requests at once: each is confirmed once, in the order of its nonces.
#[test]
fn every_transaction_is_in_one_block() {
    let suite = Suite::Secp256k1;
    let keys: Vec<_> = (0..20).map(|_| Key::new(suite)).collect();
    let chain = Box::new(suite, Senders::Open, Vec::new(), keys.iter().map(|key| (key.address(), 1000)).collect());
    let node = start(&chain);
    let requests: Vec<Vec<_>> = (0..50)
        .map(|nonce| {
            let transfer = |key: &Key, to: usize| key.transaction(CHAIN, nonce, Content::Transfer { to: &keys[to].address(), amount: 1 });
            keys.iter().enumerate().map(|(index, key)| transfer(key, (index + 1) % keys.len())).collect()
        })
        .collect();
    let answers: Vec<Vec<Answer>> = runtime().block_on(async {
        let calls = requests.iter().enumerate().map(|(source, request)| node.submit(source as u64, request.clone(), Wait::Confirmed));
        futures_util::future::join_all(calls).await
    });
    let mut places: Vec<Place> = Vec::new();
    for sender in 0..keys.len() {
        let of_sender: Vec<_> = answers
            .iter()
            .map(|answers| if let Answer::Confirmed { place, .. } = answers[sender] { place } else { panic!("{:?}", answers[sender]) })
            .collect();
        assert!(of_sender.is_sorted());
        places.extend(of_sender);
    }
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 1000);
    let in_blocks: usize = (1..=node.height()).map(|height| node.block(height).unwrap().unwrap().0.transactions.len()).sum();
    assert_eq!(in_blocks, 1000);
    assert!(
        keys.iter().all(|key| node.account(&key.address()).unwrap() == Account { nonce: 50, balance: 1000, permission: Permission::Unset })
    );
    node.close().unwrap();
}
