//! libFuzzer around the target that `CHAINBOX_FUZZ_TARGET` names; without a name it prints all of them, one a line.
//! Where `CHAINBOX_FUZZ_CORPUS` names a folder, the inputs to start from are written to it first.
//!
//! `tests/fuzz/run` builds and drives it.
#![no_main]

use std::{env, fs, path::Path, process::exit, sync::LazyLock};

use chainbox_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let Ok(name) = env::var("CHAINBOX_FUZZ_TARGET") else {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        exit(0)
    };
    Target::named(&name).unwrap_or_else(|| {
        eprintln!("CHAINBOX_FUZZ_TARGET names no target: {name:?}");
        exit(2)
    })
});

/// Writes the target's inputs beside what earlier runs have found.
fn write_inputs(folder: &Path) {
    for (index, input) in TARGET.inputs().iter().enumerate() {
        fs::write(folder.join(format!("start-{index:03}")), input).expect("a folder that can be written");
    }
}

libfuzzer_sys::fuzz_target!(
    init: if let Some(folder) = env::var_os("CHAINBOX_FUZZ_CORPUS") { write_inputs(folder.as_ref()) } else { LazyLock::force(&TARGET); },
    |data: &[u8]| (TARGET.run)(data)
);
