//! Whole batches of arbitrary shape and columns. An item's verdict is that of the item alone, is that of the item without its hint,
//! and says valid where the reference does.

use chainbox_engine::{
    batch::{Encoding, Input, Item, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_workloads::{Hints, Kind, Spec};

use super::{verdict, verdicts, workload};
use crate::{layout, reference};

pub(crate) fn run(data: &[u8]) {
    let batch = layout::read(data);
    let shape = batch.shape();
    let together = verdicts(&batch);
    assert_eq!(together.len(), batch.len());
    for (index, &found) in together.iter().enumerate() {
        let item = batch.item(index);
        assert_ne!(found, Verdict::Invalid(Reason::NotChecked), "item {index} of {shape:?}");
        assert_eq!(found, verdict(shape, item), "item {index} of {shape:?} alone");
        assert_eq!(found, verdict(shape, Item { hint: &[], ..item }), "item {index} of {shape:?} without its hint");
        if let Some(valid) = reference::verifies(shape, item) {
            assert_eq!(found.is_valid(), valid, "item {index} of {shape:?}: {found:?}, {item:02x?}");
        }
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for scheme in Scheme::ALL {
        for input in [Input::Message, Input::Digest] {
            for (encoding, hints, low_s) in [(Encoding::Raw, Hints::Y, false), (Encoding::Der, Hints::Parity, scheme != Scheme::Sm2Sm3)] {
                let shape = Shape { scheme, input, encoding, low_s };
                let kinds = Kind::all_for(shape);
                let items = 2 * kinds.len() as u64;
                let spec = Spec { input, encoding, hints, low_s, invalid_share: 0.5, invalid_kinds: kinds, ..Spec::new(scheme, items) };
                inputs.extend(workload(spec).chunks(layout::ITEMS_MAX).map(layout::write));
            }
        }
    }
    inputs
}
