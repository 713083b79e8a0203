//! Fuzz targets: a function from bytes to nothing each, which panics where the code under test breaks a rule.
//!
//! No panic and no overflow is only half of what they ask. Each one also compares with an independent implementation, or with the
//! same code asked in another way: a batch against its items alone, an accepted encoding against every change of its length.
//!
//! `tests/fuzz/run` feeds them from libFuzzer; `tests/replay.rs` runs them as ordinary tests over the inputs that libFuzzer starts
//! from and over those that once failed.

mod layout;
mod reference;
mod targets;

use std::{fs, path::PathBuf};

/// A fuzz target.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name, also that of its folder in `tests/fuzz/corpus`.
    pub name: &'static str,
    /// Judges one input; panics on a finding.
    pub run: fn(&[u8]),
    made: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "signature", run: targets::signature::run, made: targets::signature::inputs },
    Target { name: "key", run: targets::key::run, made: targets::key::inputs },
    Target { name: "verify", run: targets::verify::run, made: targets::verify::inputs },
    Target { name: "recover", run: targets::recover::run, made: targets::recover::inputs },
    Target { name: "rlp", run: targets::rlp::run, made: targets::rlp::inputs },
    Target { name: "transaction", run: targets::transaction::run, made: targets::transaction::inputs },
    Target { name: "native", run: targets::native::run, made: targets::native::inputs },
    Target { name: "block", run: targets::block::run, made: targets::block::inputs },
    Target { name: "proof", run: targets::proof::run, made: targets::proof::inputs },
    Target { name: "chain", run: targets::chain::run, made: targets::chain::inputs },
    Target { name: "jsonl", run: targets::jsonl::run, made: targets::jsonl::inputs },
    Target { name: "eth-tx", run: targets::eth_tx::run, made: targets::eth_tx::inputs },
    Target { name: "wycheproof", run: targets::wycheproof::run, made: targets::wycheproof::inputs },
    Target { name: "x509", run: targets::x509::run, made: targets::x509::inputs },
    Target { name: "detect", run: targets::detect::run, made: targets::detect::inputs },
    Target { name: "settings", run: targets::settings::run, made: targets::settings::inputs },
    Target { name: "requests", run: targets::requests::run, made: targets::requests::inputs },
    Target { name: "payload", run: targets::payload::run, made: targets::payload::inputs },
    Target { name: "guard", run: targets::guard::run, made: targets::guard::inputs },
    Target { name: "audit", run: targets::audit::run, made: targets::audit::inputs },
    Target { name: "software", run: targets::software::run, made: targets::software::inputs },
    Target { name: "hsm-frame", run: targets::hsm_frame::run, made: targets::hsm_frame::inputs },
];

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.iter().copied().find(|target| target.name == name)
    }

    /// The inputs to start from: those made from seeded workloads, then the files of its folder in `tests/fuzz/corpus`.
    ///
    /// # Panics
    /// Where a file of the corpus cannot be read.
    #[must_use]
    pub fn inputs(self) -> Vec<Vec<u8>> {
        let mut inputs = (self.made)();
        inputs.extend(corpus(self.name));
        inputs
    }
}

/// The files of a folder in `tests/fuzz/corpus`, in the order of their names; none where there is no such folder.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable corpus").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("a readable corpus")).collect()
}
