//! The RTL in Verilator beside the model: the datapath pass by pass, and whole engines; and proofs of what moves packets and results.
#![cfg(feature = "verilator")]

mod datapath;
mod formal;
mod items;
mod verifier;
