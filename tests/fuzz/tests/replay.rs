//! Every target over the inputs that libFuzzer starts from and over those that once failed.

use std::{collections::BTreeSet, fs, path::Path};

use chainbox_fuzz::{TARGETS, Target};

/// One test a target, so that they run beside one another and a failure names its target.
macro_rules! replay {
    ($($test:ident: $name:literal,)*) => {
        const REPLAYED: &[&str] = &[$($name),*];

        $(#[test]
        fn $test() {
            let target = Target::named($name).expect("a target of this name");
            let inputs = target.inputs();
            assert!(!inputs.is_empty(), "nothing to start from");
            inputs.iter().for_each(|input| (target.run)(input));
        })*
    };
}

replay! {
    signature: "signature",
    key: "key",
    verify: "verify",
    recover: "recover",
    rlp: "rlp",
    transaction: "transaction",
    native: "native",
    block: "block",
    proof: "proof",
    chain: "chain",
    jsonl: "jsonl",
    eth_tx: "eth-tx",
    wycheproof: "wycheproof",
    x509: "x509",
    detect: "detect",
    settings: "settings",
    requests: "requests",
    payload: "payload",
    guard: "guard",
    audit: "audit",
    software: "software",
    hsm_frame: "hsm-frame",
}

#[test]
fn every_target_is_replayed() {
    let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, REPLAYED);
}

#[test]
fn every_folder_of_the_corpus_belongs_to_a_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders: BTreeSet<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(folders.iter().all(|folder| Target::named(folder).is_some()), "{folders:?}");
}

/// Cut anywhere, an input is another input.
#[test]
fn truncated_inputs_are_judged_too() {
    for target in TARGETS {
        for input in target.inputs().iter().take(8) {
            for length in (0..input.len()).step_by(7) {
                (target.run)(&input[..length]);
            }
        }
    }
}
