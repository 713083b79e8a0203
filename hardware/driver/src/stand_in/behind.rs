//! What answers behind the devices of a card in software: the model, or the RTL.

use chainbox_fpga_model::{
    curve::Curve,
    machine::{CREDITS, Machine, Outcome},
    recode::{FIXED_POINTS, FIXED_WINDOWS},
    register_map, registers, sources,
    wire::{BEAT_BYTES, ITEM_BYTES, KIND_ITEM, KIND_POINT, KIND_WORD, read_packet, setup},
    word::Word,
};

/// A card without devices.
pub trait Behind: Send {
    /// Reads a register.
    fn read(&mut self, address: u16) -> u32;

    /// Does all that bits of `control` ask for, to the end.
    fn control(&mut self, asked: u32);

    /// Takes a packet, or a beat that is none, as a transfer of its own.
    fn transfer(&mut self, packet: &[u8]);

    /// Works on, and gives tags and codes of the results that came. None where there is nothing to do.
    fn results(&mut self) -> Option<Vec<(u32, u8)>>;
}

/// The model, with one engine.
pub struct Model {
    curve: Curve,
    table: Vec<[Word; 2]>,
    /// There once the whole table is.
    machine: Option<Machine>,
    build: u64,
    results: Vec<(u32, u8)>,
    counters: [u64; registers::COUNTERS.len()],
    snapshot: [u64; registers::COUNTERS.len()],
}

impl Model {
    /// That of a curve.
    #[must_use]
    pub fn new(curve: Curve) -> Self {
        let counters = [0; registers::COUNTERS.len()];
        Self { curve, build: sources::build(&curve), table: Vec::new(), machine: None, results: Vec::new(), counters, snapshot: counters }
    }

    fn count(&mut self, address: u16) {
        let place = registers::COUNTERS.iter().position(|(_, counter)| *counter == address);
        self.counters[place.expect("an address of a counter")] += 1;
    }

    fn item(&mut self, packet: &[u8; ITEM_BYTES]) {
        self.count(registers::ITEMS);
        self.count(registers::RESULTS);
        // Without a table it knows nothing of anybody.
        let answer = self.machine.as_ref().map_or_else(|| (read_packet(packet).0, Outcome::Broken), |machine| machine.answer(packet));
        self.results.push((answer.0, answer.1.code()));
    }

    fn point(&mut self, packet: &[u8]) {
        let number = usize::from(u16::from_le_bytes([packet[2], packet[3]]));
        let word = |from: usize| Word::from_le_bytes(packet[from..from + 32].try_into().expect("32 bytes"));
        if number == 0 {
            self.table.clear();
        }
        self.table.push([word(BEAT_BYTES), word(BEAT_BYTES + 32)]);
        self.count(registers::LOADED);
        let is_whole = self.table.len() == number + 1 && self.table.len() == FIXED_WINDOWS * FIXED_POINTS;
        self.machine = is_whole.then(|| Machine::new(self.curve, self.table.as_slice().into()));
    }
}

impl Behind for Model {
    fn read(&mut self, address: u16) -> u32 {
        if let Some(place) = registers::COUNTERS.iter().position(|(_, counter)| [*counter, counter + 4].contains(&address)) {
            let is_low = registers::COUNTERS[place].1 == address;
            return (self.snapshot[place] >> if is_low { 0 } else { 32 }) as u32;
        }
        match address {
            registers::IDENTITY => register_map::IDENTITY,
            registers::VERSION => register_map::VERSION,
            registers::BUILD_LOW => self.build as u32,
            registers::BUILD_HIGH => (self.build >> 32) as u32,
            registers::CURVE => self.curve.code,
            registers::ENGINES => 1,
            registers::CREDITS => CREDITS as u32,
            registers::FLUSH => register_map::FLUSH_AT_RESET,
            registers::STATUS => registers::STATUS_IDLE,
            _ => 0,
        }
    }

    fn control(&mut self, asked: u32) {
        if asked & registers::CONTROL_RESET != 0 {
            self.results.clear();
        }
        if asked & registers::CONTROL_SNAPSHOT != 0 {
            self.snapshot = self.counters;
        }
    }

    fn transfer(&mut self, packet: &[u8]) {
        match packet[0] {
            KIND_ITEM => self.item(packet.try_into().expect("as long as an item")),
            KIND_POINT => self.point(packet),
            // The model has its constants; it sees that these are the same.
            KIND_WORD if setup(&self.curve, &[]).any(|(beat, _)| beat == packet) => self.count(registers::LOADED),
            _ => self.count(registers::DROPPED),
        }
    }

    fn results(&mut self) -> Option<Vec<(u32, u8)>> {
        (!self.results.is_empty()).then(|| std::mem::take(&mut self.results))
    }
}

#[cfg(feature = "sim")]
pub use rtl::Rtl;

#[cfg(feature = "sim")]
mod rtl {
    use chainbox_fpga_model::{
        curve::Curve,
        registers,
        wire::{BEAT_BYTES, KIND_ITEM},
    };
    use chainbox_fpga_sim::Verifier;

    use super::Behind;
    use crate::simulated::CLOCKS_A_LOOK;

    /// The RTL, in Verilator.
    pub struct Rtl {
        verifier: Verifier,
        /// Items without a result.
        open: usize,
    }

    impl Rtl {
        /// That of a curve.
        ///
        /// # Panics
        /// Where the RTL was compiled for no such curve.
        #[must_use]
        pub fn new(curve: &Curve) -> Self {
            Self { verifier: Verifier::new(curve), open: 0 }
        }
    }

    impl Behind for Rtl {
        fn read(&mut self, address: u16) -> u32 {
            self.verifier.read(address)
        }

        fn control(&mut self, asked: u32) {
            if asked & registers::CONTROL_RESET != 0 {
                self.verifier.reset();
                self.verifier.results();
                self.open = 0;
            }
            let left = asked & !registers::CONTROL_RESET;
            self.verifier.write(registers::CONTROL, left);
            while self.verifier.read(registers::CONTROL) & left != 0 {}
        }

        fn transfer(&mut self, packet: &[u8]) {
            debug_assert!(packet.len().is_multiple_of(BEAT_BYTES));
            self.open += usize::from(packet[0] == KIND_ITEM);
            self.verifier.send_transfer(packet);
        }

        fn results(&mut self) -> Option<Vec<(u32, u8)>> {
            if self.open == 0 && self.verifier.waiting() == 0 {
                return None;
            }
            self.verifier.run(CLOCKS_A_LOOK);
            let results = self.verifier.results();
            self.open = self.open.saturating_sub(results.len());
            Some(results.iter().map(|result| (result.tag, result.code)).collect())
        }
    }
}
