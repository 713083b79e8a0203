//! The model at the end of the same packets: bit for bit what the device answers, at once. A device to try the driver with, where nothing compiles the RTL.

use std::{sync::Arc, time::Duration};

use chainbox_fpga_model::{curve::Curve, machine::Machine, wire::ITEM_BYTES, word::Word};

use crate::transport::{Answer, Identity, Transport, TransportError};

/// The model as a device.
pub struct Modelled {
    identity: Identity,
    machine: Option<Machine>,
    waiting: Vec<[u8; ITEM_BYTES]>,
}

impl Modelled {
    /// That of a curve.
    #[must_use]
    pub fn new(curve: Curve) -> Self {
        let identity = Identity {
            device: format!("the model of an engine for {}", curve.name),
            driver: concat!("chainbox ", env!("CARGO_PKG_VERSION")).to_owned(),
            curve,
            credits: 64,
            is_software: true,
        };
        Self { identity, machine: None, waiting: Vec::new() }
    }
}

impl Transport for Modelled {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn reset(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError> {
        self.waiting.clear();
        self.machine = Some(Machine::new(self.identity.curve, Arc::from(table)));
        Ok(())
    }

    fn send(&mut self, packet: &[u8; ITEM_BYTES]) -> Result<(), TransportError> {
        self.waiting.push(*packet);
        Ok(())
    }

    fn receive(&mut self, _: Duration) -> Result<Vec<Answer>, TransportError> {
        let machine = self.machine.as_ref().ok_or_else(|| TransportError::Lost("it has no table: it was never reset".to_owned()))?;
        let answer = |packet: &[u8; ITEM_BYTES]| {
            let (tag, outcome) = machine.answer(packet);
            Answer { tag, code: outcome.code() }
        };
        // One after the other: whoever asks holds the device, and must not wait for threads that wait for the device.
        Ok(std::mem::take(&mut self.waiting).iter().map(answer).collect())
    }
}
