//! Transactions: their bytes, and what can be said of them without any state.
//!
//! [`rlp`] reads Ethereum's canonical encoding in place; [`ethereum`] turns a raw signed transaction into what signature recovery needs,
//! or into the first reason against it; [`native`] does the same for the transactions of our own chain.
//!
//! Absent on purpose: balances, account nonces, gas schedules and all else that depends on a block, a fork or a clock.

pub mod ethereum;
pub mod native;
pub mod rlp;
