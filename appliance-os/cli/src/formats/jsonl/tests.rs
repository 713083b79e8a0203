use super::*;

fn read(line: &str) -> Entry {
    parse(line.as_bytes(), 7, false)
}

fn signature_of(line: &str) -> OwnedItem {
    match read(line).content {
        Content::Signature(signature) => signature,
        other => panic!("{line}: {other:?}"),
    }
}

fn message_of(line: &str) -> String {
    match read(line).content {
        Content::Malformed(message) => message,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_line_is_read_field_by_field() {
    let entry = read(
        r#"{"scheme":"sm2-sm3","key":"04AB","message":"6d","signature":"3000","encoding":"raw","id":"","hint":"01","valid":false,"x":[1]}"#,
    );
    let shape = Shape { encoding: Encoding::Raw, ..Shape::messages(Scheme::Sm2Sm3) };
    let signature =
        OwnedItem { shape, key: vec![0x04, 0xab], input: b"m".to_vec(), signature: vec![0x30, 0x00], id: Some(vec![]), hint: vec![1] };
    let expected = Some(Expected::Verdict { valid: false, reason: None });
    assert_eq!(entry, Entry { expected, ..Entry::new(7, Content::Signature(signature)) });
}

#[test]
fn the_length_tells_the_encoding_unless_it_is_told() {
    let line = |bytes: usize| format!(r#"{{"scheme":"ecdsa-p256-sha256","key":"","message":"","signature":"{}"}}"#, "00".repeat(bytes));
    let encodings = [0, 63, 64, 65].map(|bytes| signature_of(&line(bytes)).shape.encoding);
    assert_eq!(encodings, [Encoding::Der, Encoding::Der, Encoding::Raw, Encoding::Der]);
}

#[test]
fn the_sm2_id_has_its_default_over_messages_only() {
    let line = |input: &str| format!(r#"{{"scheme":"sm2-sm3","key":"",{input},"signature":""}}"#);
    assert_eq!(signature_of(&line(r#""message":"""#)).id.as_deref(), Some(&b"1234567812345678"[..]));
    assert_eq!(signature_of(&line(&format!(r#""digest":"{}""#, "00".repeat(32)))).id, None);
}

#[test]
fn low_s_is_a_policy_for_ecdsa() {
    let line = |scheme: &str| format!(r#"{{"scheme":"{scheme}","key":"","message":"","signature":""}}"#);
    for scheme in Scheme::ALL {
        let Content::Signature(signature) = parse(line(scheme.name()).as_bytes(), 1, true).content else { panic!("{scheme}") };
        assert_eq!(signature.shape.low_s, scheme != Scheme::Sm2Sm3);
    }
}

#[test]
fn null_is_as_good_as_absent_and_escapes_are_read() {
    let line = r#"{"scheme":"ecdsa-p256-sha256","key":"\u0030\u0034","message":"","digest":null,"signature":"","valid":null}"#;
    assert_eq!(signature_of(line).key, [4]);
    assert_eq!(read(line).expected, None);
}

#[test]
fn what_was_expected_is_said() {
    let digest = "00".repeat(31);
    let long_id = "00".repeat(8192);
    let base = r#""scheme":"sm2-sm3","key":"","signature":"""#;
    let ecdsa = r#""scheme":"ecdsa-p256-sha256","key":"","signature":"""#;
    let cases = [
        ("[]".to_owned(), "a JSON object was expected"),
        ("{".to_owned(), "EOF while parsing an object at column 1"),
        ("{} {}".to_owned(), "trailing characters at column 4"),
        ("{}".to_owned(), "field \"scheme\" is missing"),
        (r#"{"scheme":"rsa"}"#.to_owned(), "unknown scheme \"rsa\"; the schemes are"),
        (r#"{"scheme":5}"#.to_owned(), "invalid type: integer `5`, expected a string"),
        (r#"{"scheme":"sm2-sm3","scheme":"sm2-sm3"}"#.to_owned(), "duplicate field `scheme`"),
        (format!("{{{base}}}"), "field \"message\" or field \"digest\" is missing"),
        (format!(r#"{{{base},"message":"","digest":""}}"#), "not both"),
        (format!(r#"{{{base},"digest":"{digest}"}}"#), "32 bytes were expected, not 31"),
        (format!(r#"{{{base},"message":"0x00"}}"#), "field \"message\": hex digits without 0x were expected"),
        (format!(r#"{{{base},"message":"","encoding":"ber"}}"#), "\"raw\" or \"der\" was expected, not \"ber\""),
        (format!(r#"{{{base},"message":"","id":"{long_id}"}}"#), "at most 8191 bytes were expected, not 8192"),
        (format!(r#"{{{base},"digest":"{}","id":"00"}}"#, "00".repeat(32)), "no meaning beside \"digest\""),
        (format!(r#"{{{ecdsa},"message":"","id":"00"}}"#), "no meaning for this scheme"),
        (format!(r#"{{{base},"message":"","valid":"yes"}}"#), "expected a boolean"),
    ];
    for (line, expected) in cases {
        let message = message_of(&line);
        assert!(message.contains(expected), "{line}: {message}");
    }
    assert!(matches!(parse(b"{\"scheme\":\"\xff\"}", 1, false).content, Content::Malformed(_)));
}

#[test]
fn nesting_in_ignored_fields_is_no_danger() {
    let deep = 1 << 20;
    let line =
        format!(r#"{{"x":{}{},"scheme":"ecdsa-p256-sha256","key":"","message":"","signature":""}}"#, "[".repeat(deep), "]".repeat(deep));
    // Read or refused, but answered.
    assert!(matches!(read(&line).content, Content::Signature(_) | Content::Malformed(_)));
}

#[test]
fn a_message_does_not_quote_a_whole_line() {
    let line = format!(r#"{{"scheme":"{}"}}"#, "a".repeat(1 << 16));
    assert!(message_of(&line).len() < 500);
}
