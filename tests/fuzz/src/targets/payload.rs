//! Transactions and handshakes: what one role signs, no other does, and the digest is that of the bytes.

use chainbox_engine::{hash::keccak256, scheme::Scheme};
use chainbox_hsm::{
    Payload,
    payload::{SM2_ID, TAGS, TRANSACTION_BYTES_MAX, digest, message},
};
use sha2::{Digest, Sha256};

pub(crate) fn run(data: &[u8]) {
    let (transaction, handshake) = (Payload::Transaction(data.to_vec()), Payload::Tls(data.to_vec()));
    let (is_transaction, is_handshake) = (message(&transaction).is_ok(), message(&handshake).is_ok());
    assert!(!(is_transaction && is_handshake));
    let is_ours = TAGS.iter().any(|tag| data.starts_with(tag)) || data.starts_with(&[b' '; 64]);
    assert_eq!(is_transaction, !data.is_empty() && data.len() <= TRANSACTION_BYTES_MAX && !is_ours);
    assert!(!is_handshake || is_ours && matches!(data.len(), 130 | 146 | 162));
    if is_transaction {
        let of = |scheme| digest(&transaction, scheme, &[0; 65], SM2_ID).expect("a transaction");
        assert_eq!(of(Scheme::EcdsaSecp256k1Keccak256), keccak256(data));
        assert_eq!(of(Scheme::EcdsaP256Sha256)[..], Sha256::digest(data)[..]);
        assert!(digest(&transaction, Scheme::Sm2Sm3, &[0; 65], SM2_ID).is_err(), "no public key");
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let handshake =
        |who: &str, hash: usize| [&[b' '; 64][..], format!("TLS 1.3, {who} CertificateVerify\0").as_bytes(), &vec![7; hash]].concat();
    let head = message(&Payload::Audit { records: 1, head: [7; 32] }).expect("well-formed").into_owned();
    vec![handshake("server", 32), handshake("client", 48), handshake("server", 64), vec![0xf8; 100], head]
}
