//! The verification service: gRPC over TCP, TLS and a Unix socket; limits and fairness; metrics, health and the status page.
//!
//! A connection has a source ([`source`]); the bytes of its messages are taken from budgets before they are read ([`transport`]); messages become
//! work ([`grpc`]), which the engine's dispatcher orders and a few threads do ([`work`]). Which back end verifies is the caller's choice.
//!
//! Absent on purpose: judgement of signatures, and the choice of a back end.

mod budget;
mod grpc;
mod http;
mod live;
mod log;
mod metrics;
mod run;
mod service;
pub mod settings;
mod source;
mod transport;
mod work;

pub use run::{Reload, run};
pub use service::{Addresses, Service};
