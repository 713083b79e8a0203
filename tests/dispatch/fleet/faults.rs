//! Devices that hang, die, and answer wrongly, as whole jobs do: nothing is lost, nothing is answered twice, nothing is wrongly valid.

use std::time::Duration;

use chainbox_engine::dispatch::{Event, Health};
use chainbox_tests::seed::{Random, number, seed};

use super::{
    Fleet,
    device::{Device, Fault},
    truth::{Drifting, Truth},
};

/// Items of a run; CHAINBOX_DISPATCH_FAULT_ITEMS for another number.
const ITEMS: u64 = 2_000_000;

/// A device has a fault each time that it did so many items.
const FAULT_ITEMS: u64 = 10_000;

/// Items of a request, and requests in flight.
const REQUEST_ITEMS: usize = 20_000;
const REQUESTS: usize = 8;

const INVALID_PER_MILLION: u64 = 1_000;

const CPU_FIXED: f64 = 26e3;
const CPU_ITEM: f64 = 4e3;

fn truth(fixed: f64, item: f64, job_items_max: usize) -> Truth {
    Truth { fixed: Drifting::constant(fixed), item: Drifting::constant(item), job_items_max }
}

/// The CPU, and devices that are as fast, ten times as fast and slower, and all fail.
fn fleet(faults: &[Fault], stream: u64) -> Fleet {
    let devices = [(200e3, 400.0, 1 << 12, 2), (5e6, 4e3, 1 << 18, 1), (50e3, 20e3, 1 << 16, 1)];
    let device =
        |(fixed, item, job_items_max, jobs_max)| Device::new(truth(fixed, item, job_items_max), jobs_max).failing(FAULT_ITEMS, faults);
    let mut fleet = Fleet::new(Random::new(seed(), stream), truth(CPU_FIXED, CPU_ITEM, 1_024), devices.into_iter().map(device).collect());
    fleet.invalid_per_million = INVALID_PER_MILLION;
    fleet
}

/// Runs so many items and gives the rate while there is enough to do: what hangs at the end is waited for, but nothing else is there to be done meanwhile.
fn run(fleet: &mut Fleet, items: u64) -> f64 {
    let (began, before) = (fleet.now, fleet.tally.answered);
    let requests = items / REQUEST_ITEMS as u64;
    for request in 0..requests {
        fleet.submit(REQUEST_ITEMS);
        if request as usize >= REQUESTS {
            fleet.run_until(REQUESTS);
        }
    }
    let rate = (fleet.tally.answered - before) as f64 / (fleet.now - began).as_secs_f64();
    fleet.run_until(0);
    assert_eq!((fleet.tally.answered - before) as u64, requests * REQUEST_ITEMS as u64, "one answer for each item");
    rate
}

fn check(what: &str, faults: &[Fault], stream: u64) {
    let items = number("CHAINBOX_DISPATCH_FAULT_ITEMS", ITEMS);
    let mut fleet = fleet(faults, stream);
    let rate = run(&mut fleet, items);
    let quarantines = fleet.events.iter().filter(|(_, event)| matches!(event, Event::Quarantined { .. })).count();
    let failed: usize = fleet.devices.iter().map(|device| device.failed).sum();
    let on_devices: u64 = fleet.dispatcher.backends().iter().skip(1).map(|backend| backend.items).sum();
    let part = rate * (CPU_ITEM + CPU_FIXED / 1_024.0) / 1e9;
    println!(
        "{what}: {part:.2} of the rate of the CPU alone, {failed} faults, {quarantines} quarantines, {on_devices} of {items} items on devices, {:?}",
        fleet.tally
    );
    assert_eq!((fleet.tally.wrongly_valid, fleet.tally.wrongly_invalid), (0, 0), "{what}: {failed} faults");
    assert!(failed > 0 && quarantines > 0, "{what}: the faults came and were noticed");
    assert!(part >= 0.8, "{what}: {part}");
}

#[test]
fn devices_that_fail_in_every_way() {
    check("every fault", &Fault::WHOLE, 0xfa17);
}

#[test]
fn each_fault_by_itself() {
    for (index, fault) in Fault::WHOLE.into_iter().enumerate() {
        check(&format!("{fault:?}"), &[fault], 0xfa18 + index as u64);
    }
}

/// A device that fails no more is used again, and does most of the work.
#[test]
fn a_device_that_behaves_again_is_used_again() {
    let mut fleet = fleet(&Fault::WHOLE, 0xfa20);
    run(&mut fleet, ITEMS);
    for device in &mut fleet.devices {
        device.fault_items = None;
    }
    let backends = fleet.dispatcher.backends();
    let pause = backends.iter().map(|backend| match backend.health {
        Health::Quarantined { until, .. } => until,
        Health::Unproven | Health::Admitted => Duration::ZERO,
    });
    // What hangs ends, and the pauses with it.
    fleet.now = pause.max().unwrap() + Duration::from_secs(60);
    fleet.complete();
    fleet.look_after_devices();
    let before = fleet.dispatcher.backends();
    run(&mut fleet, ITEMS);
    let of = |backends: &[chainbox_engine::dispatch::BackendState], index: usize| backends[index].items;
    let after = fleet.dispatcher.backends();
    assert!(after.iter().all(|backend| backend.health == Health::Admitted), "{after:?}");
    assert!(of(&after, 1) - of(&before, 1) > ITEMS * 3 / 4, "the fast one does most");
}

/// What the operator sees of the checks: a share that is never below the floor.
#[test]
fn each_device_is_audited() {
    let mut fleet = fleet(&[], 0xfa21);
    run(&mut fleet, ITEMS);
    for backend in fleet.dispatcher.backends().iter().skip(1).filter(|backend| backend.items > 100_000) {
        let share = backend.items_audited as f64 / backend.items as f64;
        println!("audited: {share:.4} of {} items of {:?}", backend.items, backend.backend);
        assert!(share >= 0.9 / 1_024.0, "{share}");
        assert!(backend.quarantines == 0);
    }
}
