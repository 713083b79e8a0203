//! Units alone, clock by clock.

use crate::ffi::{self, UnitSimulation};

/// A number of 272 bits at most, the lowest word first.
pub type Factor = [u32; 9];

/// Clocks from the factors to the product.
pub const MULTIPLIER_STEPS: usize = 11;

/// Clocks from the summands to the sum.
pub const ADDER_STEPS: usize = 2;

/// Bits of the first factor, of the second, and of the adder's words.
pub const BITS: (usize, usize, usize) = (260, 272, 264);

fn inputs(left: &Factor, right: &Factor) -> ffi::Inputs {
    let mut inputs = [0; 32];
    inputs[..9].copy_from_slice(left);
    inputs[9..18].copy_from_slice(right);
    inputs
}

/// `multiplier.sv`.
pub struct Multiplier(UnitSimulation);

impl Default for Multiplier {
    fn default() -> Self {
        Self(UnitSimulation::new(&ffi::MULTIPLIER))
    }
}

impl Multiplier {
    /// Begins a product; gives the one that began [`MULTIPLIER_STEPS`] - 1 clocks before.
    pub fn clock(&mut self, left: &Factor, right: &Factor) -> [u32; 17] {
        let outputs = self.0.clock(&inputs(left, right), 0);
        std::array::from_fn(|word| outputs[word])
    }
}

/// `adder.sv` of 264 bits in two pieces.
pub struct Adder(UnitSimulation);

impl Default for Adder {
    fn default() -> Self {
        Self(UnitSimulation::new(&ffi::ADDER))
    }
}

impl Adder {
    /// Begins a sum; gives the one that began [`ADDER_STEPS`] - 1 clocks before, with its carry.
    pub fn clock(&mut self, left: &Factor, right: &Factor, carry: bool) -> (Factor, bool) {
        let outputs = self.0.clock(&inputs(left, right), carry.into());
        (std::array::from_fn(|word| outputs[word]), outputs[9] == 1)
    }
}

/// `fifo.sv` of 16 words of 64 bits, reset.
pub struct Fifo(UnitSimulation);

impl Default for Fifo {
    fn default() -> Self {
        let mut simulation = UnitSimulation::new(&ffi::FIFO);
        simulation.clock(&[0; 32], 1 << 2);
        Self(simulation)
    }
}

impl Fifo {
    /// A clock in which a word may be offered, and the one in front may be taken. What stood in front, and whether there was room.
    pub fn clock(&mut self, offered: Option<u64>, takes: bool) -> (Option<u64>, bool) {
        let mut inputs = [0; 32];
        let word = offered.unwrap_or_default();
        (inputs[0], inputs[1]) = (word as u32, (word >> 32) as u32);
        let outputs = self.0.clock(&inputs, u32::from(offered.is_some()) | u32::from(takes) << 1);
        let front = u64::from(outputs[0]) | u64::from(outputs[1]) << 32;
        ((outputs[2] == 1).then_some(front), outputs[3] == 1)
    }
}

/// `sequencer.sv`, reset.
pub struct Sequencer(UnitSimulation);

/// What the sequencer is told in a clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// The context whose turn it is.
    pub turn: u32,
    /// An item that is loaded: its context, its tag, its count of commands.
    pub start: Option<(u32, u32, u32)>,
    /// A command: its address and what it is.
    pub command: Option<(u32, u16)>,
    /// The report of the line before of this context, and whether its result is 0.
    pub report: (u32, bool),
    /// A context that read a word with wrong parity.
    pub broken: Option<u32>,
    /// Whether a result is taken.
    pub takes: bool,
}

/// What it says in that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// The item that was to start did.
    pub started: bool,
    /// The line of the context whose turn it was in the clock before: its word, the entry, the sign, the point.
    pub line: Option<(u64, u32, bool, u32)>,
    /// A result: the tag, the outcome's code.
    pub result: Option<(u32, u8)>,
    /// Which contexts have no item, a bit each.
    pub idle: u32,
}

impl Default for Sequencer {
    fn default() -> Self {
        let mut simulation = UnitSimulation::new(&ffi::SEQUENCER);
        simulation.clock(&[0; 32], 1 << 5);
        Self(simulation)
    }
}

impl Sequencer {
    /// A clock.
    pub fn clock(&mut self, told: &Told) -> Says {
        let mut inputs = [0; 32];
        let (context, tag, count) = told.start.unwrap_or_default();
        let (address, command) = told.command.unwrap_or_default();
        let fields = [told.turn, context, tag, count, address, command.into(), told.report.0, told.broken.unwrap_or_default()];
        inputs[..8].copy_from_slice(&fields);
        let bits = [told.start.is_some(), told.command.is_some(), told.report.1, told.broken.is_some(), told.takes];
        let control = bits.iter().rev().fold(0, |control, bit| control << 1 | u32::from(*bit));
        let outputs = self.0.clock(&inputs, control);
        let line = u64::from(outputs[2]) | u64::from(outputs[3]) << 32;
        Says {
            started: outputs[0] == 1,
            line: (outputs[1] == 1).then_some((line, outputs[4], outputs[5] == 1, outputs[6])),
            result: (outputs[7] == 1).then_some((outputs[8], outputs[9] as u8)),
            idle: outputs[10],
        }
    }
}
