//! The verification service: gRPC over TCP, TLS and a Unix socket; limits and fairness; metrics, health and the status page.
//!
//! A connection has a source ([`source`]); the bytes of its messages are taken from budgets before they are read ([`transport`]); messages become
//! work ([`grpc`]), which the engine's dispatcher orders and a few threads do ([`work`]) on the CPU and on devices. Which ones those are is the
//! caller's choice ([`Backends`]), and so is the device that signs ([`Signing`]). An [`Extension`] serves more behind
//! the same listeners. [`Together`] is the same without a network: all back ends of a process as one.
//!
//! Absent on purpose: judgement of signatures, and the choice of back ends.

mod backends;
mod budget;
mod extension;
mod grpc;
mod http;
pub mod learned;
mod live;
mod log;
mod metrics;
mod run;
mod service;
pub mod settings;
mod signing;
mod source;
mod together;
mod transport;
mod work;

pub use backends::{BackendHealth, BackendReport, Backends, CurveReport, Device};
pub use extension::{Extend, Extension, Verification};
pub use run::{Reload, files_wanted, run};
pub use service::{Addresses, Service};
pub use signing::Signing;
pub use together::Together;
