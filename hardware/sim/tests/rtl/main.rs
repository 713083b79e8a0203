//! The RTL in Verilator beside the model: units alone, the datapath pass by pass, and the whole card; and proofs of what moves packets and results.
#![cfg(feature = "verilator")]

mod datapath;
mod formal;
mod items;
mod units;
mod verifier;
