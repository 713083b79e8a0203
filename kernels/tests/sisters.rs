//! OpenCL C and WGSL are sisters: the same kernels, the same functions under test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use chainbox_kernels::program::{Program, Purpose};

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

/// What a text of WGSL defines: functions with their bodies, and constants, by name.
fn definitions(text: &str) -> BTreeMap<&str, &str> {
    let functions = text.split("\nfn ").skip(1).map(|rest| &rest[..rest.find("\n}").expect("a function ends")]);
    let constants = text.lines().filter_map(|line| line.strip_prefix("const "));
    let name = |definition: &'_ str| definition.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(0);
    functions.chain(constants).map(|definition| definition.split_at(name(definition))).collect()
}

/// On Vulkan they are compiled once, by the curve, the hash and the name.
#[test]
fn kernels_that_programs_have_in_common_are_the_same() {
    let programs: Vec<_> = Purpose::all().into_iter().map(Program::new).collect();
    let mut shared = 0;
    for (index, one) in programs.iter().enumerate() {
        for other in programs[index + 1..].iter().filter(|other| other.of == one.of) {
            for has_int64 in [false, true] {
                let (of_one, of_other) = (definitions(one.wgsl(has_int64)), definitions(other.wgsl(has_int64)));
                assert!(one.kernels.iter().all(|kernel| of_one.contains_key(kernel)));
                for (name, text) in of_one {
                    assert!(of_other.get(name).is_none_or(|other| *other == text), "{} and {}: {name}", one.name, other.name);
                }
            }
            shared += one.kernels.iter().filter(|kernel| other.kernels.contains(kernel)).count();
        }
    }
    assert!(shared > 2, "recovery has the large kernels of verification");
}
