//! The PKCS#11 adapter over a module that fails on request: `module.c`, compiled here, forwards to SoftHSM.

mod control;
mod fork;
#[path = "../fork/mod.rs"]
mod in_fork;
mod recovery;
#[path = "../softhsm/mod.rs"]
mod softhsm;
mod threads;
mod tokens;

use chainbox_engine::hash::{Digest, sha256};
use chainbox_hsm::{Algorithm, Deadline, Device, Error, KeyInfo, Label, device::contract::verifies, pkcs11::Pkcs11};
use control::Faults;
use softhsm::soon;

/// Codes of PKCS#11 2.40.
mod code {
    pub const DEVICE_ERROR: u64 = 0x30;
    pub const DEVICE_MEMORY: u64 = 0x31;
    pub const DEVICE_REMOVED: u64 = 0x32;
    pub const KEY_HANDLE_INVALID: u64 = 0x60;
    pub const PIN_INCORRECT: u64 = 0xa0;
    pub const SESSION_CLOSED: u64 = 0xb0;
    pub const SESSION_COUNT: u64 = 0xb1;
    pub const SESSION_HANDLE_INVALID: u64 = 0xb3;
    pub const TOKEN_NOT_PRESENT: u64 = 0xe0;
    pub const USER_NOT_LOGGED_IN: u64 = 0x101;
}

/// A device over the failing module, with a key.
struct Fixture {
    device: Pkcs11,
    key: KeyInfo,
    faults: Faults,
}

impl Fixture {
    fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut chainbox_hsm::pkcs11::Options)) -> Self {
        let faults = Faults::begin();
        let mut options = faults.options();
        change(&mut options);
        let device = softhsm::open(options);
        let label: Label = name.parse().expect("a label");
        // Left over where the token is shared by an earlier run of the test in this process.
        let _ = device.destroy(&label, soon());
        device.generate(&label, Algorithm::EcdsaP256, soon()).expect("a key");
        let key = device.key(&label, soon()).expect("the key");
        let fixture = Self { device, key, faults };
        fixture.signs();
        fixture
    }

    fn digest(&self) -> Digest {
        sha256(self.key.label.as_str().as_bytes())
    }

    fn sign(&self, deadline: Deadline) -> Result<(), Error> {
        let signatures = self.device.sign(&self.key.label, &[self.digest()], deadline)?;
        assert!(verifies(&self.key, &self.digest(), &signatures[0]), "the signature verifies");
        Ok(())
    }

    /// That a signature is made as if nothing had happened.
    fn signs(&self) {
        self.sign(soon()).unwrap_or_else(|error| panic!("{error}"));
    }
}
