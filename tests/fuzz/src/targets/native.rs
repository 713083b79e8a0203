//! Transactions of our own chain: an accepted one is what its fields are written as, and has neither a byte less nor one more.

use chainbox_engine::transaction::native::{Body, Content, Refusal, Suite, Transaction};
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

pub(crate) fn run(data: &[u8]) {
    let Ok(transaction) = Transaction::decode(data) else { return };
    assert_eq!(transaction.body.with_signature(transaction.signature).as_deref(), Ok(data));
    assert!(data.starts_with(transaction.signed));
    assert!(matches!(Transaction::decode(&data[..data.len() - 1]), Err(Refusal::Truncated(_))));
    assert_eq!(Transaction::decode(&[data, &[0]].concat()), Err(Refusal::Trailing(1)));
    let (id, address) = match transaction.body.suite {
        Suite::Secp256k1 => (Keccak256::digest(transaction.signed).to_vec(), Keccak256::digest(&transaction.body.sender[1..]).to_vec()),
        Suite::P256 => (Sha256::digest(transaction.signed).to_vec(), Sha256::digest(&transaction.body.sender[1..]).to_vec()),
        Suite::Sm => return,
    };
    assert_eq!((&transaction.id()[..], &transaction.sender()[..]), (&id[..], &address[12..]));
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let contents = [
        Content::Transfer { to: &[1; 20], amount: 1 },
        Content::Record { digest: &[2; 32], media_type: "text/plain", payload: b"document" },
        Content::Put { key: b"key", value: b"value" },
        Content::Remove { key: b"key" },
        Content::Permit { account: &[3; 20], may_send: true },
    ];
    let sender = [4; 65];
    let raw = |(suite, content)| {
        let body = Body { suite, chain_id: 1, sender: &sender, nonce: 2, valid_until: 3, content };
        body.with_signature(&[5; 64]).expect("fields within their limits")
    };
    Suite::ALL.into_iter().flat_map(|suite| contents.map(|content| (suite, content))).map(raw).collect()
}
