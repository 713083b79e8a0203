//! Sets of devices with drifting curves: how close the queue comes to the least time that is possible.

use chainbox_tests::seed::{Random, number, seed};

use super::{
    Fleet,
    device::Device,
    truth::{Drifting, Truth, log_uniform, optimum},
};

/// Sets of back ends.
const SETS: u64 = 20;

/// Rounds over all batch sizes before anything is counted, and rounds that count.
const WARM_UP: usize = 6;
const ROUNDS: u64 = 20;

/// The part of the offline optimum that is reached at each size: 0.951 and more was measured, and another library of sines moves it a little.
const LEAST: f64 = 0.94;

/// Nanoseconds.
const FIXED: [f64; 2] = [20e3, 20e6];
const ITEM: [f64; 2] = [100.0, 100e3];

/// The CPU has no way to go to its memory, and no kernel does an item in 100 ns on a core.
const FIXED_OF_CPU: [f64; 2] = [20e3, 100e3];
const ITEM_OF_CPU: [f64; 2] = [2e3, 100e3];

/// As the queue cuts for one core.
const CPU_JOB_ITEMS_MAX: usize = 1_024;

fn sizes() -> Vec<usize> {
    let mut sizes: Vec<_> = (0..20).map(|power| 1 << power).chain((1..=6).map(|power| 10_usize.pow(power))).collect();
    sizes.sort_unstable();
    sizes
}

fn set_of(number: u64) -> Fleet {
    let mut random = Random::new(seed(), 0x5e75 + number);
    let walks = number % 2 == 1;
    let mut truth = |fixed, item, job_items_max| {
        let (fixed, item) = (log_uniform(&mut random, fixed), log_uniform(&mut random, item));
        Truth { fixed: Drifting::new(&mut random, fixed, walks), item: Drifting::new(&mut random, item, walks), job_items_max }
    };
    let cpu = truth(FIXED_OF_CPU, ITEM_OF_CPU, CPU_JOB_ITEMS_MAX);
    let devices =
        (0..1 + number % 3).map(|device| Device::new(truth(FIXED, ITEM, 1 << (16 + (number + device) % 5)), 1 + (device % 2) as usize));
    let devices = devices.collect();
    Fleet::new(random, cpu, devices)
}

/// For each size, the part of the optimum that a set reaches.
fn reached(set: u64) -> Vec<f64> {
    let mut fleet = set_of(set);
    let sizes = sizes();
    let rounds = number("CHAINBOX_DISPATCH_ROUNDS", ROUNDS) as usize;
    let mut sums = vec![[0.0; 2]; sizes.len()];
    for round in 0..WARM_UP + rounds {
        let mut order: Vec<_> = (0..sizes.len()).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, fleet.random.below(place + 1));
        }
        for index in order {
            let truths: Vec<_> = std::iter::once(&fleet.cpu).chain(fleet.devices.iter().map(|device| &device.truth)).collect();
            let least = optimum(&truths, fleet.now, sizes[index]);
            let began = fleet.now;
            fleet.submit(sizes[index]);
            fleet.run_until(0);
            if round >= WARM_UP {
                sums[index][0] += least;
                sums[index][1] += (fleet.now - began).as_nanos() as f64;
            }
        }
    }
    sums.into_iter().map(|[least, took]| least / took).collect()
}

#[test]
fn close_to_the_optimum_at_every_size() {
    let sizes = sizes();
    let sets: Vec<_> = (0..SETS).map(reached).collect();
    let mut worst_of_all = f64::INFINITY;
    for (index, size) in sizes.iter().enumerate() {
        let mut parts: Vec<_> = sets.iter().map(|set| set[index]).collect();
        let worst = (0..sets.len()).min_by(|&one, &other| parts[one].total_cmp(&parts[other])).unwrap();
        parts.sort_unstable_by(f64::total_cmp);
        println!("{size:>9} items: median {:.3}, least {:.3} (set {worst})", parts[parts.len() / 2], parts[0]);
        worst_of_all = worst_of_all.min(parts[0]);
    }
    assert!(worst_of_all >= LEAST, "{worst_of_all}");
}
