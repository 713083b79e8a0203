//! Signed transactions of our own chain, millions of them, for load.
//!
//! Every signature is made by the textbook equations with the scalars and points of the RustCrypto crates, but with two short cuts that are fit for load and
//! for nothing else: the secret keys are consecutive numbers from a public seed, and so are the nonces k. A point is then the one before it plus G, and what
//! has to be inverted is inverted together. Whoever sees two signatures with consecutive nonces learns the key; these keys are worth nothing.

mod file;
mod sign;

pub use file::{LoadError, LoadFile, write};

use std::{fmt, ops::Range, str::FromStr};

use chainbox_engine::transaction::native::{Address, Body, Content, PAYLOAD_BYTES_MAX, Suite};
use rayon::prelude::*;

use sign::{Key, Keys, sign_all};

/// Transactions whose nonces follow one another.
const CHUNK: usize = 256;

/// What the load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Each sender pays others of them.
    Transfers,
    /// Every transaction has another sender.
    Distinct,
    /// All pay one account.
    Hot,
    /// Records with payloads of so many bytes.
    Records(usize),
    /// Transfers, of which one of a hundred is invalid in some way.
    Invalid,
    /// Transfers, of which twenty of a hundred have another's signature.
    Forged,
}

impl Load {
    /// Every load.
    pub const ALL: [Self; 7] =
        [Self::Transfers, Self::Distinct, Self::Hot, Self::Records(32), Self::Records(PAYLOAD_BYTES_MAX), Self::Invalid, Self::Forged];

    /// The name used on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfers => "transfers",
            Self::Distinct => "distinct",
            Self::Hot => "hot",
            Self::Records(32) => "records-32",
            Self::Records(_) => "records-1m",
            Self::Invalid => "invalid-1",
            Self::Forged => "forged-20",
        }
    }

    /// Of a hundred transactions the first so many are to be refused.
    const fn bad_of_hundred(self) -> u64 {
        match self {
            Self::Invalid => 1,
            Self::Forged => 20,
            _ => 0,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Load {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|load| load.name() == name).ok_or_else(|| format!("unknown workload {name:?}; they are {}", names()))
    }
}

/// Which transactions: they depend on this and on their number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadSpec {
    /// The chain's suite.
    pub suite: Suite,
    /// The chain.
    pub chain_id: u64,
    /// Where keys, nonces and payloads come from.
    pub seed: u64,
    /// What the load is.
    pub load: Load,
    /// Senders of valid transactions; of [`Load::Distinct`] every transaction has its own.
    pub senders: u32,
    /// How many transactions.
    pub count: u64,
}

/// A transaction, and whether a chain must take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadItem {
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Whether it is to be confirmed; else it is to be refused.
    pub is_valid: bool,
}

/// Makes transactions.
pub struct Maker {
    spec: LoadSpec,
    /// Those who send valid transactions; none of [`Load::Distinct`].
    senders: Vec<Key>,
    /// Those who send the others: their nonces are no matter, since nothing of them is taken.
    others: Vec<Key>,
    hot: Address,
}

/// Who sends what is to be refused.
const OTHERS: u32 = 64;

impl Maker {
    /// For a spec.
    ///
    /// # Panics
    /// Where there are no senders.
    #[must_use]
    pub fn new(spec: LoadSpec) -> Self {
        assert!(spec.senders > 0, "somebody sends");
        let keys = Keys::new(spec.suite, spec.seed);
        let senders = if spec.load == Load::Distinct { Vec::new() } else { keys.range(0..spec.senders.into()) };
        // Far beyond all senders.
        let others = keys.range(1 << 40..(1 << 40) + u64::from(OTHERS));
        let hot = others[0].address;
        Self { spec, senders, others, hot }
    }

    /// The accounts that need to have something, in order: each at least [`Self::balance`].
    #[must_use]
    pub fn accounts(&self) -> Vec<Address> {
        if self.spec.load == Load::Distinct {
            let keys = Keys::new(self.spec.suite, self.spec.seed);
            let starts: Vec<u64> = (0..self.spec.count).step_by(CHUNK).collect();
            let of_chunk =
                |start: &u64| keys.range(*start..(*start + CHUNK as u64).min(self.spec.count)).into_iter().map(|key| key.address);
            return starts.par_iter().flat_map_iter(of_chunk).collect();
        }
        self.senders.iter().map(|key| key.address).collect()
    }

    /// What each account needs.
    #[must_use]
    pub const fn balance(&self) -> u128 {
        self.spec.count as u128 + 1
    }

    /// The transactions of some numbers, which begin and end at multiples of 256 or at the end.
    #[must_use]
    pub fn make(&self, numbers: Range<u64>) -> Vec<LoadItem> {
        debug_assert_eq!(numbers.start % CHUNK as u64, 0);
        let starts: Vec<u64> = numbers.clone().step_by(CHUNK).collect();
        starts.par_iter().flat_map_iter(|start| self.chunk(*start..(*start + CHUNK as u64).min(numbers.end))).collect()
    }

