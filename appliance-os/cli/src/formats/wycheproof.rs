//! `wycheproof`: test vectors in the form of project Wycheproof: ECDSA, and SM2 in the same form (tests/vectors/README.md).

use chainbox_engine::{
    batch::{Encoding, Input, OwnedItem, Shape},
    scheme::Scheme,
    verdict::Reason,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Content, Entry, Expected, Label, SM2_DEFAULT_ID, hex_text, jsonl::json_message};

/// The algorithms of the files that are supported.
const ALGORITHMS: [&str; 2] = ["ECDSA", "SM2"];

#[derive(Deserialize)]
struct File<'a> {
    algorithm: String,
    /// Read only once the algorithm is known to be supported: others have other fields.
    #[serde(borrow, rename = "testGroups")]
    groups: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// Called `key` in the files from before version 1 of the form.
    #[serde(rename = "publicKey", alias = "key")]
    key: Key,
    sha: String,
    /// SM2 only: `raw` or `der`.
    encoding: Option<String>,
    /// SM2 only: `message` or `digest`.
    input: Option<String>,
    /// SM2 over messages only.
    id: Option<String>,
    /// Each is read by itself, so that one with a fault does not lose the others, and its place tells its line.
    #[serde(borrow)]
    tests: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Key {
    curve: String,
    uncompressed: String,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    tc_id: u64,
    msg: String,
    sig: String,
    result: String,
    /// SM2 only: the reason that an invalid test must have.
    reason: Option<String>,
}

/// Reads a whole file. `low_s` is the policy for ECDSA; tests of type EcdsaBitcoinVerify have it in any case.
///
/// # Errors
/// What was expected, where the file is not of this form or of a scheme that is not supported.
pub fn parse(text: &[u8], low_s: bool) -> Result<Vec<Entry>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "UTF-8 was expected".to_owned())?;
    let file: File<'_> = serde_json::from_str(text)
        .map_err(|error| format!("a Wycheproof file was expected: {}, line {}", json_message(&error), error.line()))?;
    if !ALGORITHMS.contains(&file.algorithm.as_str()) {
        return Err(format!("algorithm {:?} is not supported; {} are", file.algorithm, ALGORITHMS.join(" and ")));
    }
    let mut lines = Lines { text, offset: 0, line: 1 };
    let mut entries = Vec::new();
    for group in file.groups {
        let line = lines.of(group);
        let in_group = |message: String| format!("test group on line {line}: {message}");
        let group: Group<'_> = serde_json::from_str(group.get()).map_err(|error| in_group(json_message(&error)))?;
        let plan = Plan::new(&group, low_s).map_err(in_group)?;
        entries.extend(group.tests.iter().map(|test| plan.entry(test, lines.of(test))));
    }
    Ok(entries)
}

/// What the tests of a group have in common.
struct Plan {
    shape: Shape,
    key: Vec<u8>,
    id: Option<Vec<u8>>,
}

impl Plan {
    fn new(group: &Group<'_>, low_s: bool) -> Result<Self, String> {
        let shape = shape(group, low_s)?;
        let key = hex_field("uncompressed", &group.key.uncompressed)?;
        let id = match &group.id {
            _ if !shape.has_id() => None,
            Some(id) => Some(hex_field("id", id)?),
            None => Some(SM2_DEFAULT_ID.to_vec()),
        };
        Ok(Self { shape, key, id })
    }

    fn entry(&self, test: &RawValue, line: u64) -> Entry {
        let test: Test = match serde_json::from_str(test.get()) {
            Ok(test) => test,
            Err(error) => return Entry::malformed(line, format!("a test was expected: {}", json_message(&error))),
        };
        let label = Some(Label::Test(test.tc_id));
        match self.signature(&test).and_then(|signature| Ok((signature, expected(&test)?))) {
            Ok((signature, expected)) => Entry { label, expected: Some(expected), ..Entry::new(line, Content::Signature(signature)) },
            Err(message) => Entry { label, ..Entry::malformed(line, message) },
        }
    }

