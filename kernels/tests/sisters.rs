//! OpenCL C and WGSL are sisters: the same kernels, the same functions under test.

use std::{collections::BTreeSet, fs, path::Path};

/// The text of all files of a language that are not generated.
fn text(folder: &str, extension: &str) -> String {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let is_source = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(&format!(".{extension}")) && !name.starts_with("constants_") && !name.starts_with("prelude_")
    };
    files.filter(|path| is_source(path)).map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The name that follows each `mark`.
fn names(text: &str, mark: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    text.split(mark).skip(1).map(name).collect()
}

/// The names that are followed by `(` somewhere.
fn called(text: &str) -> BTreeSet<String> {
    let words = text
        .split('(')
        .map(|before| before.rsplit(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap_or(""));
    words.map(str::to_owned).collect()
}

#[test]
fn both_have_the_same_kernels() {
    let (opencl, wgsl) = (text("opencl", "cl"), text("wgsl", "wgsl"));
    let kernels = names(&opencl, "\nKERNEL(");
    assert!(kernels.len() > 60, "{kernels:?}");
    let functions = names(&wgsl, "\nfn ");
    let lacking: Vec<_> = kernels.difference(&functions).collect();
    assert!(lacking.is_empty(), "WGSL lacks {lacking:?}");
    let entry_points = wgsl.matches("@compute").count();
    assert_eq!(entry_points, kernels.len(), "WGSL has kernels that OpenCL C lacks");
}

#[test]
fn each_function_under_test_is_in_both() {
    let (opencl, wgsl) = (text("opencl", "cl"), text("wgsl", "wgsl"));
    let tested: Vec<String> = names(&opencl, "\nKERNEL(test_").into_iter().collect();
    assert!(tested.len() > 50);
    let (in_opencl, in_wgsl) = (called(&opencl), names(&wgsl, "\nfn "));
    // These name what is tested of a function whose texts differ.
    let aspects = ["flip", "hash_z_a", "hash_message"];
    for function in tested.iter().filter(|name| !aspects.contains(&name.as_str())) {
        assert!(in_opencl.contains(function) && in_wgsl.contains(function), "{function}");
    }
}
