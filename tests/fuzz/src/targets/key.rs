//! Key bytes (SEC1): refused where the reference refuses them, and the two forms of one key get one verdict.

use chainbox_engine::{
    batch::{Item, Shape},
    scheme::Scheme,
};
use chainbox_workloads::{Kind, Spec};

use super::{refuses_key, verdict, workload};
use crate::reference;

const DIGEST: [u8; 32] = [0x5a; 32];

/// r = s = 1: in range, so that the key decides.
const SIGNATURE: [u8; 64] = {
    let mut ones = [0; 64];
    ones[31] = 1;
    ones[63] = 1;
    ones
};

pub(crate) fn run(data: &[u8]) {
    for scheme in Scheme::ALL {
        let judge = |key: &[u8]| verdict(Shape::digests(scheme), Item { key, input: &DIGEST, signature: &SIGNATURE, id: None, hint: &[] });
        let verdict = judge(data);
        let forms = reference::key_forms(scheme, data);
        assert_eq!(refuses_key(verdict), forms.is_none(), "{scheme}: {verdict:?}");
        for form in forms.into_iter().flatten() {
            assert_eq!(verdict, judge(&form), "{scheme}: the same key in another form");
        }
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for scheme in Scheme::ALL {
        for compressed in [false, true] {
            let kinds = vec![Kind::BadKey, Kind::OffCurve, Kind::Identity];
            let spec = Spec { compressed, invalid_share: 0.5, invalid_kinds: kinds, ..Spec::new(scheme, 12) };
            inputs.extend(workload(spec).into_iter().map(|signed| signed.item.key));
        }
    }
    inputs
}