    fn signature(&self, test: &Test) -> Result<OwnedItem, String> {
        let input = hex_field("msg", &test.msg)?;
        let signature = hex_field("sig", &test.sig)?;
        Ok(OwnedItem { shape: self.shape, key: self.key.clone(), input, signature, id: self.id.clone(), hint: Vec::new() })
    }
}

fn hex_field(name: &str, text: &str) -> Result<Vec<u8>, String> {
    hex_text::plain(text).map_err(|error| format!("field {name:?}: {error}"))
}

/// The shape of a group's tests, or the name of what is not supported.
fn shape(group: &Group<'_>, low_s: bool) -> Result<Shape, String> {
    let (encoding, low_s) = match group.kind.as_str() {
        "EcdsaVerify" => (Encoding::Der, low_s),
        "EcdsaP1363Verify" => (Encoding::Raw, low_s),
        "EcdsaBitcoinVerify" => (Encoding::Der, true),
        "Sm2Verify" => (choice("encoding", group.encoding.as_deref(), &[("der", Encoding::Der), ("raw", Encoding::Raw)])?, false),
        kind => {
            return Err(format!(
                "tests of type {kind:?} are not supported; \
                 the types are EcdsaVerify, EcdsaP1363Verify, EcdsaBitcoinVerify and Sm2Verify"
            ));
        }
    };
    let is_sm2 = group.kind == "Sm2Verify";
    let scheme = match (is_sm2, group.key.curve.as_str(), group.sha.as_str()) {
        (false, "secp256k1", "SHA-256") => Scheme::EcdsaSecp256k1Sha256,
        (false, "secp256r1" | "P-256", "SHA-256") => Scheme::EcdsaP256Sha256,
        (true, "sm2p256v1", "SM3") => Scheme::Sm2Sm3,
        (_, curve, sha) => {
            return Err(format!(
                "{} on {curve} with {sha} is not supported; ECDSA on secp256k1 and on secp256r1 with SHA-256 and SM2 on sm2p256v1 with SM3 are",
                if is_sm2 { "SM2" } else { "ECDSA" }
            ));
        }
    };
    let inputs = [("message", Input::Message), ("digest", Input::Digest)];
    let input = if is_sm2 { choice("input", group.input.as_deref(), &inputs)? } else { Input::Message };
    Ok(Shape { scheme, input, encoding, low_s })
}

fn choice<T: Copy>(name: &str, text: Option<&str>, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(choice, _)| Some(*choice) == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        format!("field {name:?}: {} was expected, not {}", names.join(" or "), text.unwrap_or("nothing"))
    })
}

fn expected(test: &Test) -> Result<Expected, String> {
    let reason = test.reason.as_deref().map(|name| {
        let known = Reason::ALL.iter().find(|reason| reason.name() == name);
        known.copied().ok_or_else(|| format!("field \"reason\": {name:?} is not the name of a reason"))
    });
    match (test.result.as_str(), reason.transpose()?) {
        ("valid", None) => Ok(Expected::Verdict { valid: true, reason: None }),
        ("valid", Some(_)) => Err("a valid test has no reason".to_owned()),
        ("invalid", reason) => Ok(Expected::Verdict { valid: false, reason }),
        ("acceptable", _) => Ok(Expected::Either),
        (other, _) => Err(format!("field \"result\": valid, invalid or acceptable was expected, not {other:?}")),
    }
}

