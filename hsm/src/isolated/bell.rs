//! What wakes the supervisor.

use std::{io, os::fd::OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

/// A descriptor that becomes readable when it is rung.
pub(super) struct Bell(OwnedFd);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes whoever polls. Ringing twice wakes once.
    pub(super) fn ring(&self) {
        // It fails only where it has been rung 2^64 times and nobody came.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Forgets what was rung so far.
    pub(super) fn hush(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }

    pub(super) const fn descriptor(&self) -> &OwnedFd {
        &self.0
    }
}
