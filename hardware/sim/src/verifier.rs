//! The card: engines behind their streams and registers, clock by clock.

use std::collections::VecDeque;

use chainbox_fpga_model::{
    curve::Curve,
    machine::{Item, Machine, Outcome},
    program::Program,
    registers,
    wire::{BEAT_BYTES, results, setup},
};

use crate::{
    engines::ENGINES,
    ffi::{self, CardSimulation},
};

/// A card that takes packets and gives results.
pub struct Verifier {
    simulation: CardSimulation,
    waiting: VecDeque<(ffi::Beat, bool)>,
    results: Vec<Answered>,
    clocks: u64,
    flush: u32,
    takes_results: bool,
    /// Whether the last beat that was taken ended its transfer.
    is_between: bool,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The item's tag.
    pub tag: u32,
    /// The code of what the device says of it.
    pub code: u8,
    /// When it came: clocks since the beginning.
    pub clock: u64,
}

impl Answered {
    /// What the device says of it; `None` for a code that is none.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        Outcome::of_code(self.code)
    }
}

/// The card's counters at one moment, by their registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters([u64; registers::COUNTERS.len()]);

impl Counters {
    /// A counter by its address in [`registers`].
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn of(&self, address: u16) -> u64 {
        let place = registers::COUNTERS.iter().position(|(_, counter)| *counter == address);
        self.0[place.expect("an address of a counter")]
    }
}

/// What a loader can be about, by its number in the RTL.
pub const LOADER_STATES: [&str; 7] =
    ["waits for a packet", "takes its second beat", "fills a context", "starts an item", "writes a point", "spreads a word", "drops"];

/// Who waits for whom, in `card.cpp`'s order.
pub const THROTTLES: [&str; 8] = [
    "a beat is taken",
    "a beat waits for a loader",
    "a beat waits while all contexts have items",
    "nothing is offered while contexts are idle",
    "nothing is offered while all contexts have items",
    "a context keeps its result, since the queue of results is full",
    "results wait to be taken",
    "results are taken",
];

/// What was seen since the beginning, in clocks of all engines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Each line of the microprogram.
    pub lines: Vec<u64>,
    /// Each of [`LOADER_STATES`].
    pub loader_states: [u64; LOADER_STATES.len()],
    /// Each of [`THROTTLES`].
    pub throttles: [u64; THROTTLES.len()],
}

impl Coverage {
    /// What both saw.
    pub fn add(&mut self, other: &Self) {
        self.lines.resize(other.lines.len(), 0);
        let mine = self.lines.iter_mut().chain(&mut self.loader_states).chain(&mut self.throttles);
        mine.zip(other.lines.iter().chain(&other.loader_states).chain(&other.throttles)).for_each(|(mine, other)| *mine += other);
    }
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

    /// The card of a curve, reset, without constants and table. A result waits for no other one ([`Verifier::set_flush`]).
    ///
    /// # Panics
    /// Where the RTL was compiled for no such curve.
    #[must_use]
    pub fn new(curve: &Curve) -> Self {
        let functions = match curve.name {
            "sm2" => &ffi::CARD_SM2,
            "p256" => &ffi::CARD_P256,
            name => panic!("the RTL was not compiled for {name}"),
        };
        let mut verifier = Self {
            simulation: CardSimulation::new(functions),
            waiting: VecDeque::new(),
            results: Vec::new(),
            clocks: 0,
            flush: 0,
            takes_results: true,
            is_between: true,
        };
        verifier.set_flush(0);
        verifier.reset();
        verifier
    }

    /// Reads a register.
    pub fn read(&mut self, address: u16) -> u32 {
        let (word, clocks) = self.simulation.access(address, None);
        self.clocks += u64::from(clocks);
        word
    }

    /// Writes a register.
    pub fn write(&mut self, address: u16, word: u32) {
        let (_, clocks) = self.simulation.access(address, Some(word));
        self.clocks += u64::from(clocks);
    }