/// Counts lines up to places in a text that are asked for in their order.
struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which a value begins that was borrowed from the text.
    fn of(&mut self, value: &RawValue) -> u64 {
        let offset = value.get().as_ptr() as usize - self.text.as_ptr() as usize;
        self.line += self.text.as_bytes()[self.offset..offset].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.offset = offset;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(group: &str, tests: &str) -> String {
        format!("{{\"algorithm\":\"ECDSA\",\n\"testGroups\":[{{{group},\n\"tests\":[\n{tests}\n]}}]}}")
    }

    const ECDSA: &str = r#""type":"EcdsaVerify","publicKey":{"curve":"secp256k1","uncompressed":"04"},"sha":"SHA-256""#;

    fn error_of(group: &str) -> String {
        parse(file(group, "").as_bytes(), false).unwrap_err()
    }

    #[test]
    fn each_test_has_its_line_and_expectation() {
        let tests = [
            r#"{"tcId":1,"msg":"","sig":"3000","result":"valid"}"#,
            r#"{"tcId":2,"msg":"","sig":"","result":"invalid","flags":[]}"#,
            r#"{"tcId":3,"msg":"","sig":"","result":"acceptable"}"#,
            r#"{"tcId":4,"msg":"x","sig":"","result":"valid"}"#,
        ];
        let entries = parse(file(ECDSA, &tests.join(",\n")).as_bytes(), false).unwrap();
        let lines: Vec<u64> = entries.iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [4, 5, 6, 7]);
        let verdict = |valid| Some(Expected::Verdict { valid, reason: None });
        let expected: Vec<_> = entries.iter().map(|entry| entry.expected).collect();
        assert_eq!(expected, [verdict(true), verdict(false), Some(Expected::Either), None]);
        assert_eq!(entries[1].label, Some(Label::Test(2)));
        assert!(matches!(&entries[3].content, Content::Malformed(message) if message.contains("field \"msg\"")));
    }

    #[test]
    fn the_type_tells_encoding_and_policy() {
        let shape_of = |kind: &str| {
            let group = ECDSA.replace("EcdsaVerify", kind);
            let entries = parse(file(&group, r#"{"tcId":1,"msg":"","sig":"","result":"valid"}"#).as_bytes(), false).unwrap();
            let Content::Signature(signature) = &entries[0].content else { panic!("{entries:?}") };
            (signature.shape.encoding, signature.shape.low_s)
        };
        assert_eq!(shape_of("EcdsaVerify"), (Encoding::Der, false));
        assert_eq!(shape_of("EcdsaP1363Verify"), (Encoding::Raw, false));
        assert_eq!(shape_of("EcdsaBitcoinVerify"), (Encoding::Der, true));
    }

    #[test]
    fn sm2_groups_tell_more() {
        let group = r#""type":"Sm2Verify","encoding":"raw","input":"message","id":"00","sha":"SM3","publicKey":{"curve":"sm2p256v1","uncompressed":"04"}"#;
        let test = r#"{"tcId":1,"msg":"","sig":"","result":"invalid","reason":"encoding"}"#;
        let entries = parse(file(group, test).as_bytes(), true).unwrap();
        assert_eq!(entries[0].expected, Some(Expected::Verdict { valid: false, reason: Some(Reason::Encoding) }));
        let Content::Signature(signature) = &entries[0].content else { panic!("{entries:?}") };
        assert_eq!(signature.shape, Shape::messages(Scheme::Sm2Sm3));
        assert_eq!(signature.id.as_deref(), Some(&[0][..]));
        assert!(error_of(&group.replace("\"raw\"", "\"ber\"")).contains("der or raw was expected, not ber"));
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        assert!(error_of(&ECDSA.replace("EcdsaVerify", "EddsaVerify")).contains("test group on line 2: tests of type \"EddsaVerify\""));
        assert!(error_of(&ECDSA.replace("secp256k1", "secp384r1")).contains("ECDSA on secp384r1 with SHA-256 is not supported"));
        assert!(error_of(&ECDSA.replace("SHA-256", "SHA3-256")).contains("with SHA3-256 is not supported"));
        assert!(parse(b"{}", false).unwrap_err().contains("a Wycheproof file was expected: missing field `algorithm`"));
        let eddsa = r#"{"algorithm":"EDDSA","testGroups":[{"publicKey":{"pk":"00"}}]}"#;
        assert!(parse(eddsa.as_bytes(), false).unwrap_err().contains("algorithm \"EDDSA\" is not supported"));
    }
}
