//! What is checked in as constants of the kernels is what `curves.toml` and the layout give, and it is what the engine has.

mod curve;
mod hash;
mod layout;
mod render;

use std::{fs, path::Path};

use render::{Constant, Language};

/// Set to write what differs instead of failing.
const WRITE: &str = "CHAINBOX_WRITE_GENERATED";

#[test]
fn the_generated_constants_are_those_of_the_description() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let description: toml::Table = fs::read_to_string(root.join("curves.toml")).unwrap().parse().unwrap();
    let mut files: Vec<(String, Vec<Constant>)> = vec![("layout".into(), layout::constants())];
    for name in ["secp256k1", "p256", "sm2"] {
        files.push((name.into(), curve::Description::read(name, &description).constants()));
    }
    files.push(("keccak256".into(), hash::keccak256()));
    files.push(("sha256".into(), hash::sha256()));
    files.push(("sm3".into(), hash::sm3(&description)));
    for language in [Language::OpenClC, Language::Wgsl] {
        for (name, constants) in &files {
            let path = root.join(language.folder()).join(format!("constants_{name}.{}", language.extension()));
            let made = render::file(language, constants);
            if std::env::var_os(WRITE).is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &made).unwrap();
            }
            let is_same = fs::read_to_string(&path).is_ok_and(|checked_in| checked_in == made);
            assert!(
                is_same,
                "{} is not what curves.toml gives: run {WRITE}=1 cargo test -p chainbox-kernels --test generated",
                path.display()
            );
        }
    }
}
