//! The figures of one SM2 engine in steady state, by simulation of the whole card's RTL with random items: `figures [--items N] [--json]`.
//!
//! A clock is an assumption ([`CLOCK_HZ`]): nothing was placed or timed. What an engine takes is Yosys's estimate, from bench/results/fpga-synthesis.json. Everything else
//! is counted.

use std::{env, process::ExitCode};

#[cfg(feature = "verilator")]
#[path = "../tests/rtl/items.rs"]
#[expect(dead_code, reason = "wrong items are of no use here")]
mod items;

#[cfg(feature = "verilator")]
mod measure {
    use std::collections::HashMap;

    use chainbox_fpga_model::{
        curve::Curve,
        machine::{CONTEXTS, Item, Outcome},
        register_map, registers,
    };
    use chainbox_fpga_sim::Verifier;
    use rand_chacha::{
        ChaCha12Rng,
        rand_core::{Rng, SeedableRng},
    };

    use crate::items;

    /// What was counted.
    pub struct Figures {
        /// Items whose results were counted at saturation.
        pub items: usize,
        /// Clocks an item at saturation.
        pub clocks_an_item: f64,
        /// The part of the clocks at saturation in which the multiplier began a product.
        pub busy: f64,
        /// Clocks from the first beat of an item to its result, alone in the engine, where a result waits for no other one.
        pub alone: u64,
        /// The same where a result may wait for others to share its transfer, as after a reset.
        pub alone_sharing: u64,
        /// The same at saturation, the median.
        pub full: u64,
        /// Items that arrived at random times, at 1.1 times the capacity.
        pub poisson_items: usize,
        /// The rate of their results, as a part of that at saturation.
        pub poisson: f64,
    }

    fn item(random: &mut ChaCha12Rng) -> Item {
        let [d, s, t] = std::array::from_fn(|_| items::scalar(random, &Curve::SM2));
        items::item(&Curve::SM2, &d, &s, &t)
    }

    /// Takes what came, which is valid.
    fn take(verifier: &mut Verifier, came: &mut Vec<(u32, u64)>) {
        for result in verifier.results() {
            assert_eq!(result.outcome(), Some(Outcome::Valid), "item {}", result.tag);
            came.push((result.tag, result.clock));
        }
    }

    /// Measures with so many items at saturation and as many at random times.
    pub fn measure(count: usize) -> Figures {
        let machine = items::machine(Curve::SM2);
        let mut random = ChaCha12Rng::seed_from_u64(1);
        let mut verifier = Verifier::new(&Curve::SM2);
        verifier.set_up(&machine);

        // Alone.
        let mut alone = |flush| {
            verifier.set_flush(flush);
            let begin = verifier.clocks();
            verifier.send(&item(&mut random), 0);
            assert!(verifier.finish(1_000_000));
            verifier.results()[0].clock - begin
        };
        let (alone_sharing, alone) = (alone(register_map::FLUSH_AT_RESET), alone(0));

        // Full: there is always an item that waits. The contexts' first round is left out, and the end, when nothing waits.
        let mut came = Vec::new();
        let mut sent = HashMap::new();
        let mut tag = 1;
        let (mut from, mut until) = (None, None);
        while came.len() < count + 2 * CONTEXTS {
            while verifier.waiting() < 10 {
                verifier.send(&item(&mut random), tag);
                sent.insert(tag, verifier.clocks());
                tag += 1;
            }
            verifier.run(2_000);
            take(&mut verifier, &mut came);
            let now = (came.len(), verifier.counters());
            if came.len() >= CONTEXTS && from.is_none() {
                from = Some(now);
            }
            until = Some(now);
        }
        let ((first, before), (last, after)) = (from.expect("a round passed"), until.expect("it began"));
        let clocks = (after.of(registers::CLOCKS) - before.of(registers::CLOCKS)) as f64;
        let clocks_an_item = clocks / (last - first) as f64;
        let mut waits: Vec<u64> = came[first..].iter().map(|(tag, clock)| clock - sent[tag]).collect();
        waits.sort_unstable();
        let full = waits[waits.len() / 2];
        assert!(verifier.finish(10_000_000));
        verifier.results();

        // At random times, more than it can do: what arrives waits outside, and none is lost.
        came.clear();
        let begin = verifier.clocks();
        let mut arrival = begin as f64;
        for tag in 0..count as u32 {
            let uniform = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            arrival -= (1.0 - uniform).ln() * clocks_an_item / 1.1;
            let item = item(&mut random);
            let now = verifier.clocks();
            if arrival as u64 > now {
                verifier.run(arrival as u64 - now);
            }
            verifier.send(&item, tag);
            take(&mut verifier, &mut came);
        }
        assert!(verifier.finish(1_000_000_000));
        take(&mut verifier, &mut came);
        came.sort_by_key(|(_, clock)| *clock);
        // From when the contexts are full until the last arrival.
        let within: Vec<u64> = came.iter().map(|(_, clock)| *clock).filter(|clock| (*clock as f64) < arrival).collect();
        let skipped = (2 * CONTEXTS).min(within.len() / 4);
        let poisson_clocks = (within[within.len() - 1] - within[skipped]) as f64 / (within.len() - 1 - skipped) as f64;
        Figures {
            items: last - first,
            clocks_an_item,
            busy: (after.of(registers::PASSES) - before.of(registers::PASSES)) as f64 / clocks,
            alone,
            alone_sharing,
            full,
            poisson_items: count,
            poisson: clocks_an_item / poisson_clocks,
        }
    }
}

