//! What every crate inherits from the workspace.

use toml::{Table, Value};

use super::workspace;

/// Keys of `[package]` that every crate inherits.
const INHERITED: [&str; 4] = ["edition", "license", "publish", "rust-version"];

#[test]
fn every_crate_inherits_lints_licence_and_rust_version() {
    for package in workspace().workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).expect("cargo has just read it");
        let manifest: Table = text.parse().expect("cargo has just parsed it");
        let table = |name: &str| manifest.get(name).and_then(Value::as_table);
        let lints = table("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints, Some(&Value::Boolean(true)), "{}: write `[lints]` and `workspace = true`", package.manifest_path);
        for key in INHERITED {
            let value = table("package").and_then(|package| package.get(key)).and_then(Value::as_table);
            let inherited = value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true));
            assert!(inherited, "{}: write `{key}.workspace = true`", package.manifest_path);
        }
        assert!(package.rust_version.is_some(), "{} has no rust-version", package.name);
    }
}

/// The workspace's own values, so that inheriting them means something.
#[test]
fn the_workspace_sets_what_its_crates_inherit() {
    for package in workspace().workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("Apache-2.0"), "{}", package.name);
        assert!(package.publish.as_ref().is_some_and(Vec::is_empty), "{} must not be published", package.name);
    }
    let text = std::fs::read_to_string(super::root().join("Cargo.toml")).expect("the workspace's manifest can be read");
    let manifest: Table = text.parse().expect("cargo has just parsed it");
    assert_eq!(manifest["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
}
