//! Transactions of our own chain: the vectors that a second implementation made of docs/transactions.md.

use std::{fs, path::PathBuf};

use chainbox_engine::{
    backend::{Backend as _, Cpu},
    batch::Batch,
    transaction::native::{Suite, Transaction},
    verdict::{Reason, Verdict},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    valid: Vec<Valid>,
    malformed: Vec<Malformed>,
    forged: Vec<Forged>,
}

#[derive(Deserialize)]
struct Valid {
    comment: String,
    suite: String,
    raw: String,
    id: String,
    sender: String,
    chain_id: u64,
    nonce: u64,
    valid_until: u64,
    kind: u8,
}

#[derive(Deserialize)]
struct Malformed {
    comment: String,
    raw: String,
}

#[derive(Deserialize)]
struct Forged {
    comment: String,
    suite: String,
    raw: String,
}

fn vectors() -> Vectors {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/transactions.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn verdict(transaction: &Transaction<'_>) -> Verdict {
    let mut batch = Batch::new(transaction.body.suite.shape());
    batch.push(transaction.item()).unwrap();
    Cpu::new().verify(&batch).unwrap().as_slice()[0]
}

#[test]
fn what_another_implementation_made_is_read_and_valid() {
    let vectors = vectors().valid;
    assert!(Suite::ALL.iter().all(|suite| vectors.iter().filter(|vector| vector.suite == suite.name()).count() >= 10));
    for vector in vectors {
        let (raw, what) = (hex::decode(&vector.raw).unwrap(), format!("{}: {}", vector.suite, vector.comment));
        let transaction = Transaction::decode(&raw).expect(&what);
        let body = transaction.body;
        assert_eq!((body.suite.name(), raw[91]), (&*vector.suite, vector.kind), "{what}");
        assert_eq!((body.chain_id, body.nonce, body.valid_until), (vector.chain_id, vector.nonce, vector.valid_until), "{what}");
        assert_eq!((hex::encode(transaction.id()), hex::encode(transaction.sender())), (vector.id, vector.sender), "{what}");
        assert!(transaction.payload_fits(), "{what}");
        assert_eq!(verdict(&transaction), Verdict::Valid, "{what}");
        assert_eq!(body.with_signature(transaction.signature).unwrap(), raw, "{what}");
    }
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    let vectors = vectors().malformed;
    assert!(vectors.len() >= 15);
    for vector in vectors {
        let raw = hex::decode(&vector.raw).unwrap();
        assert!(Transaction::decode(&raw).is_err(), "{}", vector.comment);
    }
}

#[test]
fn forged_transactions_are_read_and_invalid() {
    for vector in vectors().forged {
        let raw = hex::decode(&vector.raw).unwrap();
        let transaction = Transaction::decode(&raw).unwrap();
        assert_eq!(transaction.body.suite.name(), vector.suite);
        let expected = if vector.comment == "the other s" && vector.suite != "sm" { Reason::LowSPolicy } else { Reason::Equation };
        assert_eq!(verdict(&transaction), Verdict::Invalid(expected), "{}: {}", vector.suite, vector.comment);
    }
}
