//! The datapath, clock by clock.

use chainbox_fpga_model::{
    curve::Curve,
    datapath::{Ports, STEPS},
    program::Op,
    word::Word,
};

use crate::ffi::{self, UnitSimulation};

/// The datapath of a curve.
pub struct Datapath(UnitSimulation);

impl Datapath {
    /// That of a curve.
    ///
    /// # Panics
    /// Where the RTL was compiled for no such curve.
    #[must_use]
    pub fn new(curve: &Curve) -> Self {
        let functions = match curve.name {
            "sm2" => &ffi::DATAPATH_SM2,
            "p256" => &ffi::DATAPATH_P256,
            name => panic!("the RTL was not compiled for {name}"),
        };
        Self(UnitSimulation::new(functions))
    }

    /// One clock: a pass begins, and the result of the one that began [`STEPS`] - 1 clocks before comes out, with whether it is 0.
    pub fn clock(&mut self, op: &Op, ports: &Ports) -> (Word, bool) {
        let mut words = [0; 32];
        for (word, digits) in [ports.a, ports.c, ports.d, ports.e].iter().zip(words.as_chunks_mut::<8>().0) {
            *digits = std::array::from_fn(|index| (word.0[index / 2] >> (32 * (index % 2))) as u32);
        }
        let is_negative = u32::from(op.is_signed && ports.is_negative);
        let fields = [
            (op.left as u32, 1),
            (op.right as u32, 3),
            (u32::from(op.scale_code()), 3),
            (is_negative, 1),
            (op.post as u32, 3),
            (u32::from(op.less_twice_d), 1),
        ];
        let control = fields.iter().rev().fold(0, |control, (field, bits)| control << bits | field);
        let outcome = self.0.clock(&words, control);
        let limb = |index: usize| u64::from(outcome[2 * index]) | u64::from(outcome[2 * index + 1]) << 32;
        (Word(std::array::from_fn(limb)), outcome[8] == 1)
    }

    /// One pass alone, with nothing behind it.
    pub fn pass(&mut self, op: &Op, ports: &Ports) -> (Word, bool) {
        (0..STEPS).map(|_| self.clock(op, ports)).last().expect("there are steps")
    }
}
