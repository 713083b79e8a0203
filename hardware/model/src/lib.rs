//! The FPGA verifier before it is hardware: the microprogram, read from its description, and a model that gives the words that the device's memories hold, turn by
//! turn.
//!
//! An engine has one datapath, in which a product with sums before and behind it begins each cycle ([`datapath`]), and 32 contexts: as many as a
//! pass takes cycles with its reads and its write. Each
//! context takes its turn once in so many cycles, with one line of the microprogram ([`program`]) on its own item, and finds all its results: nothing waits, and the
//! multiplier is idle only where there is no item. What the sequencer decides is in [`machine`]; the host makes digits of the scalars ([`recode`])
//! and sends them as packets ([`wire`]). Around the engines stands what a shell connects: registers ([`register_map`]), and all of it as files ([`sources`]).

pub mod curve;
pub mod datapath;
pub mod generate;
pub mod machine;
pub mod program;
pub mod recode;
pub mod register_map;
pub mod registers;
pub mod sources;
pub mod wire;
pub mod word;
