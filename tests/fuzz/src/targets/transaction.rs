//! Raw Ethereum transactions: an accepted one has no other form, answers to each policy as it says of itself, and gives the sender that
//! the reference recovers.

use chainbox_engine::{
    backend::Backend,
    batch::{Input, RecoveryBatch},
    transaction::{
        ethereum::{Policy, Transaction, TransactionType, decode},
        rlp::Reader,
    },
    verdict::Reason,
};
use sha3::{Digest, Keccak256};

use super::{
    CPU,
    rlp::{list, read_and_write, string},
};
use crate::reference;

const ANY: Policy = Policy { chain_id: None, require_chain_id: false };

pub(crate) fn run(data: &[u8]) {
    let Ok(transaction) = decode(data, &ANY) else { return };
    assert_eq!(transaction.hash[..], Keccak256::digest(data)[..]);
    check_form(data, &transaction);
    check_policies(data, &transaction);
    check_sender(&transaction);
}

/// Canonical RLP after the type byte, and neither a byte less nor one more.
fn check_form(data: &[u8], transaction: &Transaction) {
    let fields = if transaction.kind == TransactionType::Legacy { data } else { &data[1..] };
    assert_eq!(read_and_write(Reader::new(fields), 8).as_deref(), Some(fields));
    for other in [&data[..data.len() - 1], &[data, &[0]].concat()] {
        assert_eq!(decode(other, &ANY), Err(Reason::TransactionEncoding));
    }
}

fn check_policies(data: &[u8], transaction: &Transaction) {
    let under = |chain_id, require_chain_id| decode(data, &Policy { chain_id, require_chain_id });
    match transaction.chain_id {
        Some(id) => {
            assert_eq!(under(Some(id), true), Ok(*transaction));
            assert_eq!(under(Some(id ^ 1), false), Err(Reason::ChainId));
        }
        None => {
            assert_eq!(under(Some(1), false), Ok(*transaction));
            assert_eq!(under(None, true), Err(Reason::ChainIdMissing));
        }
    }
}

fn check_sender(transaction: &Transaction) {
    let Transaction { signing_digest, signature, .. } = transaction;
    assert!(signature[64] <= 1, "a parity");
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    batch.push(signing_digest, signature).expect("a digest of 32 bytes");
    let recovered = CPU.recover(&batch).expect("the CPU recovers from any batch");
    assert_eq!(recovered.key(0), reference::recover(signing_digest, signature, true).as_ref(), "{:?}", recovered.verdicts);
}

/// One transaction of each type, and a legacy one from before EIP-155. Their signatures are numbers of no meaning.
pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let to = &string(&[0x35; 20])[..];
    let hash = &string(&[&[1], &[0x5a; 31][..]].concat())[..];
    let (one, two, fee, gas) = (&[1][..], &[2][..], &string(&[4, 0xa8, 0x17, 0xc8])[..], &string(&[0x52, 0x08])[..]);
    let data = &string(b"data")[..];
    let access = &list(&list(&[to, &list(hash)].concat()))[..];
    let number = &string(&[0x28; 32])[..];
    let authorizations = &list(&list(&[one, to, one, one, number, number].concat()))[..];
    let (v_27, v_37, hashes) = (&[27][..], &[37][..], &list(hash)[..]);
    let signed = |fields: &[&[u8]]| list(&[fields, &[number, number]].concat().concat());
    let typed = |kind: TransactionType, fields: &[&[u8]]| [vec![kind as u8], signed(fields)].concat();
    vec![
        signed(&[one, fee, gas, to, one, data, v_27]),
        signed(&[one, fee, gas, to, one, data, v_37]),
        typed(TransactionType::AccessList, &[one, two, fee, gas, to, one, data, access, one]),
        typed(TransactionType::DynamicFee, &[one, two, one, fee, gas, to, one, data, access, one]),
        typed(TransactionType::Blob, &[one, two, one, fee, gas, to, one, data, access, fee, hashes, one]),
        typed(TransactionType::SetCode, &[one, two, one, fee, gas, to, one, data, access, authorizations, one]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_is_of_its_type() {
        let kinds: Vec<_> = inputs().iter().map(|input| decode(input, &ANY).map(|transaction| transaction.kind)).collect();
        assert_eq!(kinds[0], Ok(TransactionType::Legacy));
        assert!(kinds[1..].iter().copied().eq(TransactionType::ALL.into_iter().map(Ok)));
    }
}
