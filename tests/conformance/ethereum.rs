//! Ethereum transactions against another implementation, alloy, and against real ones: decoding, hash and recovered sender.

mod random;

use std::{env, fs, path::Path};

use alloy_consensus::{
    EthereumTypedTransaction, SignableTransaction, TxEip1559, TxEip4844, TxEip7702, TxLegacy, transaction::SignerRecoverable,
};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, Signature, TxKind, U256};
use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Input, RecoveryBatch},
    transaction::{
        ethereum::{Policy, TransactionType, address, decode},
        rlp,
    },
    verdict::Reason,
};
use random::{Envelope, Source};

/// Names the folder of real transactions: CSV files with the header `raw,sender,hash`.
const VECTORS_VARIABLE: &str = "CHAINBOX_ETHEREUM_VECTORS";

/// Random transactions of each type.
const RANDOM_PER_TYPE: usize = 500;

/// Transactions of each type of which every byte is changed.
const MUTATED_PER_TYPE: usize = 3;

/// What both sides say of a transaction that they accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Accepted {
    hash: [u8; 32],
    sender: [u8; 20],
}

/// Decodes each transaction and recovers the senders in one batch.
fn judge(raws: &[Vec<u8>]) -> Vec<Result<Accepted, Reason>> {
    let decoded: Vec<_> = raws.iter().map(|raw| decode(raw, &Policy::default())).collect();
    let mut batch = RecoveryBatch::new(Input::Digest, true);
    for transaction in decoded.iter().flatten() {
        batch.push(&transaction.signing_digest, &transaction.signature).expect("the batch has room");
    }
    let recovered = Cpu::new().recover(&batch).expect("the CPU recovers keys");
    let mut keys = recovered.verdicts.as_slice().iter().zip(&recovered.keys);
    let judged = decoded.into_iter().map(|decoded| {
        let transaction = decoded?;
        let (verdict, key) = keys.next().expect("one verdict an item");
        verdict.reason().map_or_else(|| Ok(Accepted { hash: transaction.hash, sender: address(key) }), Err)
    });
    judged.collect()
}

/// The same by alloy, low s required; `None` where it refuses the transaction.
fn judge_by_alloy(raw: &[u8]) -> Option<Accepted> {
    let envelope = Envelope::decode_2718_exact(raw).ok()?;
    let sender = envelope.recover_signer().ok()?;
    Some(Accepted { hash: envelope.tx_hash().0, sender: sender.into_array() })
}

/// Whether a fee needs more than the 128 bits that alloy gives it, though 256 are allowed.
fn has_wide_fee(raw: &[u8]) -> bool {
    let kind = raw[0];
    let (list, places): (_, &[usize]) = match kind {
        1 => (&raw[1..], &[2]),
        2 | 4 => (&raw[1..], &[2, 3]),
        3 => (&raw[1..], &[2, 3, 9]),
        _ => (raw, &[1]),
    };
    let mut items = rlp::Reader::new(list).list().expect("it was accepted");
    let widths: Vec<_> = std::iter::from_fn(|| items.item().ok())
        .map(|item| match item {
            rlp::Item::String(bytes) => bytes.len(),
            rlp::Item::List(_) => 0,
        })
        .collect();
    places.iter().any(|&place| widths[place] > 16)
}

/// Both accept with the same hash and sender, or both refuse, but for what [`differences_from_alloy`] lists.
/// Says how many are accepted here.
fn assert_agreement(raws: &[Vec<u8>]) -> usize {
    let mut accepted = 0;
    for (raw, ours) in raws.iter().zip(judge(raws)) {
        let agree = match (ours, judge_by_alloy(raw)) {
            (Ok(ours), Some(theirs)) => ours == theirs,
            (Ok(_), None) => has_wide_fee(raw),
            (Err(_), None) => true,
            (Err(reason), Some(_)) => matches!(
                reason,
                Reason::NonceTooHigh | Reason::PriorityFeeAboveMaximum | Reason::BlobHashes | Reason::AuthorizationListEmpty
            ),
        };
        assert!(agree, "{ours:?} here, {:?} by alloy: {}", judge_by_alloy(raw), hex::encode(raw));
        accepted += usize::from(ours.is_ok());
    }
    accepted
}

