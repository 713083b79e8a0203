//! The way to a device and back.

use std::time::Duration;

use chainbox_fpga_model::{curve::Curve, wire::ITEM_BYTES, word::Word};

/// What is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The device, for people.
    pub device: String,
    /// What drives it, with its version.
    pub driver: String,
    /// The curve that its engines are built for.
    pub curve: Curve,
    /// Items that may be under way at once: who keeps to it never waits to send while the device waits for its results to be taken.
    pub credits: usize,
    /// Whether it runs on the processor's cores.
    pub is_software: bool,
}

/// What a device says of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The item's tag.
    pub tag: u32,
    /// A code of [`chainbox_fpga_model::machine::Outcome`], or anything else where the device is broken.
    pub code: u8,
}

/// Why nothing more can be expected of a device before a reset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Reading or writing failed.
    #[error("the device failed: {0}")]
    Lost(String),
    /// No answer came in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Hangs(Duration),
}

/// The way to one device.
pub trait Transport: Send {
    /// What is at the other end.
    fn identity(&self) -> &Identity;

    /// Ends what is under way, and loads the constants and the fixed table again. Answers to what was sent before may still come.
    ///
    /// # Errors
    /// [`TransportError`] where the device does not come back.
    fn reset(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError>;

    /// Sends the packet of an item.
    ///
    /// # Errors
    /// [`TransportError`].
    fn send(&mut self, packet: &[u8; ITEM_BYTES]) -> Result<(), TransportError>;

    /// What has been answered since the last call; waits up to `time_max` for the first. Nothing where none came.
    ///
    /// # Errors
    /// [`TransportError`].
    fn receive(&mut self, time_max: Duration) -> Result<Vec<Answer>, TransportError>;
}
