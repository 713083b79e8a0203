//! What is checked in as generated is what the proto files give.

use std::{fs, path::Path};

use prost::Message as _;

/// Set to write what differs instead of failing.
const WRITE: &str = "CHAINBOX_WRITE_GENERATED";

#[test]
fn the_generated_files_are_those_of_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors =
        protox::compile(["chainbox/v1/verification.proto", "chainbox/v1/signing.proto", "chainbox/v1/chain.proto"], [root.join("proto")])
            .unwrap();
    let folder = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .bytes(".chainbox.v1")
        .emit_rerun_if_changed(false)
        .out_dir(folder.path())
        .compile_fds(descriptors.clone())
        .unwrap();
    let code = fs::read(folder.path().join("chainbox.v1.rs")).unwrap();
    for (name, made) in [("chainbox.v1.rs", code), ("chainbox.v1.bin", descriptors.encode_to_vec())] {
        let path = root.join("src/generated").join(name);
        if std::env::var_os(WRITE).is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let is_same = fs::read(&path).is_ok_and(|checked_in| checked_in == made);
        assert!(is_same, "{} is not what the proto files give: run {WRITE}=1 cargo test -p chainbox-api", path.display());
    }
}
