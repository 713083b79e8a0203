//! `chainbox check`, as a user sees it.

use std::process::Command;

fn check(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chainbox")).arg("check").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_scheme_has_a_line_of_json() {
    let lines: Vec<serde_json::Value> = check(&["--json"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, rows) = lines.split_last().unwrap();
    let tasks: Vec<_> = rows.iter().map(|row| format!("{} {}", row["task"].as_str().unwrap(), row["scheme"].as_str().unwrap())).collect();
    assert_eq!(
        tasks,
        [
            "verify ecdsa-secp256k1-sha256",
            "verify ecdsa-secp256k1-keccak256",
            "verify ecdsa-p256-sha256",
            "verify sm2-sm3",
            "recover ecdsa-secp256k1-keccak256",
        ]
    );
    for row in &rows[..4] {
        assert_eq!([&row["items"], &row["valid"], &row["invalid"]], [4096, 3688, 408], "{row}");
        assert!(row["items_per_s"].as_f64().unwrap() > 0.0, "{row}");
    }
    let items: u64 = rows.iter().map(|row| row["items"].as_u64().unwrap()).sum();
    assert_eq!(summary["summary"]["items"], items);
    assert_eq!(summary["summary"]["wrong"], 0);
}

#[test]
fn people_learn_what_it_proves_and_what_to_do_next() {
    let text = check(&[]);
    for part in
        ["known answers: all right", "ecdsa-p256-sha256", "sm2-sm3", "verifies correctly on this machine", "chainbox verify items.jsonl"]
    {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}