#[test]
fn random_transactions_of_every_type_give_alloys_hash_and_sender() {
    for kind in TransactionType::ALL {
        let mut source = Source::new(kind as u64);
        let raws: Vec<_> = (0..RANDOM_PER_TYPE).map(|_| source.raw(kind)).collect();
        for (raw, ours) in raws.iter().zip(judge(&raws)) {
            let theirs = judge_by_alloy(raw).expect("alloy made it");
            assert_eq!(ours, Ok(theirs), "{kind:?} {}", hex::encode(raw));
            assert_eq!(decode(raw, &Policy::default()).map(|transaction| transaction.kind), Ok(kind));
        }
    }
}

#[test]
fn chain_and_nonce_are_those_that_were_signed() {
    for chain_id in [None, Some(0), Some(1), Some(1 << 63), Some(u64::MAX)] {
        let unsigned = TxLegacy { chain_id, nonce: 7, ..TxLegacy::default() };
        let raw = Envelope::Legacy(unsigned.into_signed(Signature::test_signature())).encoded_2718();
        let transaction = decode(&raw, &Policy::default()).unwrap();
        assert_eq!((transaction.chain_id, transaction.nonce), (chain_id, 7));
    }
}

#[test]
fn changed_bytes_are_judged_as_alloy_judges_them() {
    for kind in TransactionType::ALL {
        let mut source = Source::small(100 + kind as u64);
        for raw in (0..MUTATED_PER_TYPE).map(|_| source.raw(kind)).collect::<Vec<_>>() {
            let single_bit = 1 << source.below(8);
            let changed = |place: usize, bits: u8| {
                let mut raw = raw.clone();
                raw[place] ^= bits;
                raw
            };
            let places = 0..raw.len();
            let changes: Vec<_> = places.flat_map(|place| [1, 0x80, 0xff, single_bit].map(|bits| changed(place, bits))).collect();
            assert!((1..changes.len()).contains(&assert_agreement(&changes)), "{kind:?}: changes that matter and changes that do not");
        }
    }
}

#[test]
fn cut_and_lengthened_transactions_are_refused_as_alloy_refuses_them() {
    for kind in TransactionType::ALL {
        let raw = Source::small(200 + kind as u64).raw(kind);
        let mut others: Vec<_> = (0..raw.len()).map(|end| raw[..end].to_vec()).collect();
        others.extend((0..=u8::MAX).map(|byte| [&raw[..], &[byte]].concat()));
        assert_eq!(assert_agreement(&others), 0, "{kind:?}");
    }
}

/// Within the list, whose header is made anew, so that the change is met where it stands.
#[test]
fn inserted_and_removed_bytes_are_judged_as_alloy_judges_them() {
    for kind in TransactionType::ALL {
        let mut source = Source::small(300 + kind as u64);
        let raw = source.raw(kind);
        let (type_byte, list) = raw.split_at(usize::from(kind != TransactionType::Legacy));
        let items = rlp::Reader::new(list).list().expect("alloy made it").rest();
        let framed = |parts: &[&[u8]]| {
            let mut raw = type_byte.to_vec();
            rlp::append_list_header(&mut raw, parts.concat().len());
            raw.extend(parts.concat());
            raw
        };
        assert_eq!(framed(&[items]), raw);
        let mut others = Vec::new();
        for place in 0..items.len() {
            others.push(framed(&[&items[..place], &items[place + 1..]]));
            for byte in [0, 0x80, 0xc0, source.below(256) as u8] {
                others.push(framed(&[&items[..place], &[byte], &items[place..]]));
            }
        }
        assert_agreement(&others);
    }
}

