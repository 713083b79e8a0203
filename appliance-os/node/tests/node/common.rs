//! Keys that sign, and a node in a folder.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use chainbox_engine::{
    backend::Cpu,
    transaction::native::{Address, Body, Content, Suite},
};
use chainbox_hsm::{
    Algorithm, Payload,
    payload::{SM2_ID, digest},
    software::Ephemeral,
};
use chainbox_node::{
    genesis::{BlockLimits, Genesis, Senders},
    node::{Node, NodeOptions, StartError, create},
    verifier::Alone,
    vote::Voter,
};

/// A key, and the suite that it signs under.
pub struct Key {
    suite: Suite,
    key: Ephemeral,
}

impl Key {
    pub fn new(suite: Suite) -> Self {
        Self { suite, key: Ephemeral::generate(Algorithm::of(suite.scheme())).unwrap() }
    }

    pub fn public(&self) -> &[u8; 65] {
        self.key.public_key()
    }

    pub fn address(&self) -> Address {
        self.suite.address(self.public())
    }

    pub fn sign(&self, payload: &Payload) -> [u8; 64] {
        low_s(self.suite, self.key.sign(&digest(payload, self.suite.scheme(), self.public(), SM2_ID).unwrap()).unwrap())
    }

    /// A transaction of this key's.
    pub fn transaction(&self, chain_id: u64, nonce: u64, content: Content<'_>) -> Bytes {
        self.transaction_until(chain_id, nonce, u64::MAX, content)
    }

    pub fn transaction_until(&self, chain_id: u64, nonce: u64, valid_until: u64, content: Content<'_>) -> Bytes {
        let body = Body { suite: self.suite, chain_id, sender: self.public(), nonce, valid_until, content };
        let signature = self.sign(&Payload::Transaction(body.signed_part().unwrap()));
        body.with_signature(&signature).unwrap().into()
    }
}

/// The signature with the lower s, which ECDSA suites want.
fn low_s(suite: Suite, signature: [u8; 64]) -> [u8; 64] {
    let order = match suite {
        Suite::Sm => return signature,
        Suite::Secp256k1 => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        Suite::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    };
    let (s, mut negated, mut borrow) = (&signature[32..], hex::decode(order).unwrap(), 0);
    for (digit, s) in negated.iter_mut().zip(s).rev() {
        let difference = i16::from(*digit) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        *digit = difference as u8;
    }
    let low = s.min(&negated);
    [&signature[..32], low].concat().try_into().unwrap()
}

/// Votes with a key in memory.
struct KeyVoter(Arc<Key>);

impl Voter for KeyVoter {
    fn sign(&mut self, payload: Payload) -> Result<[u8; 64], String> {
        Ok(self.0.sign(&payload))
    }
}

/// A chain of one validator and some accounts, in a folder.
pub struct Box {
    pub folder: tempfile::TempDir,
    pub genesis: Genesis,
    pub validator: Arc<Key>,
}

pub const CHAIN: u64 = 7;

impl Box {
    pub fn new(suite: Suite, senders: Senders, listed: Vec<Address>, accounts: Vec<(Address, u128)>) -> Self {
        let validator = Arc::new(Key::new(suite));
        let genesis = Genesis {
            chain_id: CHAIN,
            suite,
            time_ms: 1,
            validators: vec![*validator.public()],
            senders,
            listed,
            limits: BlockLimits::default(),
            accounts,
        };
        genesis.check().unwrap();
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), &genesis, &options()).unwrap();
        Self { folder, genesis, validator }
    }

    /// Closes a node, so that another can have its folder.
    pub fn close(node: Node) {
        node.close().unwrap();
    }

    pub fn try_start(&self, folder: &Path, options: NodeOptions) -> Result<Node, StartError> {
        let verifier = Arc::new(Alone(Arc::new(Cpu::with_threads(2).unwrap())));
        Node::start(
            folder,
            self.genesis.clone(),
            options,
            verifier,
            std::boxed::Box::new(KeyVoter(Arc::clone(&self.validator))),
            &mut |_, _| {},
        )
    }
}

pub fn options() -> NodeOptions {
    let mut options = NodeOptions { threads: 2, block_interval: Duration::from_millis(1), ..NodeOptions::default() };
    options.pool.gap_max = Duration::from_secs(2);
    options
}
