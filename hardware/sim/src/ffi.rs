//! The functions of `datapath.cpp` and of `verifier.cpp`, and the one place where they are called.
#![expect(unsafe_code, reason = "the RTL is C++ once Verilator compiled it")]

use std::{ffi::c_void, ptr, ptr::NonNull};

/// Words of 32 bits on the ports: a, c, d, e.
pub type Ports = [u32; 32];

/// The digits of a result, and whether it is 0.
pub type Outcome = [u32; 9];

/// A beat of a packet, as words of 32 bits.
pub type Beat = [u32; 16];

/// What some clocks of a verifier came to, as `verifier.cpp` has it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Stepped {
    pub clocks: u64,
    pub passes: u64,
    pub items: u32,
    pub dropped: u32,
    pub is_taken: u32,
    pub is_idle: u32,
    pub outcome: u32,
    pub tag: u32,
}

type Step = unsafe extern "C" fn(*mut c_void, *const u32, u32, *mut u32);
type StepVerifier = unsafe extern "C" fn(*mut c_void, *const u32, u32, u64, *mut Stepped);

/// What a curve's simulation is made with, stepped by, and freed by.
pub struct Functions<S: 'static> {
    new: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    step: S,
}

macro_rules! functions {
    ($name:ident, $step_type:ty, $arguments:tt, $new:ident, $free:ident, $step:ident) => {
        unsafe extern "C" {
            fn $new() -> *mut c_void;
            fn $free(handle: *mut c_void);
            fn $step $arguments;
        }
        pub static $name: Functions<$step_type> = Functions { new: $new, free: $free, step: $step };
    };
}

functions!(SM2, Step, (handle: *mut c_void, ports: *const u32, control: u32, result: *mut u32), datapath_sm2_new, datapath_sm2_free, datapath_sm2_step);
functions!(P256, Step, (handle: *mut c_void, ports: *const u32, control: u32, result: *mut u32), datapath_p256_new, datapath_p256_free, datapath_p256_step);
functions!(
    VERIFIER_SM2,
    StepVerifier,
    (handle: *mut c_void, beat: *const u32, control: u32, clocks: u64, stepped: *mut Stepped),
    verifier_sm2_new,
    verifier_sm2_free,
    verifier_sm2_step
);
functions!(
    VERIFIER_P256,
    StepVerifier,
    (handle: *mut c_void, beat: *const u32, control: u32, clocks: u64, stepped: *mut Stepped),
    verifier_p256_new,
    verifier_p256_free,
    verifier_p256_step
);

/// A simulation.
pub struct Simulation<S: 'static> {
    functions: &'static Functions<S>,
    handle: NonNull<c_void>,
}

// SAFETY: a simulation has all of its state to itself, and one owner; whichever thread has it may use it.
unsafe impl<S> Send for Simulation<S> {}

impl<S> Simulation<S> {
    /// A new one, none of whose registers was set.
    pub fn new(functions: &'static Functions<S>) -> Self {
        // SAFETY: it takes nothing, and what it gives is passed to the functions of the same table alone.
        let handle = unsafe { (functions.new)() };
        Self { functions, handle: NonNull::new(handle).expect("operator new gives no null") }
    }
}

impl Simulation<Step> {
    /// One clock.
    pub fn step(&mut self, ports: &Ports, control: u32) -> Outcome {
        let mut outcome = [0; 9];
        // SAFETY: the handle is alive and used by this thread alone; the function reads 32 words and writes 9.
        unsafe { (self.functions.step)(self.handle.as_ptr(), ports.as_ptr(), control, outcome.as_mut_ptr()) };
        outcome
    }
}

impl Simulation<StepVerifier> {
    /// Up to so many clocks, until the beat is taken or a result comes.
    pub fn step(&mut self, beat: Option<&Beat>, control: u32, clocks: u64) -> Stepped {
        let mut stepped = Stepped::default();
        let beat = beat.map_or(ptr::null(), |beat| beat.as_ptr());
        // SAFETY: as above; the function reads 16 words where there is a beat, and writes one `Stepped`, whose fields stand in the order of the C++ struct.
        unsafe { (self.functions.step)(self.handle.as_ptr(), beat, control, clocks, &raw mut stepped) };
        stepped
    }
}

impl<S> Drop for Simulation<S> {
    fn drop(&mut self) {
        // SAFETY: the handle is of the same table's `new`, and nobody uses it after this.
        unsafe { (self.functions.free)(self.handle.as_ptr()) };
    }
}

/// What drives a datapath.
pub type DatapathSimulation = Simulation<Step>;
/// What drives a verifier.
pub type VerifierSimulation = Simulation<StepVerifier>;
