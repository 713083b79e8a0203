//! The RTL itself, in Verilator, in this process: `fpga-sim`.

use std::time::{Duration, Instant};

use chainbox_fpga_model::{
    curve::Curve,
    machine::CREDITS,
    wire::{ITEM_BYTES, setup},
    word::Word,
};
pub use chainbox_fpga_sim::ENGINES;
use chainbox_fpga_sim::Verifier;

use crate::transport::{Answer, Identity, Transport, TransportError};

/// Clocks between two looks at what came.
pub(crate) const CLOCKS_A_LOOK: u64 = 2_000;

/// The RTL as a device.
pub struct Simulated {
    identity: Identity,
    verifier: Verifier,
}

impl Simulated {
    /// That of a curve.
    #[must_use]
    pub fn new(curve: Curve) -> Self {
        let engines = Verifier::engines(&curve);
        let identity = Identity {
            device: format!("RTL for {}, {engines} engine{}, simulated", curve.name, if engines == 1 { "" } else { "s" }),
            driver: format!("Verilator, chainbox {}", env!("CARGO_PKG_VERSION")),
            curve,
            credits: CREDITS * engines,
            is_software: true,
        };
        Self { identity, verifier: Verifier::new(&curve) }
    }
}

impl Transport for Simulated {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn reset(&mut self, table: &[[Word; 2]]) -> Result<(), TransportError> {
        self.verifier.reset();
        setup(&self.identity.curve, table).for_each(|(beat, is_last)| self.verifier.send_beat(&beat, is_last));
        while self.verifier.waiting() > 0 {
            self.verifier.run(CLOCKS_A_LOOK);
        }
        Ok(())
    }

    fn send(&mut self, packet: &[u8; ITEM_BYTES]) -> Result<(), TransportError> {
        self.verifier.send_transfer(packet);
        Ok(())
    }

    fn receive(&mut self, time_max: Duration) -> Result<Vec<Answer>, TransportError> {
        let start = Instant::now();
        loop {
            let results = self.verifier.results();
            if !results.is_empty() || start.elapsed() >= time_max {
                return Ok(results.iter().map(|result| Answer { tag: result.tag, code: result.code }).collect());
            }
            self.verifier.run(CLOCKS_A_LOOK);
        }
    }
}
