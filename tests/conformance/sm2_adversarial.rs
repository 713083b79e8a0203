//! Our own adversarial set for SM2 (`tests/vectors`): the engine's verdict and reason on every case, and that the libraries it names
//! disagree exactly where it says.

use std::{collections::BTreeSet, path::PathBuf, process::Command};

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::{
    der,
    items::{OwnedItem, verdict_alone, verdicts},
    libcrypto::Libcrypto,
};
use serde::Deserialize;
use sm2::dsa::signature::{Verifier, hazmat::PrehashVerifier};

/// The fewest cases that the set may have.
const CASES_MIN: usize = 500;

/// The id that efficient-sm2 has built in.
const ID_DEFAULT: &[u8] = b"1234567812345678";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    encoding: String,
    input: String,
    id: Option<String>,
    public_key: PublicKey,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct PublicKey {
    /// The key as given, whatever its form.
    uncompressed: String,
}

#[derive(Deserialize)]
struct Test {
    comment: String,
    msg: String,
    sig: String,
    result: String,
    reason: Option<String>,
    clause: String,
    #[serde(default)]
    disagrees: Vec<Disagreement>,
}

#[derive(Deserialize)]
struct Disagreement {
    library: String,
    accepts: bool,
    why: String,
}

/// A case as an item.
struct Case {
    /// Unique in the set.
    name: String,
    shape: Shape,
    item: OwnedItem,
    expected: Verdict,
    disagrees: Vec<Disagreement>,
}

#[test]
fn every_case_has_its_verdict_and_reason() {
    let cases = load();
    for shape in shapes() {
        let of_shape: Vec<_> = cases.iter().filter(|case| case.shape == shape).collect();
        assert!(!of_shape.is_empty(), "no case of {shape:?}");
        for (case, verdict) in of_shape.iter().zip(verdicts(shape, of_shape.iter().map(|case| &case.item))) {
            assert_eq!(verdict, case.expected, "{}", case.name);
            assert_eq!(verdict_alone(shape, &case.item), case.expected, "{}, alone", case.name);
        }
    }
}

/// The other encoding of the same integers changes nothing.
#[test]
fn every_case_that_both_encodings_carry_has_the_same_verdict() {
    let mut carried = 0;
    for case in load() {
        let (encoding, signature) = match case.shape.encoding {
            Encoding::Raw => (Encoding::Der, case.item.signature.as_slice().try_into().ok().map(der::from_raw)),
            Encoding::Der => (Encoding::Raw, der::to_raw(&case.item.signature).map(Vec::from)),
        };
        let Some(signature) = signature else { continue };
        carried += 1;
        let shape = Shape { encoding, ..case.shape };
        assert_eq!(verdict_alone(shape, &OwnedItem { signature, ..case.item }), case.expected, "{} as {encoding:?}", case.name);
    }
    assert!(carried >= CASES_MIN, "{carried} cases");
}

#[test]
fn the_file_is_what_its_generator_writes() {
    let generator = vectors().join("sm2_adversarial");
    let output = Command::new("python3")
        .arg(&generator)
        .arg("--check")
        .output()
        .unwrap_or_else(|error| panic!("cannot run python3: {error}; apt-get install python3"));
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{} --check failed:\n{stdout}{stderr}", generator.display());
}

#[test]
fn libcrypto_disagrees_exactly_where_the_set_says() {
    let program = Libcrypto::compile();
    let cases = load();
    let mut answers = Vec::new();
    for input in [Input::Message, Input::Digest] {
        let of_input: Vec<_> = cases.iter().filter(|case| case.shape.input == input).collect();
        let items: Vec<Option<OwnedItem>> = of_input.iter().map(|case| for_libcrypto(case)).collect();
        let mut accepted = program.accepts(Scheme::Sm2Sm3, input, items.iter().flatten()).into_iter();
        answers.extend(of_input.iter().zip(&items).map(|(case, item)| (*case, item.as_ref().and_then(|_| accepted.next()))));
    }
    check_disagreements("libcrypto 3.0", answers);
}

#[test]
fn rustcrypto_disagrees_exactly_where_the_set_says() {
    let cases = load();
    check_disagreements("sm2 0.14", cases.iter().map(|case| (case, rustcrypto(case))));
}

#[test]
fn efficient_sm2_disagrees_exactly_where_the_set_says() {
    let cases = load();
    check_disagreements("efficient-sm2 0.2", cases.iter().map(|case| (case, efficient_sm2(case))));
}

