//! Conformance: vectors that others published, and our own adversarial ones, through the engine in every form that can carry them.

mod ethereum;
mod sm2_adversarial;
mod standards;
mod transactions;
mod wycheproof;
