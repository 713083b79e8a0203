//! The rules of ARCHITECTURE.md that a machine can check: who may know whom, what is absent from where, what every crate inherits.

mod dependencies;
mod manifests;
mod sources;

use std::path::PathBuf;

use cargo_metadata::{Metadata, MetadataCommand};

/// The crates of the workspace as cargo sees them: all their dependencies, the optional ones too, by name.
fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("`cargo metadata` works at the root of the workspace")
}

/// The root of the workspace.
fn root() -> PathBuf {
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("this package stands in the workspace").to_path_buf()
}