/// The other signature of the same key, -s with the other parity, is refused by both for its high s alone.
#[test]
fn the_high_s_twin_of_a_signature_is_refused() {
    const N: U256 = U256::from_be_bytes(alloy_primitives::hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    for kind in TransactionType::ALL {
        let (transaction, signature) = taken_apart(&Source::new(400).raw(kind));
        let twin = Signature::new(signature.r(), N - signature.s(), !signature.v());
        let raw = Envelope::new_unhashed(transaction, twin).encoded_2718();
        assert_eq!(judge_by_alloy(&raw), None);
        assert_eq!(judge(&[raw]), [Err(Reason::LowSPolicy)], "{kind:?}");
    }
}

#[test]
fn r_and_s_out_of_range_have_their_reasons() {
    for kind in TransactionType::ALL {
        let (transaction, signature) = taken_apart(&Source::new(500).raw(kind));
        let with = |r, s| Envelope::new_unhashed(transaction.clone(), Signature::new(r, s, signature.v())).encoded_2718();
        let raws = [
            with(U256::ZERO, signature.s()),
            with(U256::MAX, signature.s()),
            with(signature.r(), U256::ZERO),
            with(signature.r(), U256::MAX),
        ];
        assert!(raws.iter().all(|raw| judge_by_alloy(raw).is_none()));
        let [r, s] = [Err(Reason::ROutOfRange), Err(Reason::SOutOfRange)];
        assert_eq!(judge(&raws), [r, r, s, s], "{kind:?}");
    }
}

fn taken_apart(raw: &[u8]) -> (EthereumTypedTransaction<TxEip4844>, Signature) {
    let envelope = Envelope::decode_2718_exact(raw).expect("alloy made it");
    let signature = *envelope.signature();
    (envelope.into_typed_transaction(), signature)
}

/// Every rule on which the two differ, each with its example: what alloy leaves to pools and consensus, and the width of fees.
#[test]
fn differences_from_alloy() {
    let signed =
        |transaction: EthereumTypedTransaction<TxEip4844>| Envelope::new_unhashed(transaction, Signature::test_signature()).encoded_2718();
    let blob = Source::new(600).eip4844();
    let alloy_accepts = [
        (signed(TxLegacy { nonce: u64::MAX, ..TxLegacy::default() }.into()), Reason::NonceTooHigh),
        (signed(TxEip1559 { max_priority_fee_per_gas: 1, ..TxEip1559::default() }.into()), Reason::PriorityFeeAboveMaximum),
        (signed(TxEip4844 { blob_versioned_hashes: Vec::new(), ..blob.clone() }.into()), Reason::BlobHashes),
        (signed(TxEip4844 { blob_versioned_hashes: vec![[0; 32].into()], ..blob }.into()), Reason::BlobHashes),
        (signed(TxEip7702 { to: Address::ZERO, ..TxEip7702::default() }.into()), Reason::AuthorizationListEmpty),
    ];
    for (raw, reason) in alloy_accepts {
        assert!(judge_by_alloy(&raw).is_some(), "{reason:?}");
        assert_eq!(judge(&[raw]), [Err(reason)]);
    }

    let narrow = signed(TxLegacy { gas_price: 1 << 120, to: TxKind::Call(Address::ZERO), ..TxLegacy::default() }.into());
    let wide = widen_gas_price(&narrow);
    assert_eq!(judge_by_alloy(&wide), None);
    assert!(has_wide_fee(&wide) && !has_wide_fee(&narrow));
    assert!(judge(&[wide])[0].is_ok());
}

/// Multiplies the 16-byte gas price of a legacy transaction of more than 55 bytes with nonce 0 by 256.
fn widen_gas_price(raw: &[u8]) -> Vec<u8> {
    let [0xf8, length, 0x80, 0x90, rest @ ..] = raw else { panic!("another transaction: {}", hex::encode(raw)) };
    let (price, rest) = rest.split_at(16);
    [&[0xf8, length + 1, 0x80, 0x91], price, &[0], rest].concat()
}

#[test]
fn real_transactions_have_their_hash_and_sender() {
    let Some(folder) = env::var_os(VECTORS_VARIABLE) else {
        println!(
            "{VECTORS_VARIABLE} is not set: set it to a folder of CSV files with the header raw,sender,hash to check real transactions"
        );
        return;
    };
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{VECTORS_VARIABLE}={}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            count += check_file(&path);
        }
    }
    assert!(count > 0, "{VECTORS_VARIABLE}={}: no transaction in any *.csv", folder.display());
    println!("{count} real transactions have their hash and sender");
}

/// Checks every transaction of a CSV file and says how many there are.
fn check_file(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("raw,sender,hash"), "{}:1: another header", path.display());
    let (mut raws, mut expected) = (Vec::new(), Vec::new());
    for line in lines {
        let columns: Vec<_> = line.split(',').map(|column| hex::decode(column.trim_start_matches("0x")).unwrap()).collect();
        let [raw, sender, hash] = columns.try_into().unwrap_or_else(|_| panic!("{}: three columns wanted: {line}", path.display()));
        raws.push(raw);
        expected.push(Ok(Accepted { hash: hash.try_into().unwrap(), sender: sender.try_into().unwrap() }));
    }
    for (number, (ours, expected)) in judge(&raws).into_iter().zip(&expected).enumerate() {
        assert_eq!(ours, *expected, "{}:{}", path.display(), number + 2);
    }
    raws.len()
}
