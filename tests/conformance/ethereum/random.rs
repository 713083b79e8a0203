//! Seeded random transactions of every type, made and signed by alloy.

use alloy_consensus::{
    EthereumTxEnvelope, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxLegacy, crypto::secp256k1::sign_message,
};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use chainbox_engine::transaction::ethereum::TransactionType;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// alloy's transaction of any type, blob transactions in block form.
pub type Envelope = EthereumTxEnvelope<TxEip4844>;

/// Lengths of data at which its RLP header changes its form, or is absent.
const DATA_BYTES: [usize; 8] = [0, 1, 2, 55, 56, 255, 256, 1500];

/// A source of transactions: the same ones for the same seed.
pub struct Source {
    rng: ChaCha8Rng,
    data_bytes: &'static [usize],
}

impl Source {
    /// A source of transactions of any size.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), data_bytes: &DATA_BYTES }
    }

    /// A source of transactions with little data, so that most of their bytes are structure.
    pub fn small(seed: u64) -> Self {
        Self { data_bytes: &[0, 1, 5], ..Self::new(seed) }
    }

    /// A raw signed transaction that every rule admits.
    pub fn raw(&mut self, kind: TransactionType) -> Vec<u8> {
        let envelope: Envelope = match kind {
            TransactionType::Legacy => Envelope::Legacy(self.sign(Self::legacy)),
            TransactionType::AccessList => Envelope::Eip2930(self.sign(Self::eip2930)),
            TransactionType::DynamicFee => Envelope::Eip1559(self.sign(Self::eip1559)),
            TransactionType::Blob => Envelope::Eip4844(self.sign(Self::eip4844)),
            TransactionType::SetCode => Envelope::Eip7702(self.sign(Self::eip7702)),
        };
        envelope.encoded_2718()
    }

    /// One of `count` numbers from 0 on.
    pub fn below(&mut self, count: usize) -> usize {
        (self.rng.next_u64() % count as u64) as usize
    }

    fn sign<T: SignableTransaction<Signature>>(&mut self, make: impl FnOnce(&mut Self) -> T) -> alloy_consensus::Signed<T> {
        let transaction = make(self);
        let signature = sign_message(self.secret(), transaction.signature_hash()).expect("the secret is below n");
        transaction.into_signed(signature)
    }

    fn legacy(&mut self) -> TxLegacy {
        TxLegacy {
            chain_id: (self.below(3) > 0).then(|| self.u64()),
            nonce: self.nonce(),
            gas_price: self.u128(),
            gas_limit: self.u64(),
            to: self.recipient(),
            value: self.u256(),
            input: self.data(),
        }
    }

    fn eip2930(&mut self) -> TxEip2930 {
        TxEip2930 {
            chain_id: self.u64(),
            nonce: self.nonce(),
            gas_price: self.u128(),
            gas_limit: self.u64(),
            to: self.recipient(),
            value: self.u256(),
            access_list: self.access_list(),
            input: self.data(),
        }
    }

    fn eip1559(&mut self) -> TxEip1559 {
        let (priority, maximum) = self.fees();
        TxEip1559 {
            chain_id: self.u64(),
            nonce: self.nonce(),
            gas_limit: self.u64(),
            max_fee_per_gas: maximum,
            max_priority_fee_per_gas: priority,
            to: self.recipient(),
            value: self.u256(),
            access_list: self.access_list(),
            input: self.data(),
        }
    }

    /// An unsigned blob transaction.
    pub fn eip4844(&mut self) -> TxEip4844 {
        let (priority, maximum) = self.fees();
        TxEip4844 {
            chain_id: self.u64(),
            nonce: self.nonce(),
            gas_limit: self.u64(),
            max_fee_per_gas: maximum,
            max_priority_fee_per_gas: priority,
            to: Address::new(self.bytes()),
            value: self.u256(),
            access_list: self.access_list(),
            blob_versioned_hashes: (0..=self.below(6)).map(|_| self.blob_hash()).collect(),
            max_fee_per_blob_gas: self.u128(),
            input: self.data(),
        }
    }

    fn eip7702(&mut self) -> TxEip7702 {
        let (priority, maximum) = self.fees();
        TxEip7702 {
            chain_id: self.u64(),
            nonce: self.nonce(),
            gas_limit: self.u64(),
            max_fee_per_gas: maximum,
            max_priority_fee_per_gas: priority,
            to: Address::new(self.bytes()),
            value: self.u256(),
            access_list: self.access_list(),
            authorization_list: (0..=self.below(3)).map(|_| self.authorization()).collect(),
            input: self.data(),
        }
    }

    fn secret(&mut self) -> B256 {
        // 31 bytes and a 1 in the last one: below n and not 0.
        let mut secret = self.bytes::<32>();
        (secret[0], secret[31]) = (0, secret[31] | 1);
        secret.into()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Any width in bits is as likely as another.
    fn u64(&mut self) -> u64 {
        let shift = self.below(65) as u32;
        self.rng.next_u64().checked_shr(shift).unwrap_or(0)
    }

    fn u128(&mut self) -> u128 {
        let shift = self.below(129) as u32;
        u128::from_be_bytes(self.bytes()).checked_shr(shift).unwrap_or(0)
    }

    fn u256(&mut self) -> U256 {
        let shift = self.below(257);
        U256::from_be_bytes(self.bytes::<32>()) >> shift
    }

    /// The last one is refused (EIP-2681).
    fn nonce(&mut self) -> u64 {
        self.u64().min(u64::MAX - 1)
    }

    /// Priority and maximum.
    fn fees(&mut self) -> (u128, u128) {
        let (a, b) = (self.u128(), self.u128());
        (a.min(b), a.max(b))
    }

    fn recipient(&mut self) -> TxKind {
        if self.below(4) == 0 { TxKind::Create } else { TxKind::Call(Address::new(self.bytes())) }
    }

    fn data(&mut self) -> Bytes {
        let choice = self.below(self.data_bytes.len());
        let mut data = vec![0; self.data_bytes[choice]];
        self.rng.fill_bytes(&mut data);
        data.into()
    }

    fn access_list(&mut self) -> AccessList {
        let entry = |source: &mut Self| AccessListItem {
            address: Address::new(source.bytes()),
            storage_keys: (0..source.below(4)).map(|_| B256::new(source.bytes())).collect(),
        };
        AccessList((0..self.below(4)).map(|_| entry(self)).collect())
    }

    fn blob_hash(&mut self) -> B256 {
        let mut hash = self.bytes::<32>();
        hash[0] = 1;
        hash.into()
    }

    /// An authorization whose signature is as random as the rest: no transaction is refused for it.
    fn authorization(&mut self) -> SignedAuthorization {
        let inner = Authorization { chain_id: self.u256(), address: Address::new(self.bytes()), nonce: self.u64() };
        let parity = self.u64().to_be_bytes()[7];
        SignedAuthorization::new_unchecked(inner, parity, self.u256(), self.u256())
    }
}
