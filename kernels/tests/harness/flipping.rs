//! A device that flips a bit: in its copy of the input, in what kernels keep, in the tables, in the output.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chainbox_kernels::{
    device::{Device, DeviceError, DeviceInfo, Launch, SlotBytes},
    layout::{Params, WORK_WORDS},
    pipeline::GENERATOR_BYTES,
    program::{Curve, Program, Purpose},
};

use crate::programs::FLIP;

/// Where a bit flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the device's copy of the input.
    Input,
    /// In what kernels keep in `work`, between two of them.
    Work,
    /// In the table of G, before the first kernel; it flips back after the last.
    Tables,
    /// In what was read back.
    Output,
}

impl Place {
    pub const ALL: [Self; 4] = [Self::Input, Self::Work, Self::Tables, Self::Output];
}

/// The next flip: where, and a number that picks the bit.
pub type Plan = Arc<Mutex<Option<(Place, u64)>>>;

/// The device inside, with flips as planned.
pub struct Flipping<D: Device> {
    inner: D,
    plan: Plan,
    flip: D::Program,
}

/// A slot, and the flip of its output that is due.
pub struct Slot<D: Device> {
    inner: D::Slot,
    due: Option<u64>,
    output: Vec<u8>,
}

impl<D: Device> Flipping<D> {
    pub fn new(inner: D, plan: Plan) -> Self {
        let flip = inner.compile(&Program::new(Purpose::Harness(Curve::Secp256k1, &FLIP))).unwrap();
        Self { inner, plan, flip }
    }

    fn take(&self, place: Place) -> Option<u64> {
        let mut plan = self.plan.lock().unwrap();
        let due = plan.filter(|(planned, _)| *planned == place).map(|(_, number)| number);
        if due.is_some() {
            *plan = None;
        }
        due
    }

    /// Flips a bit of `work`, or of the tables.
    fn flip(&self, slot: &mut D::Slot, in_tables: bool, bit: u64) -> Result<(), DeviceError> {
        let params = Params { turn: (bit / 32) as u32, items: 1 << (bit % 32), flags: u32::from(in_tables), ..Params::default() };
        self.inner.submit(&self.flip, slot, &[], &[Launch { kernel: 0, groups: 1, params }], 0, 0)
    }
}

impl<D: Device> Device for Flipping<D> {
    type Program = D::Program;
    type Tables = D::Tables;
    type Slot = Slot<D>;

    fn info(&self) -> &DeviceInfo {
        self.inner.info()
    }

    fn compile(&self, program: &Program) -> Result<D::Program, DeviceError> {
        self.inner.compile(program)
    }

    fn tables(&self, bytes: usize, contents: &[u8]) -> Result<D::Tables, DeviceError> {
        self.inner.tables(bytes, contents)
    }

    fn slot(&self, bytes: SlotBytes, tables: &D::Tables) -> Result<Slot<D>, DeviceError> {
        Ok(Slot { inner: self.inner.slot(bytes, tables)?, due: None, output: Vec::new() })
    }

    fn submit(
        &self,
        program: &D::Program,
        slot: &mut Slot<D>,
        input: &[u8],
        launches: &[Launch],
        output_bytes: usize,
        poison: u32,
    ) -> Result<(), DeviceError> {
        if output_bytes > 0 {
            slot.due = self.take(Place::Output);
        }
        let inner = &mut slot.inner;
        if !input.is_empty()
            && let Some(number) = self.take(Place::Input)
        {
            let mut flipped = input.to_vec();
            let bit = number % (8 * input.len() as u64);
            flipped[(bit / 8) as usize] ^= 1 << (bit % 8);
            return self.inner.submit(program, inner, &flipped, launches, output_bytes, poison);
        }
        if launches.len() > 1
            && let Some(number) = self.take(Place::Work)
        {
            let (before, after) = launches.split_at(1 + (number % (launches.len() as u64 - 1)) as usize);
            self.inner.submit(program, inner, input, before, 0, 0)?;
            self.flip(inner, false, number / 8 % (32 * u64::from(launches[0].params.lanes) * WORK_WORDS as u64))?;
            return self.inner.submit(program, inner, &[], after, output_bytes, poison);
        }
        if let Some(number) = self.take(Place::Tables) {
            // The table of G of the curve at hand.
            let bits = 8 * (GENERATOR_BYTES / Curve::ALL.len()) as u64;
            let bit = 32 * u64::from(launches[0].params.generator_at) + number % bits;
            self.flip(inner, true, bit)?;
            self.inner.submit(program, inner, input, launches, 0, 0)?;
            self.flip(inner, true, bit)?;
            // What the kernels wrote is kept from the poison: the last one is launched again.
            let last = &launches[launches.len() - 1..];
            return self.inner.submit(program, inner, &[], last, output_bytes, poison);
        }
        self.inner.submit(program, inner, input, launches, output_bytes, poison)
    }

    fn wait<'slot>(&self, slot: &'slot mut Slot<D>, time_max: Duration) -> Result<&'slot [u8], DeviceError> {
        let output = self.inner.wait(&mut slot.inner, time_max)?;
        let Some(number) = slot.due.take() else { return Ok(output) };
        slot.output = output.to_vec();
        let bit = number % (8 * output.len() as u64);
        slot.output[(bit / 8) as usize] ^= 1 << (bit % 8);
        Ok(&slot.output)
    }
}
