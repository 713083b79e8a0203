//! What is checked in is what the description of the registers makes: `CHAINBOX_WRITE_GENERATED=1` writes it.

use std::{env, fs, path::Path};

use chainbox_fpga_model::register_map::{card, document, rust};

#[test]
fn the_registers_are_those_of_the_description() {
    let registers = card();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in [("src/registers.rs", rust(&registers)), ("../registers.md", document(&registers))] {
        let path = root.join(path);
        if env::var_os("CHAINBOX_WRITE_GENERATED").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let is_same = fs::read_to_string(&path).is_ok_and(|checked_in| checked_in == text);
        assert!(is_same, "{} differs from registers.txt: write it with CHAINBOX_WRITE_GENERATED=1", path.display());
    }
}