    fn chunk(&self, numbers: Range<u64>) -> Vec<LoadItem> {
        let distinct = match self.spec.load {
            Load::Distinct => Keys::new(self.spec.suite, self.spec.seed).range(numbers.clone()),
            _ => Vec::new(),
        };
        let plans: Vec<Plan<'_>> = numbers.clone().map(|number| self.plan(number, &distinct, numbers.start)).collect();
        let payloads: Vec<Vec<u8>> = numbers.clone().map(|number| self.payload(number)).collect();
        let bodies: Vec<(Body<'_>, [u8; 32])> = plans.iter().zip(&payloads).map(|(plan, payload)| self.body(plan, payload)).collect();
        let digests: Vec<[u8; 32]> = bodies.iter().map(|(_, digest)| *digest).collect();
        let bodies: Vec<Body<'_>> = bodies
            .iter()
            .zip(&digests)
            .zip(&payloads)
            .map(|(((body, _), digest), payload)| match self.spec.load {
                Load::Records(_) if body.chain_id == self.spec.chain_id => {
                    Body { content: Content::Record { digest, media_type: "application/octet-stream", payload }, ..*body }
                }
                _ => *body,
            })
            .collect();
        let signed: Vec<Vec<u8>> = bodies.iter().map(|body| body.signed_part().expect("a body within the limits")).collect();
        let keys: Vec<&Key> = plans.iter().map(|plan| plan.key).collect();
        let signatures = sign_all(self.spec.suite, self.spec.seed, numbers.start, &keys, &signed);
        let items = plans.iter().zip(&bodies).zip(signatures);
        items.map(|((plan, body), signature)| plan.fault.finish(body, signature)).collect()
    }

    fn plan<'a>(&'a self, number: u64, distinct: &'a [Key], first: u64) -> Plan<'a> {
        let bad = self.spec.load.bad_of_hundred();
        let (hundred, place) = (number / 100, number % 100);
        if place < bad {
            let fault = match self.spec.load {
                Load::Invalid => [Fault::Signature, Fault::Chain, Fault::Cut][(hundred % 3) as usize],
                _ => Fault::Signature,
            };
            return Plan { key: &self.others[(number % u64::from(OTHERS)) as usize], nonce: 0, fault, to: self.hot };
        }
        if self.spec.load == Load::Distinct {
            return Plan { key: &distinct[(number - first) as usize], nonce: 0, fault: Fault::None, to: self.hot };
        }
        let valid = hundred * (100 - bad) + (place - bad);
        let senders = u64::from(self.spec.senders);
        let to = match self.spec.load {
            Load::Hot => self.hot,
            // Any of them, all alike in the long run.
            _ => self.senders[(valid.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % self.senders.len()].address,
        };
        Plan { key: &self.senders[(valid % senders) as usize], nonce: valid / senders, fault: Fault::None, to }
    }

    fn payload(&self, number: u64) -> Vec<u8> {
        let Load::Records(bytes) = self.spec.load else { return Vec::new() };
        let mut payload = vec![0; bytes];
        let words = payload.chunks_mut(8).enumerate();
        words.for_each(|(index, word)| {
            let bytes = (number << 20 ^ index as u64 ^ self.spec.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            word.copy_from_slice(&bytes[..word.len()]);
        });
        payload
    }

    /// The body, and the digest of the payload that it is to name.
    fn body<'a>(&self, plan: &'a Plan<'_>, payload: &'a [u8]) -> (Body<'a>, [u8; 32]) {
        let digest = if payload.is_empty() { [0; 32] } else { sign::hash(self.spec.suite, &[payload]) };
        let content = match (plan.fault, self.spec.load) {
            // An account without anything can write entries; whether the signature is right has to be verified.
            (Fault::Signature | Fault::Chain | Fault::Cut, _) => Content::Put { key: b"load", value: &[] },
            _ => Content::Transfer { to: &plan.to, amount: 1 },
        };
        let chain_id = self.spec.chain_id + u64::from(plan.fault == Fault::Chain);
        let body = Body { suite: self.spec.suite, chain_id, sender: &plan.key.public, nonce: plan.nonce, valid_until: u64::MAX, content };
        (body, digest)
    }
}

struct Plan<'a> {
    key: &'a Key,
    nonce: u64,
    fault: Fault,
    to: Address,
}

/// What is wrong with a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The signature is that of something else.
    Signature,
    /// It is for another chain.
    Chain,
    /// Its last byte is missing.
    Cut,
}

impl Fault {
    fn finish(self, body: &Body<'_>, mut signature: [u8; 64]) -> LoadItem {
        if self == Self::Signature {
            // Still in range, and no equation holds for it.
            signature[31] ^= 1;
        }
        let mut raw = body.with_signature(&signature).expect("a body within the limits");
        if self == Self::Cut {
            raw.pop();
        }
        LoadItem { raw, is_valid: self == Self::None }
    }
}

#[cfg(test)]
mod tests;
