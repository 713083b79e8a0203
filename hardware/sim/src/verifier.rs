//! Engines behind their stream, clock by clock.

use std::collections::VecDeque;

use chainbox_fpga_model::{
    curve::Curve,
    machine::{Item, Machine, Outcome},
    wire::{BEAT_BYTES, setup},
};

use crate::{
    engines::ENGINES,
    ffi::{self, VerifierSimulation},
};

/// Clocks that a reset is held: what is in the pipelines leaves them.
const RESET_CLOCKS: u64 = 64;

/// A verifier that takes packets and gives results.
pub struct Verifier {
    simulation: VerifierSimulation,
    waiting: VecDeque<(ffi::Beat, bool)>,
    results: Vec<Answered>,
    counters: Counters,
    takes_results: bool,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The item's tag.
    pub tag: u32,
    /// What the device says of it; `None` for a code that is none.
    pub outcome: Option<Outcome>,
    /// When it came: clocks since the beginning.
    pub clock: u64,
}

/// What was counted since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clocks that passed.
    pub clocks: u64,
    /// Passes through datapaths.
    pub passes: u64,
    /// Items that began.
    pub items: u64,
    /// Packets that were dropped, since they had another length or kind.
    pub dropped: u64,
}

impl Verifier {
    /// The engines that the RTL was compiled with.
    ///
    /// # Panics
    /// Where it was compiled for no such curve.
    #[must_use]
    pub fn engines(curve: &Curve) -> usize {
        let of_curve = ENGINES.iter().find(|(compiled, _)| compiled == curve);
        of_curve.unwrap_or_else(|| panic!("the RTL was not compiled for {}", curve.name)).1
    }

    /// The verifier of a curve, reset, without constants and table.
    ///
    /// # Panics
    /// Where the RTL was compiled for no such curve.
    #[must_use]
    pub fn new(curve: &Curve) -> Self {
        let functions = match curve.name {
            "sm2" => &ffi::VERIFIER_SM2,
            "p256" => &ffi::VERIFIER_P256,
            name => panic!("the RTL was not compiled for {name}"),
        };
        let mut verifier = Self {
            simulation: VerifierSimulation::new(functions),
            waiting: VecDeque::new(),
            results: Vec::new(),
            counters: Counters::default(),
            takes_results: true,
        };
        verifier.reset();
        verifier
    }

    /// Sends the constants and the table of a machine, and waits until they are taken.
    pub fn set_up(&mut self, machine: &Machine) {
        setup(machine.curve(), machine.fixed()).for_each(|(beat, is_last)| self.send_beat(&beat, is_last));
        while !self.waiting.is_empty() {
            self.run(1_000);
        }
    }

    /// Holds the reset. What was under way is lost; table and constants stay.
    pub fn reset(&mut self) {
        self.waiting.clear();
        self.counters.clocks += self.simulation.step(None, 1 << 2, RESET_CLOCKS).clocks;
    }

    /// Puts an item behind what waits to be sent.
    pub fn send(&mut self, item: &Item, tag: u32) {
        self.send_packet(&item.packet(tag));
    }

    /// Puts a packet there: whole beats.
    pub fn send_packet(&mut self, packet: &[u8]) {
        let beats = packet.as_chunks::<BEAT_BYTES>().0;
        for (index, beat) in beats.iter().enumerate() {
            self.send_beat(beat, index + 1 == beats.len());
        }
    }

    /// Puts a beat there.
    pub fn send_beat(&mut self, beat: &[u8; BEAT_BYTES], is_last: bool) {
        let words = beat.as_chunks::<4>().0;
        self.waiting.push_back((std::array::from_fn(|index| u32::from_le_bytes(words[index])), is_last));
    }

    /// Beats that wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether results are taken from now on: where they are not, contexts keep them.
    pub fn take_results(&mut self, takes: bool) {
        self.takes_results = takes;
    }

    /// The next result that is written has wrong parity.
    pub fn flip_parity(&mut self) {
        self.step(1, 1 << 3);
    }

    fn step(&mut self, clocks: u64, control: u32) -> ffi::Stepped {
        let front = self.waiting.front();
        let control = control | front.map_or(0, |(_, is_last)| u32::from(*is_last)) | u32::from(self.takes_results) << 1;
        let stepped = self.simulation.step(front.map(|(beat, _)| beat), control, clocks);
        if stepped.is_taken == 1 {
            self.waiting.pop_front();
        }
        self.counters.clocks += stepped.clocks;
        self.counters.passes += stepped.passes;
        self.counters.items += u64::from(stepped.items);
        self.counters.dropped += u64::from(stepped.dropped);
        if stepped.outcome != 0 {
            let outcome = u8::try_from(stepped.outcome).ok().and_then(Outcome::of_code);
            self.results.push(Answered { tag: stepped.tag, outcome, clock: self.counters.clocks });
        }
        stepped
    }

    /// So many clocks.
    pub fn run(&mut self, clocks: u64) {
        let end = self.counters.clocks + clocks;
        while self.counters.clocks < end {
            self.step(end - self.counters.clocks, 0);
        }
    }

    /// Runs until all that was sent is answered, or `clocks` clocks passed. Whether it is.
    pub fn finish(&mut self, clocks: u64) -> bool {
        let end = self.counters.clocks + clocks;
        while self.counters.clocks < end {
            let is_idle = self.step(1_000, 0).is_idle == 1;
            if is_idle && self.waiting.is_empty() {
                // Results that stand in queues, and an item that is loaded.
                let before = self.results.len();
                self.run(1_000);
                if self.results.len() == before && self.step(1, 0).is_idle == 1 {
                    return true;
                }
            }
        }
        false
    }

    /// What came since the last call.
    pub fn results(&mut self) -> Vec<Answered> {
        std::mem::take(&mut self.results)
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }
}
