//! The functions of `units.cpp` and of `card.cpp`, and the one place where they are called.
#![expect(unsafe_code, reason = "the RTL is C++ once Verilator compiled it")]

use std::{ffi::c_void, ptr, ptr::NonNull};

/// Words that a unit takes in a clock.
pub type Inputs = [u32; 32];

/// Words that it gives.
pub type Outputs = [u32; 18];

/// A beat of a stream, as words of 32 bits.
pub type Beat = [u32; 16];

/// What some clocks of a card came to, as `card.cpp` has it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Stepped {
    pub clocks: u64,
    pub is_taken: u32,
    pub has_beat: u32,
    pub beat: Beat,
}

/// What was seen, in clocks, as `card.cpp` has it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub lines: [u64; 128],
    pub loader_states: [u64; 8],
    pub throttles: [u64; 8],
}

type Clock = unsafe extern "C" fn(*mut c_void, *const u32, u32, *mut u32);

/// What a simulation is made with, used by, and freed by.
pub struct Functions<S: 'static> {
    new: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    more: S,
}

/// What a card can do beside.
pub struct OfCard {
    step: unsafe extern "C" fn(*mut c_void, *const u32, u32, u64, *mut Stepped),
    access: unsafe extern "C" fn(*mut c_void, u32, u32, *mut u32) -> u32,
    coverage: unsafe extern "C" fn(*mut c_void, *mut Seen),
}

macro_rules! units {
    ($($name:ident: $new:ident, $free:ident, $clock:ident;)*) => {$(
        unsafe extern "C" {
            fn $new() -> *mut c_void;
            fn $free(handle: *mut c_void);
            fn $clock(handle: *mut c_void, inputs: *const u32, control: u32, outputs: *mut u32);
        }
        pub static $name: Functions<Clock> = Functions { new: $new, free: $free, more: $clock };
    )*};
}

macro_rules! cards {
    ($($name:ident: $new:ident, $free:ident, $step:ident, $access:ident, $coverage:ident;)*) => {$(
        unsafe extern "C" {
            fn $new() -> *mut c_void;
            fn $free(handle: *mut c_void);
            fn $step(handle: *mut c_void, beat: *const u32, control: u32, clocks: u64, stepped: *mut Stepped);
            fn $access(handle: *mut c_void, is_write: u32, address: u32, word: *mut u32) -> u32;
            fn $coverage(handle: *mut c_void, seen: *mut Seen);
        }
        pub static $name: Functions<OfCard> =
            Functions { new: $new, free: $free, more: OfCard { step: $step, access: $access, coverage: $coverage } };
    )*};
}

units! {
    DATAPATH_SM2: datapath_sm2_new, datapath_sm2_free, datapath_sm2_clock;
    DATAPATH_P256: datapath_p256_new, datapath_p256_free, datapath_p256_clock;
    MULTIPLIER: multiplier_new, multiplier_free, multiplier_clock;
    ADDER: adder_new, adder_free, adder_clock;
    FIFO: fifo_new, fifo_free, fifo_clock;
    SEQUENCER: sequencer_new, sequencer_free, sequencer_clock;
}

cards! {
    CARD_SM2: card_sm2_new, card_sm2_free, card_sm2_step, card_sm2_access, card_sm2_coverage;
    CARD_P256: card_p256_new, card_p256_free, card_p256_step, card_p256_access, card_p256_coverage;
}

/// A simulation.
pub struct Simulation<S: 'static> {
    functions: &'static Functions<S>,
    handle: NonNull<c_void>,
}

// SAFETY: a simulation has all of its state to itself, and one owner; whichever thread has it may use it.
unsafe impl<S> Send for Simulation<S> {}

impl<S> Simulation<S> {
    /// A new one: of a unit no register was set, a card was reset.
    pub fn new(functions: &'static Functions<S>) -> Self {
        // SAFETY: it takes nothing, and what it gives is passed to the functions of the same table alone.
        let handle = unsafe { (functions.new)() };
        Self { functions, handle: NonNull::new(handle).expect("operator new gives no null") }
    }
}

impl Simulation<Clock> {
    /// One clock.
    pub fn clock(&mut self, inputs: &Inputs, control: u32) -> Outputs {
        let mut outputs = [0; 18];
        // SAFETY: the handle is alive and used by this thread alone; the function reads up to 32 words and writes up to 18.
        unsafe { (self.functions.more)(self.handle.as_ptr(), inputs.as_ptr(), control, outputs.as_mut_ptr()) };
        outputs
    }
}

impl Simulation<OfCard> {
    /// Up to so many clocks, until the beat is taken or one comes.
    pub fn step(&mut self, beat: Option<&Beat>, control: u32, clocks: u64) -> Stepped {
        let mut stepped = Stepped::default();
        let beat = beat.map_or(ptr::null(), |beat| beat.as_ptr());
        // SAFETY: as above; the function reads 16 words where there is a beat, and writes one `Stepped`, whose fields stand in the order of the C++ struct.
        unsafe { (self.functions.more.step)(self.handle.as_ptr(), beat, control, clocks, &raw mut stepped) };
        stepped
    }

    /// Reads the register at an address, or writes it; the word, and the clocks that it took.
    pub fn access(&mut self, address: u16, write: Option<u32>) -> (u32, u32) {
        let mut word = write.unwrap_or_default();
        // SAFETY: as above; the function reads or writes one word.
        let clocks = unsafe { (self.functions.more.access)(self.handle.as_ptr(), write.is_some().into(), address.into(), &raw mut word) };
        (word, clocks)
    }

    /// What was seen since it was made.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen { lines: [0; 128], loader_states: [0; 8], throttles: [0; 8] };
        // SAFETY: as above; the function writes one `Seen`, whose fields stand in the order of the C++ struct.
        unsafe { (self.functions.more.coverage)(self.handle.as_ptr(), &raw mut seen) };
        seen
    }
}

impl<S> Drop for Simulation<S> {
    fn drop(&mut self) {
        // SAFETY: the handle is of the same table's `new`, and nobody uses it after this.
        unsafe { (self.functions.free)(self.handle.as_ptr()) };
    }
}

/// What drives a unit.
pub type UnitSimulation = Simulation<Clock>;
/// What drives a card.
pub type CardSimulation = Simulation<OfCard>;
