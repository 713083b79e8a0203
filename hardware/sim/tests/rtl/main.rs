//! The RTL in Verilator beside the model: the datapath pass by pass, and whole engines.
#![cfg(feature = "verilator")]

mod datapath;
mod items;
mod verifier;
