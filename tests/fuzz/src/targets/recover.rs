//! Key recovery: the key that the reference finds, or none where it finds none; and what was recovered verifies.
//!
//! An input is one byte (bit 0: the policy low-s), a digest, and whatever stands for a signature.

use chainbox_engine::{
    backend::Backend,
    batch::{Input, Item, RecoveryBatch, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_workloads::{Hints, Kind, SignedItem, Spec};

use super::{CPU, verdict, workload};
use crate::reference;

const SCHEME: Scheme = Scheme::EcdsaSecp256k1Keccak256;

pub(crate) fn run(data: &[u8]) {
    let Some((&policy, rest)) = data.split_first() else { return };
    let Some((digest, signature)) = rest.split_first_chunk::<32>() else { return };
    let low_s = policy & 1 == 1;
    let mut batch = RecoveryBatch::new(Input::Digest, low_s);
    batch.push(digest, signature).expect("a digest of 32 bytes");
    let recovered = CPU.recover(&batch).expect("the CPU recovers from any batch");

    let found = recovered.key(0);
    assert_ne!(recovered.verdicts.as_slice(), [Verdict::Invalid(Reason::NotChecked)]);
    assert_eq!(found, reference::recover(digest, signature, low_s).as_ref(), "{:?}", recovered.verdicts);
    if let Some(key) = found {
        let key = [&[4], &key[..]].concat();
        let item = Item { key: &key, input: digest, signature: &signature[..64], id: None, hint: &signature[64..] };
        assert_eq!(verdict(Shape { low_s, ..Shape::digests(SCHEME) }, item), Verdict::Valid);
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let kinds = vec![Kind::RTooLarge, Kind::SZero, Kind::FlippedBit, Kind::WrongMessage];
    let spec = Spec { input: Input::Digest, hints: Hints::Parity, invalid_share: 0.5, invalid_kinds: kinds, ..Spec::new(SCHEME, 8) };
    let items = workload(spec);
    items.iter().map(|SignedItem { item, .. }| [&[1], &item.input[..], &item.signature, &item.hint].concat()).collect()
}
