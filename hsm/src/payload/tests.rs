//! The bytes that are signed, against vectors that tests/vectors/payloads makes on its own.

use chainbox_engine::scheme::Scheme;
use serde::Deserialize;

use super::*;
use crate::{Kind, PublicKey};

const VECTORS: &str = include_str!("../../../tests/vectors/payloads.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    about: String,
    sm2_public_key: String,
    payloads: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    role: Role,
    #[serde(default)]
    chain: String,
    #[serde(default)]
    height: u64,
    #[serde(default)]
    round: u32,
    step: Option<Step>,
    block: Option<String>,
    #[serde(default)]
    records: u64,
    head: Option<String>,
    content: Option<String>,
    message: String,
    sha256: String,
    keccak256: Option<String>,
    sm2_e: String,
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

fn digest_bytes(text: &str) -> Digest {
    bytes(text).try_into().expect("32 bytes")
}

impl Vector {
    fn payload(&self) -> Payload {
        let (chain, height, round) = (self.chain.clone(), self.height, self.round);
        let block = self.block.as_deref().map(digest_bytes);
        let content = || bytes(self.content.as_deref().expect("content"));
        match self.role {
            Role::Vote => Payload::Vote { chain, height, round, step: self.step.expect("a step"), block },
            Role::Block => Payload::Block { chain, height, round, block: block.expect("a block") },
            Role::Transaction => Payload::Transaction(content()),
            Role::Tls => Payload::Tls(content()),
            Role::Audit => Payload::Audit { records: self.records, head: digest_bytes(self.head.as_deref().expect("a head")) },
            Role::Opaque => panic!("an opaque digest has no encoding"),
        }
    }
}

#[test]
fn payloads_are_encoded_and_hashed_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(VECTORS).expect("vectors");
    let key: PublicKey = bytes(&vectors.sm2_public_key).try_into().expect("65 bytes");
    assert!(vectors.payloads.len() >= 12, "{}", vectors.about);
    let mut messages = std::collections::BTreeSet::new();
    for vector in &vectors.payloads {
        let payload = vector.payload();
        assert_eq!(hex::encode(message(&payload).expect("well-formed")), vector.message);
        assert!(messages.insert(vector.message.clone()), "two payloads of one encoding: {payload:?}");
        let of = |scheme| digest(&payload, scheme, &key, SM2_ID).map(hex::encode).map_err(|error| error.kind);
        assert_eq!(of(Scheme::EcdsaP256Sha256), Ok(vector.sha256.clone()), "{payload:?}");
        assert_eq!(of(Scheme::Sm2Sm3), Ok(vector.sm2_e.clone()), "{payload:?}");
        let (sha256, keccak256) = (of(Scheme::EcdsaSecp256k1Sha256), of(Scheme::EcdsaSecp256k1Keccak256));
        match &vector.keccak256 {
            Some(keccak) => assert_eq!((sha256, keccak256), (Ok(vector.sha256.clone()), Ok(keccak.clone())), "{payload:?}"),
            None => assert_eq!((sha256, keccak256), (Err(Kind::Unsupported), Err(Kind::Unsupported)), "{payload:?}"),
        }
    }
}

fn tls(spaces: usize, context: &[u8], hash: usize) -> Vec<u8> {
    [&vec![b' '; spaces][..], context, &vec![7; hash]].concat()
}

const SERVER: &[u8] = b"TLS 1.3, server CertificateVerify\0";
const CLIENT: &[u8] = b"TLS 1.3, client CertificateVerify\0";

#[test]
fn handshakes_have_one_form() {
    for (context, hash) in [(SERVER, 32), (SERVER, 48), (CLIENT, 64)] {
        message(&Payload::Tls(tls(64, context, hash))).expect("what CertificateVerify signs");
    }
    for bad in [
        Vec::new(),
        tls(63, SERVER, 32),
        tls(65, SERVER, 32),
        tls(64, SERVER, 0),
        tls(64, SERVER, 31),
        tls(64, SERVER, 33),
        tls(64, SERVER, 65),
        tls(64, &SERVER[..33], 32),
        tls(64, b"TLS 1.3, Server CertificateVerify\0", 32),
        tls(64, b"TLS 1.3, exporter\0", 32),
        tls(64, b"", 32),
    ] {
        assert_eq!(message(&Payload::Tls(bad.clone())).expect_err("another form").kind, Kind::Input, "{bad:?}");
    }
}

#[test]
fn transactions_are_nothing_else() {
    let vote = Payload::Vote { chain: "test-1".to_owned(), height: 1, round: 0, step: Step::Prevote, block: None };
    let encodings =
        [vote, Payload::Audit { records: 1, head: [7; 32] }].map(|payload| message(&payload).expect("well-formed").into_owned());
    let [vote, head] = encodings;
    for bad in [vec![], vote, head, TAGS[1].to_vec(), tls(64, SERVER, 32), vec![b' '; 64], vec![1; TRANSACTION_BYTES_MAX + 1]] {
        let error = message(&Payload::Transaction(bad)).expect_err("not a transaction");
        assert_eq!((error.kind, error.remedy.is_empty()), (Kind::Input, false), "{error}");
    }
    for good in [vec![0], vec![b' '; 63], TAGS[0][..15].to_vec(), vec![1; TRANSACTION_BYTES_MAX]] {
        message(&Payload::Transaction(good)).expect("a transaction");
    }
}

#[test]
fn votes_and_blocks_are_checked() {
    let vote = |chain: &str, step| Payload::Vote { chain: chain.to_owned(), height: 1, round: 0, step, block: None };
    let longest = "c".repeat(CHAIN_BYTES_MAX);
    message(&vote(&longest, Step::Prevote)).expect("as long as can be");
    for bad in [vote("", Step::Prevote), vote(&(longest + "c"), Step::Prevote), vote("test-1", Step::Propose)] {
        assert_eq!(message(&bad).expect_err("malformed").kind, Kind::Input);
    }
}

#[test]
fn a_public_key_that_is_none_is_the_devices_fault() {
    let payload = Payload::Transaction(vec![1]);
    assert_eq!(digest(&payload, Scheme::Sm2Sm3, &[4; 65], SM2_ID).expect_err("not on the curve").kind, Kind::DeviceFailed);
}
