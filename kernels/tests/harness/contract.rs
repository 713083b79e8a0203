//! The contract suite on every device: known answers, every reason, batches of every size, recovery, digests.

use chainbox_engine::backend::{contract, known_answers};
use chainbox_kernels::{
    device::Device,
    pipeline::{Options, Verifier},
};

use crate::devices::{OnDevice, on_every_device};

struct Contract;

impl OnDevice for Contract {
    fn run<D: Device>(&self, name: &str, device: D) {
        let verifier = Verifier::new(device, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        known_answers::check(&verifier).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let report = contract::check(&verifier).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(report.items > 10_000, "{name}: {report:?}");
    }
}

#[test]
fn every_device_keeps_the_contract() {
    on_every_device(&Contract);
}