/// Whether a library accepts each case, or `None` where the case is not applicable to it, against what the set says of that library.
fn check_disagreements<'a>(library: &str, answers: impl IntoIterator<Item = (&'a Case, Option<bool>)>) {
    let mut disagreements = 0;
    for (case, accepts) in answers {
        let listed = case.disagrees.iter().find(|entry| entry.library == library);
        let Some(accepts) = accepts else {
            assert!(listed.is_none(), "{}: not applicable to {library}, yet listed", case.name);
            continue;
        };
        disagreements += usize::from(accepts != case.expected.is_valid());
        match listed {
            Some(entry) => {
                assert_ne!(entry.accepts, case.expected.is_valid(), "{}: what is listed for {library} is no disagreement", case.name);
                assert_eq!(accepts, entry.accepts, "{}: {library} no longer disagrees ({})", case.name, entry.why);
            }
            None => assert_eq!(accepts, case.expected.is_valid(), "{}: {library} disagrees and is not listed", case.name),
        }
    }
    assert!(disagreements > 0, "{library} disagrees nowhere: take it out of the set");
}

/// The case as libcrypto takes it: a raw signature as the DER of both halves, in range or not. Others than 64 bytes it cannot carry.
fn for_libcrypto(case: &Case) -> Option<OwnedItem> {
    let signature = match case.shape.encoding {
        Encoding::Der => case.item.signature.clone(),
        Encoding::Raw => der::from_raw(case.item.signature.as_slice().try_into().ok()?),
    };
    Some(OwnedItem { signature, ..case.item.clone() })
}

/// The crate sm2: its ids are text.
fn rustcrypto(Case { shape, item, .. }: &Case) -> Option<bool> {
    let id = str::from_utf8(&item.id).ok()?;
    let verify = || {
        let key = sm2::dsa::VerifyingKey::from_sec1_bytes(id, &item.key)?;
        let signature = match shape.encoding {
            Encoding::Raw => sm2::dsa::Signature::from_slice(&item.signature),
            Encoding::Der => sm2::dsa::Signature::from_der(&item.signature),
        }?;
        match shape.input {
            Input::Message => key.verify(&item.input, &signature),
            Input::Digest => key.verify_prehash(&item.input, &signature),
        }
    };
    Some(verify().is_ok())
}

/// The crate efficient-sm2: raw signatures, uncompressed keys and the default id only.
fn efficient_sm2(Case { shape, item, .. }: &Case) -> Option<bool> {
    let is_uncompressed = item.key.len() == 65 && item.key[0] == 4;
    if shape.encoding != Encoding::Raw || !is_uncompressed || (shape.has_id() && item.id != ID_DEFAULT) {
        return None;
    }
    let key = efficient_sm2::PublicKey::from_slice(&item.key[1..]);
    // It slices the first 32 bytes without asking whether they are there.
    let signature = (item.signature.len() >= 32).then(|| efficient_sm2::Signature::from_slice(&item.signature));
    let Some(Ok(signature)) = signature else { return Some(false) };
    Some(match shape.input {
        Input::Message => signature.verify(&key, &item.input).is_ok(),
        Input::Digest => signature.verify_digest(&key, &item.input).is_ok(),
    })
}

fn shapes() -> impl Iterator<Item = Shape> {
    [Input::Message, Input::Digest]
        .into_iter()
        .flat_map(|input| [Encoding::Raw, Encoding::Der].map(|encoding| Shape { input, encoding, ..Shape::messages(Scheme::Sm2Sm3) }))
}

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn load() -> Vec<Case> {
    let path = vectors().join("sm2_adversarial.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let set: Set = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let number_of_tests = set.number_of_tests;
    let cases: Vec<Case> = set.test_groups.into_iter().flat_map(cases_of).collect();
    assert_eq!(cases.len(), number_of_tests, "the set names another number of cases than it has");
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "names of cases are unique");
    cases
}

fn cases_of(group: Group) -> Vec<Case> {
    let shape = Shape {
        scheme: Scheme::Sm2Sm3,
        input: choice(&group.input, &[("message", Input::Message), ("digest", Input::Digest)]),
        encoding: choice(&group.encoding, &[("raw", Encoding::Raw), ("der", Encoding::Der)]),
        low_s: false,
    };
    assert_eq!(shape.has_id(), group.id.is_some(), "an id stands beside messages and nowhere else");
    let (key, id) = (bytes(&group.public_key.uncompressed), bytes(&group.id.unwrap_or_default()));
    let case = |test: Test| Case {
        item: OwnedItem { key: key.clone(), input: bytes(&test.msg), signature: bytes(&test.sig), id: id.clone() },
        expected: expectation(&test),
        name: format!("{} [{}]", test.comment, test.clause),
        shape,
        disagrees: test.disagrees,
    };
    group.tests.into_iter().map(case).collect()
}

fn expectation(test: &Test) -> Verdict {
    match (test.result.as_str(), &test.reason) {
        ("valid", None) => Verdict::Valid,
        ("invalid", Some(name)) => {
            let reason = Reason::ALL.iter().find(|reason| reason.name() == name);
            Verdict::Invalid(*reason.unwrap_or_else(|| panic!("{}: {name:?} is not the name of a reason", test.comment)))
        }
        other => panic!("{}: {other:?} is neither valid without a reason nor invalid with one", test.comment),
    }
}

fn choice<T: Copy>(name: &str, choices: &[(&str, T)]) -> T {
    choices.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name:?} is not one of the form's words")).1
}

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("the set is hex")
}
