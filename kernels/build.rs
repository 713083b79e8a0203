//! Embeds the PTX that `ptx/build` made, where CHAINBOX_PTX names its folder. Without it the CUDA back end says that this build holds none.

use std::{env, fmt::Write as _, fs, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=CHAINBOX_PTX");
    let mut list = String::from("pub(crate) const PROGRAMS: &[(&str, &[u8])] = &[\n");
    if let Some(folder) = env::var_os("CHAINBOX_PTX").map(PathBuf::from) {
        let folder = folder.canonicalize().unwrap_or_else(|error| panic!("CHAINBOX_PTX, {}: {error}", folder.display()));
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "ptx"));
        files.sort();
        assert!(!files.is_empty(), "CHAINBOX_PTX, {}: no PTX here; make it with kernels/ptx/build", folder.display());
        for path in files {
            let name = path.file_stem().expect("a file has a name").to_str().expect("the names of programs are plain");
            // The driver wants a zero after the text.
            writeln!(list, "    ({name:?}, concat!(include_str!({path:?}), \"\\0\").as_bytes()),").expect("a string takes everything");
        }
    }
    list.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("ptx.rs"), list).expect("OUT_DIR can be written");
}
