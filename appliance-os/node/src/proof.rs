//! Proofs that are checked offline: that a transaction is in a block, and what stands in the state, or that nothing does. docs/blocks.md specifies them.

use chainbox_engine::{
    hash::Digest,
    transaction::native::{Address, Body, Content, Transaction},
};
use serde::{Deserialize, Serialize};

use crate::{
    block::{BlockError, Certificate, HEADER_BYTES, Header},
    certify::{self, Uncertified},
    genesis::Genesis,
    merkle::{Hasher, TransactionTree, root_of, transaction_leaf},
    refusal::Refusal,
    state::{Account, Found, Permission, StateKey, StatePath},
    text::hexed,
};

/// A proof: a block that validators made final, and what is seen from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The version of proofs: 1.
    pub version: u8,
    /// The block's header, 128 bytes.
    #[serde(with = "hexed")]
    pub header: Vec<u8>,
    /// The votes that make it final.
    pub certificate: ProofCertificate,
    /// What is proven.
    pub statement: Statement,
}

/// The votes that make a block final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofCertificate {
    /// The round.
    pub round: u32,
    /// The votes.
    pub votes: Vec<ProofVote>,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofVote {
    /// The validator's index in the genesis.
    pub validator: u16,
    /// r || s.
    #[serde(with = "hexed")]
    pub signature: Vec<u8>,
}

/// What a proof says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Statement {
    /// A transaction is in the block.
    Transaction {
        /// Its index, from 0.
        index: u32,
        /// Its signed part.
        #[serde(with = "hexed")]
        signed: Vec<u8>,
        /// r || s.
        #[serde(with = "hexed")]
        signature: Vec<u8>,
        /// The siblings, from the leaf on.
        siblings: Vec<Hex32>,
    },
    /// What stands in the state after the block.
    State {
        /// The key: 0 and an address, or 1, the owner and the key of an entry.
        #[serde(with = "hexed")]
        key: Vec<u8>,
        /// The leaf at the end of the way; none where nothing stands there.
        leaf: Option<ProofLeaf>,
        /// The siblings, from the root on.
        siblings: Vec<Hex32>,
    },
}

/// A leaf of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofLeaf {
    /// Its key.
    #[serde(with = "hexed")]
    pub key: Vec<u8>,
    /// Its value.
    #[serde(with = "hexed")]
    pub value: Vec<u8>,
}

/// A digest as hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hex32(#[serde(with = "hexed")] pub Digest);

/// What a proof that is right says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The block.
    pub header: Header,
    /// What is so.
    pub fact: Fact,
}

