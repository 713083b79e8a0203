//! The dispatcher's queue in a simulated box: virtual time, seeded clients, two cores, the measured costs of each stage.
//!
//! A request is received, admitted, verified in jobs and answered. Receiving and answering take cores from verification, as they do on the box. The
//! queue is the real one; what stands around it is as plain as can be. Times and rates are virtual, so the same seed gives the same figures on
//! every machine. CHAINBOX_TEST_SEED varies the runs. `fleet` has several back ends, which drift and fail.

mod client;
mod fleet;
mod hostile;
mod latency;
mod machine;
mod measured;
mod shares;

use std::time::Duration;

use chainbox_engine::{
    batch::Shape,
    dispatch::{Limits, SourceLimits, Task},
    scheme::Scheme,
};

use client::Client;
use machine::Machine;

const VERIFY: Task = Task::Verify { shape: Shape::digests(Scheme::EcdsaSecp256k1Keccak256), has_hints: false, want_hints: false };
const HINTED: Task = Task::Verify { shape: Shape::digests(Scheme::EcdsaSecp256k1Keccak256), has_hints: true, want_hints: false };

/// What happens before is not counted: sources prove themselves, costs are learnt.
const WARM_UP: Duration = Duration::from_secs(1);

/// The end of a run.
const END: Duration = Duration::from_secs(9);

fn limits() -> Limits {
    Limits { cores: measured::CORES, ..Limits::default() }
}

/// Runs the clients, each of which is a source or makes them, and answers all that was accepted.
fn run(clients: Vec<Client>) -> Machine {
    run_from(WARM_UP, clients)
}

/// The same, counting from this time on.
fn run_from(warm_up: Duration, clients: Vec<Client>) -> Machine {
    let mut machine = Machine::new(limits(), clients);
    machine.run(warm_up, END);
    machine
}

/// Clients that keep so many requests in flight, never invalid.
fn honest(task: Task, items: usize, in_flight: usize) -> Client {
    Client::closed(task, items, in_flight)
}

/// The limits of a source of this weight.
fn weight(weight: u32) -> SourceLimits {
    SourceLimits { weight, ..SourceLimits::default() }
}
