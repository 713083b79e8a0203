//! `verify` on JSON lines: verdicts, expectations, exit status.

use serde_json::{Value, json};

use crate::run::{generate, lines, verify};

const SCHEMES: [&str; 4] = ["ecdsa-secp256k1-sha256", "ecdsa-secp256k1-keccak256", "ecdsa-p256-sha256", "sm2-sm3"];

/// One valid item without an expectation.
fn item(scheme: &str) -> Value {
    let mut item = generate(&format!("--scheme {scheme} --count 1 --expectations false")).remove(0);
    assert!(item.as_object_mut().unwrap().remove("valid").is_none());
    item
}

fn with(item: &Value, field: &str, value: Value) -> Value {
    let mut item = item.clone();
    item[field] = value;
    item
}

fn without(item: &Value, field: &str) -> Value {
    let mut item = item.clone();
    item.as_object_mut().unwrap().remove(field);
    item
}

/// The one answer to one item.
fn answer(options: &str, item: &Value) -> (i32, Value) {
    let run = verify(&format!("--json {options}"), item.to_string());
    let (mut items, summary) = run.json();
    assert_eq!((items.len(), &summary["items"]), (1, &json!(1)), "{run:?}");
    (run.code, items.remove(0))
}

#[test]
fn valid_items_of_every_scheme_and_form() {
    for scheme in SCHEMES {
        for options in ["", "--digest", "--encoding der", "--compressed", "--hints y", "--hints parity", "--message-bytes 0"] {
            let items = generate(&format!("--scheme {scheme} --count 3 {options}"));
            let run = verify("--json", lines(&items));
            let (_, summary) = run.json();
            assert_eq!((run.code, &summary["valid"]), (0, &json!(3)), "{scheme} {options}: {run:?}");
        }
    }
}

#[test]
fn every_kind_of_fault_gets_its_reason_in_its_place() {
    let items = generate("--count 400 --invalid 0.5 --seed 9");
    let run = verify("--json", lines(&items));
    let (answers, summary) = run.json();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((&summary["invalid"], &summary["mismatches"]), (&json!(200), &json!(0)));
    for (place, (item, answer)) in items.iter().zip(&answers).enumerate() {
        assert_eq!((&answer["index"], &answer["line"]), (&json!(place), &json!(place + 1)));
        assert_eq!((&answer["valid"], &answer["expected"]), (&item["valid"], &item["valid"]));
        assert_eq!(answer["reason"].is_null(), answer["valid"] == json!(true));
    }
    assert!(summary["reasons"].as_object().unwrap().len() >= 9, "{summary}");
}

#[test]
fn invalid_without_an_expectation_sets_1_and_malformed_sets_2() {
    let good = item("ecdsa-p256-sha256");
    let bad = with(&good, "message", json!("00"));
    let malformed = with(&good, "scheme", json!("rsa"));
    let line = |items: &[&Value]| items.iter().map(|item| format!("{item}\n")).collect::<String>();
    assert_eq!(verify("", line(&[&good])).code, 0);
    assert_eq!(verify("", line(&[&good, &bad])).code, 1);
    assert_eq!(verify("", line(&[&bad, &malformed, &good])).code, 2);
    assert_eq!(verify("--skip-malformed", line(&[&bad, &malformed, &good])).code, 1);
    assert_eq!(verify("--skip-malformed", line(&[&malformed, &good])).code, 0);
    let (answers, summary) = verify("--json", line(&[&bad, &malformed, &good])).json();
    assert_eq!(answers[1]["reason"], json!("malformed"));
    assert_eq!(answers[1]["valid"], json!(false));
    assert!(answers[1]["message"].as_str().unwrap().contains("unknown scheme"));
    let counts = ["items", "valid", "invalid", "malformed", "mismatches"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [3, 1, 1, 1, 0]);
    assert!(summary["seconds"].is_f64());
}

#[test]
fn expectations_decide_the_exit_status() {
    let good = item("sm2-sm3");
    let bad = with(&good, "message", json!("00"));
    let cases = [(&good, true, 0), (&good, false, 1), (&bad, false, 0), (&bad, true, 1)];
    for (item, expected, code) in cases {
        let run = verify("--json", with(item, "valid", json!(expected)).to_string());
        let (answers, summary) = run.json();
        assert_eq!((run.code, &summary["mismatches"]), (code, &json!(code)), "{run:?}");
        assert_eq!((&answers[0]["expected"], &answers[0]["matches"]), (&json!(expected), &json!(code == 0)));
    }
}

