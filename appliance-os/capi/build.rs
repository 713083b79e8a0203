//! Names the shared library as programs look for it when they start.

use std::env;

fn main() {
    let major = env::var("CARGO_PKG_VERSION_MAJOR").expect("cargo sets it");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libchainbox.so.{major}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
