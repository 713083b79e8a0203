//! Signature bytes, raw and DER: refused where the reference refuses them, called badly encoded where the reference says so, and the two
//! encodings of one signature get one verdict.

use chainbox_engine::{
    batch::{Encoding, Item, Shape},
    scheme::Scheme,
    verdict::Reason,
};
use chainbox_workloads::{Kind, Spec};

use super::{refuses_signature, verdict, workload};
use crate::reference;

const DIGEST: [u8; 32] = [0x5a; 32];

pub(crate) fn run(data: &[u8]) {
    for scheme in Scheme::ALL {
        let key = reference::generator(scheme);
        let judge = |encoding, signature: &[u8]| {
            let item = Item { key: &key, input: &DIGEST, signature, id: None, hint: &[] };
            verdict(Shape { encoding, ..Shape::digests(scheme) }, item)
        };
        for encoding in [Encoding::Raw, Encoding::Der] {
            let verdict = judge(encoding, data);
            let encoded = reference::is_encoded(encoding, data);
            assert_eq!(verdict.reason() != Some(Reason::Encoding), encoded, "{scheme}, {encoding:?}: {verdict:?}");
            let numbers = reference::signature(scheme, encoding, data);
            assert_eq!(refuses_signature(verdict), numbers.is_none(), "{scheme}, {encoding:?}: {verdict:?}");
            if let Some(numbers) = numbers {
                assert_eq!(verdict, judge(Encoding::Raw, &numbers), "{scheme}: the same r and s in another encoding");
            }
        }
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for scheme in Scheme::ALL {
        for encoding in [Encoding::Raw, Encoding::Der] {
            let kinds = vec![Kind::BadEncoding, Kind::RZero, Kind::RTooLarge, Kind::STooLarge];
            let spec = Spec { encoding, invalid_share: 0.8, invalid_kinds: kinds, ..Spec::new(scheme, 10) };
            inputs.extend(workload(spec).into_iter().map(|signed| signed.item.signature));
        }
    }
    inputs
}
