//! The header that is checked in is what cbindgen makes of the sources, and its numbers are those of the proto files.

use std::{collections::BTreeMap, fs, path::Path};

use prost::Message as _;

/// Set to write what differs instead of failing.
const WRITE: &str = "CHAINBOX_WRITE_GENERATED";

/// The enums of the proto files that stand in the header.
const ENUMS: [&str; 5] = ["Scheme", "Input", "Encoding", "Hash", "Verdict"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn header() -> String {
    fs::read_to_string(root().join("include/chainbox.h")).expect("the header is checked in")
}

#[test]
fn the_header_is_what_cbindgen_makes() {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let sources = ["src/abi.rs", "src/handle.rs", "src/exports.rs"].map(|source| root().join(source));
    let bindings = sources.iter().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut made = Vec::new();
    bindings.generate().expect("cbindgen reads the sources").write(&mut made);
    let path = root().join("include/chainbox.h");
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &made).unwrap();
    }
    let is_same = fs::read(&path).is_ok_and(|checked_in| checked_in == made);
    assert!(is_same, "{} is not what the sources give: run {WRITE}=1 cargo test -p libchainbox --test header", path.display());
}

/// `    CHAINBOX_NAME = 1,` of every enum.
fn numbers(header: &str) -> BTreeMap<&str, i32> {
    let pairs = header.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "));
    pairs.filter_map(|(name, number)| Some((name, number.parse().ok()?))).collect()
}

#[test]
fn the_enums_are_those_of_the_proto_files() {
    let header = header();
    let mut numbers = numbers(&header);
    numbers.retain(|name, _| !name.starts_with("CHAINBOX_STATUS_"));
    let files = prost_types::FileDescriptorSet::decode(chainbox_api::v1::FILE_DESCRIPTOR_SET).unwrap().file;
    let enums = files.iter().flat_map(|file| &file.enum_type).filter(|declared| ENUMS.contains(&declared.name()));
    let values = enums.flat_map(|declared| &declared.value).map(|value| (format!("CHAINBOX_{}", value.name()), value.number()));
    let values: BTreeMap<String, i32> = values.collect();
    assert!(values.len() > 20);
    assert!(values.iter().map(|(name, number)| (name.as_str(), *number)).eq(numbers), "{values:?}\n{header}");
}

/// What the texts and the numbers of statuses promise.
#[test]
fn statuses_never_change() {
    let header = header();
    let statuses: Vec<_> = numbers(&header).into_iter().filter(|(name, _)| name.starts_with("CHAINBOX_STATUS_")).collect();
    let expected = [
        ("CHAINBOX_STATUS_BAD_ARGUMENT", 1),
        ("CHAINBOX_STATUS_CONNECTION", 3),
        ("CHAINBOX_STATUS_DEADLINE", 4),
        ("CHAINBOX_STATUS_INTERNAL", 5),
        ("CHAINBOX_STATUS_OK", 0),
        ("CHAINBOX_STATUS_REFUSED", 2),
    ];
    assert_eq!(statuses, expected);
}
