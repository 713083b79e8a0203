//! What is checked in is what the description of the registers and the report of synthesis make: `CHAINBOX_WRITE_GENERATED=1` writes it.

use std::{env, fs, path::Path};

#[path = "../examples/synthesis/sizing.rs"]
mod sizing;

use chainbox_fpga_model::register_map::{card, document, rust};

#[test]
fn the_registers_are_those_of_the_description() {
    let registers = card();
    check("src/registers.rs", &rust(&registers));
    check("../registers.md", &document(&registers));
}

#[test]
fn the_sizing_of_boards_is_that_of_the_report() {
    let report = |name: &str| {
        let text = fs::read_to_string(root().join("../../bench/results").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    check("../boards/sizing.md", &sizing::document(&report("fpga-synthesis.json"), &report("fpga-sim.json")));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file is what it is generated as; or is made that.
fn check(path: &str, text: &str) {
    let path = root().join(path);
    if env::var_os("CHAINBOX_WRITE_GENERATED").is_some() {
        fs::write(&path, text).unwrap();
    }
    let is_same = fs::read_to_string(&path).is_ok_and(|checked_in| checked_in == text);
    assert!(is_same, "{} differs from what it is generated from: write it with CHAINBOX_WRITE_GENERATED=1", path.display());
}
