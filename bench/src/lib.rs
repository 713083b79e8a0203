//! Measures the engine beside other libraries ([`cpu`]), devices beside the engine ([`gpu`]), the service beside the engine ([`service`]), the library that
//! stands in for a card beside other libraries ([`card`]), and a node under load ([`node`]).
//!
//! A figure of this crate is the median of samples that were interleaved with those of the peer, on the same items, in the same process and
//! on as many threads. Each sample has fresh items: nobody can win by remembering answers. Every sample's answers are compared with the expected ones: whoever answers wrong has no rate.

mod arrivals;
pub mod card;
pub mod cpu;
mod error;
pub mod floor;
pub mod gpu;
pub mod machine;
pub mod measure;
pub mod node;
pub mod page;
pub mod peers;
pub mod report;
mod rounds;
pub mod service;

pub use error::Error;