/// What is so in or after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A transaction is in it.
    Transaction {
        /// Its identity.
        id: Digest,
        /// Its index.
        index: u32,
        /// The account that sent it.
        sender: Address,
        /// What it does.
        what: What,
    },
    /// An account.
    Account {
        /// Its address.
        address: Address,
        /// How it is; the default one where it never had anything.
        account: Account,
    },
    /// An entry.
    Entry {
        /// The account that wrote it.
        owner: Address,
        /// Its key.
        key: Box<[u8]>,
        /// Its value; none where there is none.
        value: Option<Box<[u8]>>,
    },
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It moves an amount.
    Transfer {
        /// To whom.
        to: Address,
        /// How much.
        amount: u128,
    },
    /// It is evidence of a document.
    Record {
        /// The document's digest.
        digest: Digest,
        /// What the document is.
        media_type: String,
    },
    /// It writes an entry.
    Put {
        /// The entry's key.
        key: Box<[u8]>,
        /// The entry's value.
        value: Box<[u8]>,
    },
    /// It removes an entry.
    Remove {
        /// The entry's key.
        key: Box<[u8]>,
    },
    /// It lets an account send, or does not.
    Permit {
        /// The account.
        account: Address,
        /// Whether it may.
        permission: Permission,
    },
}

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// Another version.
    #[error("version {0}: this program reads version 1")]
    Version(u8),
    /// The header is none.
    #[error("header: {0}")]
    Header(#[from] BlockError),
    /// A field has another length than it must.
    #[error("{field}: {found} bytes, and it has {wanted}")]
    Length {
        /// The field.
        field: &'static str,
        /// Its bytes.
        found: usize,
        /// The bytes that it must have.
        wanted: usize,
    },
    /// It is of another chain than the genesis.
    #[error("the block is of chain {found}, and the genesis is that of chain {here}")]
    Chain {
        /// The block's.
        found: u64,
        /// The genesis's.
        here: u64,
    },
    /// It names height 0 and is not what the genesis makes.
    #[error("the block has height 0 and is not the one that the genesis makes")]
    Genesis,
    /// The block is not final.
    #[error("the block is not final: {0}")]
    Uncertified(#[from] Uncertified),
    /// The transaction is none.
    #[error("transaction: {0}")]
    Transaction(Refusal),
    /// The way does not lead to the root.
    #[error("the way does not lead to the {0} that the block names")]
    Root(&'static str),
    /// The key is none.
    #[error("key: {0} is neither that of an account nor that of an entry")]
    Key(String),
    /// The value is none.
    #[error("the account's value is none")]
    Value,
}

impl Proof {
    fn new(header: &Header, certificate: &Certificate, statement: Statement) -> Self {
        let vote = |(validator, signature): &(u16, [u8; 64])| ProofVote { validator: *validator, signature: signature.to_vec() };
        let certificate = ProofCertificate { round: certificate.round, votes: certificate.votes.iter().map(vote).collect() };
        Self { version: 1, header: header.to_bytes().to_vec(), certificate, statement }
    }

    /// The proof that a transaction is in a block.
    #[must_use]
    pub fn of_transaction(
        header: &Header,
        certificate: &Certificate,
        transactions: &[Transaction<'_>],
        hasher: &Hasher,
        index: usize,
    ) -> Option<Self> {
        let transaction = transactions.get(index)?;
        let (tree, _) = TransactionTree::of(hasher, transactions);
        let statement = Statement::Transaction {
            index: index as u32,
            signed: transaction.signed.to_vec(),
            signature: transaction.signature.to_vec(),
            siblings: tree.path(index).into_iter().map(Hex32).collect(),
        };
        Some(Self::new(header, certificate, statement))
    }

    /// The proof of what stands in the state after a block, or that nothing does.
    #[must_use]
    pub fn of_state(header: &Header, certificate: &Certificate, key: &StateKey, way: StatePath) -> Self {
        let leaf = match way.found {
            Found::Nothing => None,
            Found::Leaf { key, value, .. } => Some(ProofLeaf { key: key.into(), value: value.into() }),
        };
        let siblings = way.siblings.into_iter().map(Hex32).collect();
        Self::new(header, certificate, Statement::State { key: key.to_bytes().into(), leaf, siblings })
    }

    /// What the proof proves to whoever has the genesis. Nothing else is needed, and nobody is asked.
    ///
    /// # Errors
    /// [`Unproven`].
    pub fn check(&self, genesis: &Genesis) -> Result<Proven, Unproven> {
        if self.version != 1 {
            return Err(Unproven::Version(self.version));
        }
        let header = Header::from_bytes(&array::<HEADER_BYTES>("header", &self.header)?)?;
        if (header.chain_id, header.suite) != (genesis.chain_id, genesis.suite) {
            return Err(Unproven::Chain { found: header.chain_id, here: genesis.chain_id });
        }
        let vote = |vote: &ProofVote| Ok((vote.validator, array("signature of a vote", &vote.signature)?));
        let votes = self.certificate.votes.iter().map(vote).collect::<Result<_, Unproven>>()?;
        if header.height == 0 {
            // Nobody votes for what all agree on; whoever has the genesis can make its header.
            if header != genesis.header(genesis.state_root()) {
                return Err(Unproven::Genesis);
            }
        } else {
            certify::check(genesis, &header, &Certificate { round: self.certificate.round, votes })?;
        }
        let hasher = genesis.hasher();
        let fact = match &self.statement {
            Statement::Transaction { index, signed, signature, siblings } => {
                transaction(&hasher, &header, *index, signed, &array("signature", signature)?, siblings)?
            }
            Statement::State { key, leaf, siblings } => state(&hasher, &header, key, leaf.as_ref(), siblings)?,
        };
        Ok(Proven { header, fact })
    }
}

fn array<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], Unproven> {
    bytes.try_into().map_err(|_| Unproven::Length { field, found: bytes.len(), wanted: N })
}

fn transaction(
    hasher: &Hasher,
    header: &Header,
    index: u32,
    signed: &[u8],
    signature: &[u8; 64],
    siblings: &[Hex32],
) -> Result<Fact, Unproven> {
    let id = hasher.hash().digest(signed);
    let siblings: Vec<_> = siblings.iter().map(|sibling| sibling.0).collect();
    let leaf = hasher.leaf_one(&transaction_leaf(&id, signature));
    let root = root_of(hasher, leaf, index as usize, header.transactions as usize, &siblings);
    if root != Some(header.transactions_root) {
        return Err(Unproven::Root("root of transactions"));
    }
    let (body, _) = Body::decode(signed).map_err(|refusal| Unproven::Transaction(refusal.into()))?;
    let what = match body.content {
        Content::Transfer { to, amount } => What::Transfer { to: *to, amount },
        Content::Record { digest, media_type, .. } => What::Record { digest: *digest, media_type: media_type.to_owned() },
        Content::Put { key, value } => What::Put { key: key.into(), value: value.into() },
        Content::Remove { key } => What::Remove { key: key.into() },
        Content::Permit { account, may_send } => {
            What::Permit { account: *account, permission: if may_send { Permission::Allowed } else { Permission::Denied } }
        }
    };
    Ok(Fact::Transaction { id, index, sender: body.suite.address(body.sender), what })
}

fn state(hasher: &Hasher, header: &Header, key: &[u8], leaf: Option<&ProofLeaf>, siblings: &[Hex32]) -> Result<Fact, Unproven> {
    let key = StateKey::from_bytes(key).ok_or_else(|| Unproven::Key(hex::encode(key)))?;
    let found = leaf.map_or(Found::Nothing, |leaf| Found::Leaf {
        path: hasher.hash().digest(&leaf.key),
        key: leaf.key[..].into(),
        value: leaf.value[..].into(),
    });
    let way = StatePath { found, siblings: siblings.iter().map(|sibling| sibling.0).collect() };
    let (root, value) = way.root(hasher, &key.path(hasher)).ok_or(Unproven::Root("root of the state"))?;
    if root != header.state_root {
        return Err(Unproven::Root("root of the state"));
    }
    Ok(match key {
        StateKey::Account(address) => {
            let account = value.map_or(Some(Account::default()), Account::from_value).ok_or(Unproven::Value)?;
            Fact::Account { address, account }
        }
        StateKey::Entry { owner, key } => Fact::Entry { owner, key, value: value.map(Into::into) },
    })
}
