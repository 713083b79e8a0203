//! `chainbox hsm bench`: every path by every number of sessions, and nothing left behind.

use std::fs;

use serde_json::Value;

use crate::token::{Token, assert_refused, lines, text};

const QUICK: [&str; 6] = ["--sessions", "1,3", "--sample-ms", "50", "--samples", "2"];

#[test]
fn every_path_is_measured_beside_the_bare_loop() {
    let token = Token::new();
    let file = token.path("hsm.json");
    let measured = lines(&token.hsm(&[&["bench", "--json", "--json-out", file.to_str().unwrap()], &QUICK[..]].concat()));
    let (rows, summary) = measured.split_at(measured.len() - 1);
    let mut subjects: Vec<_> = rows.iter().map(|row| (row["path"].as_str().unwrap(), row["sessions"].as_u64().unwrap())).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [("bare", 1), ("bare", 3), ("child", 1), ("child", 3), ("in-process", 1), ("in-process", 3)]);
    for row in rows {
        let number = |field: &str| row[field].as_f64().unwrap();
        assert!(number("per_second") > 0.0 && number("p50_us") > 0.0 && number("p50_us") <= number("p99_us"), "{row}");
        assert!(number("ratio_to_bare") > 0.0 && row["signatures"].as_u64().unwrap() > 1, "{row}");
    }
    assert_eq!(summary[0]["summary"]["saturation"].as_array().unwrap().len(), 3);
    let written: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["rows"].as_array().unwrap().len(), 6);
    assert_eq!(text(&token.hsm(&["list", "--json"]).stdout), "", "the throw-away key is left");
}

#[test]
fn a_key_that_votes_is_not_measured() {
    let token = Token::new();
    let settings =
        token.settings("[[hsm.key]]\nlabel = \"validator\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"vote\"]\nchain = \"main\"\n");
    let bench = ["hsm", "bench", "--key", "validator", "--config", settings.to_str().unwrap()];
    assert_refused(&token.run(&[&bench, &QUICK[..]].concat()), &["validator votes"]);
}