    /// How many clocks a result waits, at most, for others to share its transfer.
    pub fn set_flush(&mut self, clocks: u32) {
        self.flush = clocks;
        self.write(registers::FLUSH, clocks);
    }

    /// Sends the constants and the table of a machine, and waits until they are taken.
    pub fn set_up(&mut self, machine: &Machine) {
        setup(machine.curve(), machine.fixed()).for_each(|(beat, is_last)| self.send_beat(&beat, is_last));
        while !self.waiting.is_empty() {
            self.run(1_000);
        }
    }

    /// Resets it. What was under way is lost; table and constants stay. Of what waits, a transfer that began is still brought to its end, as by a shell.
    pub fn reset(&mut self) {
        let begun = if self.is_between { 0 } else { self.waiting.iter().take_while(|(_, is_last)| !is_last).count() + 1 };
        self.waiting.truncate(begun);
        self.write(registers::CONTROL, registers::CONTROL_RESET);
        while self.read(registers::CONTROL) & registers::CONTROL_RESET != 0 {}
    }

    /// Puts an item behind what waits to be sent.
    pub fn send(&mut self, item: &Item, tag: u32) {
        self.send_transfer(&item.packet(tag));
    }

    /// Puts a transfer there: whole beats.
    pub fn send_transfer(&mut self, bytes: &[u8]) {
        let beats = bytes.as_chunks::<BEAT_BYTES>().0;
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

    /// The next result that each datapath writes has wrong parity.
    pub fn flip_parity(&mut self) {
        self.write(registers::CONTROL, registers::CONTROL_FLIP);
    }

    fn step(&mut self, clocks: u64) {
        let front = self.waiting.front();
        let control = front.map_or(0, |(_, is_last)| u32::from(*is_last)) | u32::from(self.takes_results) << 1;
        let stepped = self.simulation.step(front.map(|(beat, _)| beat), control, clocks);
        self.clocks += stepped.clocks;
        if stepped.is_taken == 1 {
            self.is_between = self.waiting.pop_front().is_some_and(|(_, is_last)| is_last);
        }
        if stepped.has_beat == 1 {
            let mut beat = [0; BEAT_BYTES];
            beat.as_chunks_mut::<4>().0.iter_mut().zip(stepped.beat).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
            let clock = self.clocks;
            self.results.extend(results(&beat).map(|(tag, code)| Answered { tag, code, clock }));
        }
    }

    /// So many clocks.
    pub fn run(&mut self, clocks: u64) {
        let end = self.clocks + clocks;
        while self.clocks < end {
            self.step(end - self.clocks);
        }
    }

    fn is_idle(&mut self) -> bool {
        self.read(registers::STATUS) & registers::STATUS_IDLE != 0
    }

    /// Runs until all that was sent is answered, or `clocks` clocks passed. Whether it is.
    pub fn finish(&mut self, clocks: u64) -> bool {
        let end = self.clocks + clocks;
        while self.clocks < end {
            self.step(1_000);
            if self.waiting.is_empty() && self.is_idle() {
                // Results that stand in queues, and an item that is loaded.
                let before = self.results.len();
                self.run(1_000 + u64::from(self.flush));
                if self.results.len() == before && self.is_idle() {
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

    /// Clocks since the beginning.
    #[must_use]
    pub const fn clocks(&self) -> u64 {
        self.clocks
    }

    /// The card's counters, all of one moment.
    pub fn counters(&mut self) -> Counters {
        self.write(registers::CONTROL, registers::CONTROL_SNAPSHOT);
        while self.read(registers::CONTROL) & registers::CONTROL_SNAPSHOT != 0 {}
        Counters(registers::COUNTERS.map(|(_, address)| u64::from(self.read(address)) | u64::from(self.read(address + 4)) << 32))
    }

    /// What was seen of lines and throttles.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let ffi::Seen { lines, loader_states, throttles } = self.simulation.seen();
        Coverage {
            lines: lines[..Program::verifier().ops.len()].to_vec(),
            loader_states: std::array::from_fn(|state| loader_states[state]),
            throttles,
        }
    }
}
