//! `chainbox hsm doctor`: what is right is said to be, and what is wrong is found at its step, with a remedy.

use std::fs;

use serde_json::{Value, json};

use crate::token::{CHAINBOX, LABEL, Token, json_lines, module, text};

/// The findings of a run that ended with this status, without the summary.
fn findings(token: &Token, status: i32, arguments: &[&str]) -> Vec<Value> {
    let output = token.run(&[&["hsm", "doctor", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    let mut lines = json_lines(&output);
    let summary = lines.pop().unwrap();
    let bad = lines.iter().filter(|line| line["state"] == "bad").count();
    assert_eq!((&summary["summary"]["fit"], &summary["summary"]["bad"]), (&json!(status == 0), &json!(bad)));
    lines
}

/// The one bad finding.
fn bad(findings: &[Value]) -> &Value {
    let bad: Vec<_> = findings.iter().filter(|line| line["state"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{findings:#?}");
    assert!(bad[0]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{bad:?}");
    bad[0]
}

#[test]
fn a_token_that_works_is_fit_and_stays_as_it_was() {
    let token = Token::new();
    for process in [&[][..], &["--in-process"]] {
        let flags = ["--pkcs11", module(), "--token", LABEL, "--pin-source", "env:TEST_TOKEN_PIN"];
        let found = findings(&token, 0, &[&flags, process].concat());
        let checks: Vec<&str> = found.iter().map(|line| line["check"].as_str().unwrap()).collect();
        for check in
            ["module", "PIN source", "load", "token", "login", "device", "mechanisms", "keys", "random bytes", "guard", "audit log"]
        {
            assert!(checks.contains(&check), "{check} is missing in {checks:?}");
        }
        for algorithm in ["ecdsa-p256", "ecdsa-secp256k1"] {
            let signature = found.iter().find(|line| line["check"] == format!("signature, {algorithm}")).unwrap();
            assert_eq!((&signature["state"], &signature["found"]), (&json!("ok"), &json!("it verifies")));
        }
    }
    assert_eq!(text(&token.hsm(&["list", "--json"]).stdout), "", "throw-away keys are left");
    let page = token.hsm(&["doctor"]);
    assert!(text(&page.stdout).ends_with("The device is fit.\n"), "{page:?}");
}

#[test]
fn each_failure_is_found_at_its_step() {
    let token = Token::new();
    let no_library = token.path("no_library.so");
    fs::write(&no_library, "not a library").unwrap();
    let no_library = no_library.to_str().unwrap();
    let missing = token.path("missing.so");
    let open_file = token.path("pin");
    fs::write(&open_file, "1234").unwrap();
    let open_file = format!("file:{}", open_file.display());
    // A file that could be loaded, were it a library.
    let no_module = CHAINBOX;
    let right = ["--pkcs11", module(), "--token", LABEL, "--pin-source", "env:TEST_TOKEN_PIN"];
    let with = |place: usize, value: &str| {
        let mut flags = right.map(str::to_owned);
        flags[place] = value.to_owned();
        flags
    };
    for (flags, check, part) in [
        (with(1, missing.to_str().unwrap()), "module", "No such file"),
        (with(1, no_library), "module", "no library"),
        (with(1, no_module), "load", ""),
        (with(3, "another"), "token", "no token has the label \"another\""),
        (with(5, "env:TEST_NO_SUCH_VARIABLE"), "PIN source", "not set"),
        (with(5, &open_file), "PIN source", "lets others in"),
        (with(5, "env:PATH"), "login", ""),
    ] {
        let found = findings(&token, 1, &flags.each_ref().map(String::as_str));
        let bad = bad(&found);
        assert_eq!(bad["check"], check, "{flags:?} {found:#?}");
        assert!(bad["found"].as_str().unwrap().contains(part), "{bad}");
    }
    // A PIN in the place of its source is refused without being repeated.
    let found = findings(&token, 1, &["--pkcs11", module(), "--token", LABEL, "--pin-source", crate::token::PIN]);
    assert_eq!(bad(&found)["check"], "settings");
}

#[test]
fn keys_of_the_settings_are_looked_for() {
    let token = Token::new();
    let keys = "[[hsm.key]]\nlabel = \"there\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"tls\"]\n\
                [[hsm.key]]\nlabel = \"missing\"\nscheme = \"ecdsa-p256-sha256\"\nroles = [\"tls\"]\n";
    let settings = token.settings(keys);
    let settings = settings.to_str().unwrap();
    assert_eq!(token.run(&["hsm", "generate", "there", "--config", settings]).status.code(), Some(0));
    let found = findings(&token, 1, &["--config", settings]);
    assert_eq!(bad(&found)["check"], "key missing");
    assert!(bad(&found)["remedy"].as_str().unwrap().contains("chainbox hsm generate"));
    let there = found.iter().find(|line| line["check"] == "key there").unwrap();
    assert_eq!((&there["state"], &there["found"]), (&json!("ok"), &json!("ecdsa-p256; roles: tls")));
}
