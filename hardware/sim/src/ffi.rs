//! The functions of `datapath.cpp`, and the one place where they are called.
#![expect(unsafe_code, reason = "the RTL is C++ once Verilator compiled it")]

use std::{ffi::c_void, ptr::NonNull};

/// Words of 32 bits on the ports: a, c, d, e.
pub type Ports = [u32; 32];

/// The digits of a result, and whether it is 0.
pub type Outcome = [u32; 9];

/// The functions of one curve.
pub struct Functions {
    new: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    step: unsafe extern "C" fn(*mut c_void, *const u32, u32, *mut u32),
}

unsafe extern "C" {
    fn datapath_sm2_new() -> *mut c_void;
    fn datapath_sm2_free(handle: *mut c_void);
    fn datapath_sm2_step(handle: *mut c_void, ports: *const u32, control: u32, result: *mut u32);
    fn datapath_p256_new() -> *mut c_void;
    fn datapath_p256_free(handle: *mut c_void);
    fn datapath_p256_step(handle: *mut c_void, ports: *const u32, control: u32, result: *mut u32);
}

/// Those of SM2.
pub static SM2: Functions = Functions { new: datapath_sm2_new, free: datapath_sm2_free, step: datapath_sm2_step };

/// Those of P-256.
pub static P256: Functions = Functions { new: datapath_p256_new, free: datapath_p256_free, step: datapath_p256_step };

/// A simulation.
pub struct Simulation {
    functions: &'static Functions,
    handle: NonNull<c_void>,
}

impl Simulation {
    /// A new one, none of whose registers was set.
    pub fn new(functions: &'static Functions) -> Self {
        // SAFETY: it takes nothing, and what it gives is passed to the functions of the same curve alone.
        let handle = unsafe { (functions.new)() };
        Self { functions, handle: NonNull::new(handle).expect("operator new gives no null") }
    }

    /// One clock.
    pub fn step(&mut self, ports: &Ports, control: u32) -> Outcome {
        let mut outcome = [0; 9];
        // SAFETY: the handle is alive and used by this thread alone; the function reads 32 words and writes 9.
        unsafe { (self.functions.step)(self.handle.as_ptr(), ports.as_ptr(), control, outcome.as_mut_ptr()) };
        outcome
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // SAFETY: the handle is of the same curve's `new`, and nobody uses it after this.
        unsafe { (self.functions.free)(self.handle.as_ptr()) };
    }
}
