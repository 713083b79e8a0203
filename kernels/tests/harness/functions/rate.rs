//! The kernel by which a device's rate is measured does what it says, all of it.

use chainbox_kernels::{
    layout::{RATE_CHAINS, RATE_ROUNDS},
    program::Curve,
};

use super::{Function, try_all};
use crate::programs::RATE as KERNELS;

#[test]
fn the_measured_loop_is_not_left_out() {
    let lanes = (0..200).map(|lane| vec![if lane == 0 { 12345 } else { lane }]).collect();
    // A lane's number stands in its argument; the first argument is the seed of all lanes.
    let rate = Function::exact(KERNELS[0], lanes, 1, |w| {
        let lane = if w[0] == 12345 { 0 } else { w[0] };
        let chain = |number: u32| {
            let (mut low, mut high) = (12345 + lane + number, lane ^ number);
            for _ in 0..RATE_ROUNDS {
                let x = u64::from(low) * u64::from(high) + u64::from(low) + u64::from(high);
                (low, high) = (x as u32, (x >> 32) as u32);
            }
            low.wrapping_add(high)
        };
        vec![(0..RATE_CHAINS).map(chain).fold(0, u32::wrapping_add)]
    });
    try_all(Curve::Secp256k1, &KERNELS, vec![rate]);
}