/// The clock that the figures in seconds assume.
#[cfg(feature = "verilator")]
const CLOCK_HZ: f64 = 250e6;

/// What an engine takes, as Yosys estimated it.
#[cfg(feature = "verilator")]
const SYNTHESIS: &str = include_str!("../../../bench/results/fpga-synthesis.json");

#[cfg(feature = "verilator")]
#[path = "../../model/examples/synthesis/sizing.rs"]
#[expect(dead_code, reason = "boards are of no use here")]
mod sizing;

#[cfg(feature = "verilator")]
use chainbox_fpga_model::machine::CONTEXTS;

#[cfg(feature = "verilator")]
fn main() -> ExitCode {
    let (mut items, mut is_json) = (5_000, false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => is_json = true,
            "--items" => match arguments.next().and_then(|text| text.parse().ok()).filter(|number| *number >= 200) {
                Some(number) => items = number,
                None => {
                    eprintln!("figures: --items takes a number, 200 at least");
                    return ExitCode::from(2);
                }
            },
            other => {
                eprintln!("figures: there is no option {other}: figures [--items N] [--json]");
                return ExitCode::from(2);
            }
        }
    }
    let figures = measure::measure(items);
    let rate = CLOCK_HZ / figures.clocks_an_item;
    let sizing::Resources { luts, registers, dsps, half_brams, urams } =
        sizing::engine(&serde_json::from_str(SYNTHESIS).expect("a report of the example synthesis"), "sm2");
    let milliseconds = |clocks: u64| clocks as f64 / CLOCK_HZ * 1e3;
    if is_json {
        let report = serde_json::json!({
            "command": "cargo run -p chainbox-fpga-sim --features verilator --example figures -- --json",
            "curve": "sm2",
            "engines": 1,
            "contexts": CONTEXTS,
            "items": figures.items,
            "clocks_an_item": figures.clocks_an_item,
            "busy": figures.busy,
            "clocks_alone": figures.alone,
            "clocks_alone_sharing_transfers": figures.alone_sharing,
            "clocks_full": figures.full,
            "poisson_items": figures.poisson_items,
            "poisson": figures.poisson,
            "assumed_clock_hz": CLOCK_HZ,
        });
        println!("{report:#}");
        return ExitCode::SUCCESS;
    }
    println!("One SM2 engine, {CONTEXTS} contexts; counted in simulation of the RTL, random items, each result checked.");
    println!("Seconds are projections: they assume a clock of 250 MHz, and nothing was placed or timed.\n");
    println!("| | counted | at 250 MHz (projection) |\n|---|---|---|");
    println!("| at saturation, {} items | {:.1} clocks an item | {rate:.0} items a second |", figures.items, figures.clocks_an_item);
    println!(
        "| what the engine takes, estimated by Yosys | {dsps} DSP48E2, {} LUT, {} registers, {urams} UltraRAM, {} block RAM | {:.0} items a second a DSP |",
        sizing::grouped(luts),
        sizing::grouped(registers),
        half_brams as f64 / 2.0,
        rate / dsps as f64
    );
    println!("| the multiplier begins a product | {:.4} of the clocks | |", figures.busy);
    println!("| an item alone, first beat to result | {} clocks | {:.3} ms |", figures.alone, milliseconds(figures.alone));
    println!(
        "| the same where results share transfers, as after a reset | {} clocks | {:.3} ms |",
        figures.alone_sharing,
        milliseconds(figures.alone_sharing)
    );
    println!("| the same at saturation, median, one waiting before it | {} clocks | {:.3} ms |", figures.full, milliseconds(figures.full));
    println!(
        "| {} Poisson arrivals at 1.1 times the capacity | {:.4} of the rate at saturation | |",
        figures.poisson_items, figures.poisson
    );
    ExitCode::SUCCESS
}

#[cfg(not(feature = "verilator"))]
fn main() -> ExitCode {
    let _ = env::args();
    eprintln!("figures: build with the feature verilator, which needs Verilator 5");
    ExitCode::from(2)
}