#[test]
fn only_mismatches_shows_what_differs_and_counts_all() {
    let good = item("ecdsa-secp256k1-sha256");
    let items = [with(&good, "valid", json!(true)), with(&good, "valid", json!(false)), with(&good, "message", json!("00")), json!([])];
    let (answers, summary) = verify("--json --only-mismatches", lines(&items)).json();
    assert_eq!(answers.iter().map(|answer| answer["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2]);
    assert_eq!((&summary["items"], &summary["malformed"]), (&json!(4), &json!(1)));
    let run = verify("--only-mismatches", lines(&items));
    assert!(run.stdout.starts_with("stdin:2: valid; invalid was expected\n4 items: 2 valid, 1 invalid, 1 malformed\n"), "{run:?}");
}

#[test]
fn people_read_place_reason_and_summary() {
    let good = item("ecdsa-p256-sha256");
    let items = [good.clone(), with(&good, "signature", json!("00")), with(&good, "key", json!("0x04"))];
    let run = verify("", format!("\n{}", lines(&items)));
    assert!(run.stdout.starts_with("stdin:3: invalid: "), "{run:?}");
    assert!(run.stdout.contains("3 items: 1 valid, 1 invalid, 1 malformed\n"), "{run:?}");
    assert!(run.stderr.starts_with("chainbox: stdin:4: malformed: field \"key\": hex digits without 0x were expected"), "{run:?}");
}

#[test]
fn low_s_is_a_policy_that_must_be_asked_for() {
    let high = &generate("--scheme ecdsa-secp256k1-sha256 --count 1 --low-s --invalid 1 --kinds high-s")[0];
    let item = without(high, "valid");
    assert_eq!(answer("", &item).0, 0);
    let (code, answer) = answer("--low-s", &item);
    assert_eq!((code, &answer["reason"]), (1, &json!("low-s-policy")));
}

#[test]
fn the_sm2_id_matters_and_its_default_is_not_the_empty_one() {
    let good = item("sm2-sm3");
    assert_eq!(answer("", &without(&good, "id")).0, 0);
    assert_eq!(answer("", &with(&good, "id", json!("31323334353637383132333435363738"))).0, 0);
    let (code, empty) = answer("", &with(&good, "id", json!("")));
    assert_eq!((code, &empty["reason"]), (1, &json!("equation")));
}

#[test]
fn a_wrong_hint_changes_nothing() {
    for scheme in SCHEMES {
        let good = item(scheme);
        let bad = with(&good, "message", json!("00"));
        for hint in ["00", "01", "ff", &"ff".repeat(32), &"00".repeat(33)] {
            assert_eq!(answer("", &with(&good, "hint", json!(hint))).0, 0, "{scheme} {hint}");
            assert_eq!(answer("", &with(&bad, "hint", json!(hint))).0, 1, "{scheme} {hint}");
        }
    }
}

/// Whatever the strategy, the answers are the same; the summary says how the items were decided.
#[test]
fn strategies_are_forced_and_shown_and_change_no_answer() {
    let items = lines(&generate("--count 600 --signers 20 --invalid 0.1 --hints y --seed 3 --scheme sm2-sm3"));
    let reference = verify("--json --strategy single", items.clone()).json();
    for strategy in ["auto", "lockstep", "known", "parity", "whole"] {
        let (answers, summary) = verify(&format!("--json --strategy {strategy}"), items.clone()).json();
        assert_eq!(answers, reference.0, "{strategy}");
        assert_eq!(summary["reasons"], reference.1["reasons"], "{strategy}");
        // 540 items are valid, some others get as far. A combination that they spoil is not worth splitting.
        let least = if strategy == "lockstep" { 500 } else { 0 };
        assert!(summary["strategies"][strategy].as_u64().unwrap_or(0) >= least, "{strategy}: {summary}");
    }
    assert_eq!(reference.1["strategies"].as_object().unwrap().keys().collect::<Vec<_>>(), ["single"]);
    let honest = lines(&generate("--count 600 --signers 20 --hints y --seed 3"));
    let (_, summary) = verify("--json --strategy whole", honest).json();
    assert_eq!(summary["strategies"], json!({ "whole": 600 }));
    let wrong = verify("--strategy quick", items);
    assert!(wrong.code == 2 && wrong.stderr.contains("auto, single, lockstep, known, parity, whole"), "{}", wrong.stderr);
}
