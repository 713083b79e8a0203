//! The RTL as files: what is written by hand, and what is generated for a curve. Simulation, synthesis and drivers take it from here.

use std::{fs, io, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    curve::Curve,
    generate::{curve_header, program_header},
    machine::CREDITS,
    program::Program,
    register_map,
};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../rtl/", $name)))),*]
    };
}

/// The modules, by the names of their files.
pub const MODULES: [(&str, &str); 15] = files![
    "adder.sv",
    "card.sv",
    "datapath.sv",
    "delay.sv",
    "distributor.sv",
    "engine.sv",
    "fifo.sv",
    "framer.sv",
    "loader.sv",
    "memory.sv",
    "multiplier.sv",
    "packer.sv",
    "registers.sv",
    "sequencer.sv",
    "verifier.sv",
];

/// What the modules include.
fn generated(curve: &Curve) -> [(&'static str, String); 3] {
    [
        ("curve.svh", curve_header(curve)),
        ("program.svh", program_header(&Program::verifier())),
        ("registers.svh", register_map::header(&register_map::card(), curve.code, CREDITS)),
    ]
}

/// What the card of a curve says it was built from: the first 64 bits of SHA-256 over names and texts of all files, each with its length before it.
#[must_use]
pub fn build(curve: &Curve) -> u64 {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for (name, text) in MODULES {
        add(name);
        add(text);
    }
    for (name, text) in generated(curve) {
        add(name);
        add(&text);
    }
    let digest: [u8; 32] = hash.finalize().into();
    u64::from_be_bytes(std::array::from_fn(|index| digest[index]))
}

/// Writes what the modules include into a folder that is made.
///
/// # Errors
/// Where a file cannot be written.
pub fn write_headers(curve: &Curve, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in generated(curve) {
        fs::write(folder.join(name), text)?;
    }
    let build = build(curve);
    let text = format!(
        "// Which sources these are. Generated.\n`ifndef BUILD_SVH\n`define BUILD_SVH\n/* verilator lint_off UNUSEDPARAM */\nlocalparam logic [63:0] BUILD = 64'h{build:016x};\n/* verilator lint_on UNUSEDPARAM */\n`endif\n"
    );
    fs::write(folder.join("build.svh"), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_other_builds() {
        assert_ne!(build(&Curve::SM2), build(&Curve::P256));
        assert_eq!(build(&Curve::SM2), build(&Curve::SM2));
    }
}
