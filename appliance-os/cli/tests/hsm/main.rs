//! `chainbox hsm` and the signing service as processes, on real SoftHSM tokens.

mod bench;
mod chain;
mod doctor;
mod keys;
mod serve;
mod sign;
mod token;
