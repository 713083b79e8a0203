//! Single wrong verdicts: how many escape the checks of the queue alone, and how long a device that gives them stays in use.
//!
//! The kernels' own evidence (kernels/README.md, "Truth") is not in play here: it makes a wrongly valid item impossible before any of this looks.

use chainbox_engine::dispatch::{BackendId, Event};
use chainbox_tests::seed::{Random, number, seed};

use super::{
    Fleet,
    device::{Device, Fault},
    truth::{Drifting, Truth},
};

/// Flipped verdicts of a kind; CHAINBOX_DISPATCH_FLIPS for another number.
const FLIPS: u64 = 200;

/// Each run has a fast device that flips one verdict of each job, until it is found out, or so many items are done.
const RUN_ITEMS_MAX: u64 = 4_000_000;

/// It is honest before, so that its jobs are as large as they get.
const HONEST_ITEMS: u64 = 500_000;

const REQUEST_ITEMS: usize = 20_000;
const REQUESTS: usize = 8;

#[derive(Default)]
struct Flips {
    made: u64,
    escaped: u64,
    runs: u64,
    found: u64,
    /// Items that the device did until it was quarantined, in runs where it was.
    items: u64,
    nanoseconds: u128,
}

fn flips(to_valid: bool, invalid_per_million: u64) -> Flips {
    let wanted = number("CHAINBOX_DISPATCH_FLIPS", FLIPS);
    let mut flips = Flips::default();
    while flips.made < wanted {
        let truth = |fixed, item, job_items_max| Truth { fixed: Drifting::constant(fixed), item: Drifting::constant(item), job_items_max };
        let mut device = Device::new(truth(200e3, 400.0, 1 << 16), 1).failing(1, &[Fault::FlipsOne { to_valid }]);
        device.faultless_items = HONEST_ITEMS;
        let mut fleet = Fleet::new(Random::new(seed(), 0xf11b + flips.runs), truth(26e3, 4e3, 1_024), vec![device]);
        fleet.invalid_per_million = invalid_per_million;
        let is_found = |fleet: &Fleet| fleet.events.iter().find(|(_, event)| matches!(event, Event::Quarantined { .. })).map(|&(at, _)| at);
        let mut honest_until = None;
        while is_found(&fleet).is_none() && fleet.items < RUN_ITEMS_MAX {
            fleet.submit(REQUEST_ITEMS);
            fleet.run_until(REQUESTS);
            if fleet.devices[0].failed == 0 {
                honest_until = Some(fleet.now);
            }
        }
        fleet.run_until(0);
        flips.runs += 1;
        flips.made += fleet.devices[0].failed as u64;
        flips.escaped += (fleet.tally.wrongly_valid + fleet.tally.wrongly_invalid) as u64;
        if let Some(at) = is_found(&fleet) {
            flips.found += 1;
            flips.items += fleet
                .dispatcher
                .backends()
                .iter()
                .find(|state| state.backend == BackendId(1))
                .map_or(0, |state| state.items - HONEST_ITEMS.min(state.items));
            flips.nanoseconds += at.saturating_sub(honest_until.unwrap_or_default()).as_nanos();
        }
    }
    println!(
        "to {}: {} of {} flips escape; found in {} of {} runs, after {} items of the device and {:.1} ms on average",
        if to_valid { "valid" } else { "invalid" },
        flips.escaped,
        flips.made,
        flips.found,
        flips.runs,
        flips.items / flips.found.max(1),
        flips.nanoseconds as f64 / flips.found.max(1) as f64 / 1e6
    );
    flips
}

/// Every invalid item of a job is decided again, as long as they are few: none escapes.
#[test]
fn a_valid_item_is_never_called_invalid() {
    let flips = flips(false, 100);
    assert_eq!(flips.escaped, 0);
    assert_eq!((flips.found, flips.made), (flips.runs, flips.runs), "the first one is found, before its job counts");
}

/// A wrongly valid item is found where it is a known answer or one of the sample: here, the share that escapes is what is measured.
#[test]
fn wrongly_valid_items_are_found_by_the_sample() {
    let flips = flips(true, 10_000);
    assert!(flips.escaped < flips.made, "some are found: {} of {}", flips.escaped, flips.made);
    assert!(flips.found > 0);
}
