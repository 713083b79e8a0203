//! Embeds the PTX that `ptx/build` made, where CHAINBOX_PTX names its folder. Without it the CUDA back end says that this build holds none.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rerun-if-env-changed=CHAINBOX_PTX");
    let folder = env::var_os("CHAINBOX_PTX").map(PathBuf::from).map(|folder| {
        let folder = folder.canonicalize().unwrap_or_else(|error| panic!("CHAINBOX_PTX, {}: {error}", folder.display()));
        println!("cargo::rerun-if-changed={}", folder.display());
        folder
    });
    let harness = folder.as_ref().map(|folder| folder.join("harness"));
    let list = constant("PROGRAMS", folder.as_deref()) + &constant("HARNESS", harness.as_deref());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("ptx.rs"), list).expect("OUT_DIR can be written");
}

/// A constant with the PTX in a folder, by the names of programs; none without a folder.
fn constant(name: &str, folder: Option<&Path>) -> String {
    let mut list = format!("pub(super) const {name}: super::Ptx = &[\n");
    for path in folder.map(ptx_in).unwrap_or_default() {
        let program = path.file_stem().expect("a file has a name").to_str().expect("the names of programs are plain");
        // The driver wants a zero after the text.
        writeln!(list, "    ({program:?}, concat!(include_str!({path:?}), \"\\0\").as_bytes()),").expect("a string takes everything");
    }
    list + "];\n"
}

fn ptx_in(folder: &Path) -> Vec<PathBuf> {
    let what = |error| panic!("CHAINBOX_PTX: {}: {error}; make it with kernels/ptx/build", folder.display());
    let mut files: Vec<_> = fs::read_dir(folder).unwrap_or_else(what).map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ptx"));
    files.sort();
    assert!(!files.is_empty(), "CHAINBOX_PTX: {}: no PTX here; make it with kernels/ptx/build", folder.display());
    files
}
