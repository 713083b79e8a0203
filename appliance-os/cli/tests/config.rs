//! `chainbox config`, as a user sees it.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

/// Runs `chainbox config` with these arguments and variables, and no others that could set something.
fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainbox"));
    command.env_clear().env("HOME", "/home/node").arg("config").args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A file of settings in a folder of its own.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("box.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn check_shows_every_value_with_its_origin() {
    let (_dir, path) = file("[limits]\nconnections_max = 4000\n\n[[source]]\nname = \"a\"\nusers = [\"7\"]\n");
    let arguments = ["check", "--config", &path, "--grpc", "off", "--data", "/data", "--set", "limits.message_bytes_max=8 MiB"];
    let output = config(&arguments, &[("CHAINBOX_LOG_FILTER", "warn")]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        &format!("limits.connections_max 4000 {path}:2"),
        "grpc.listen \"off\" flag",
        "data \"/data\" flag",
        "socket.path \"/data/chainbox.sock\" default",
        "limits.message_bytes_max \"8 MiB\" flag",
        "log.filter \"warn\" environment CHAINBOX_LOG_FILTER",
        "tls.key not set default",
        &format!("source.a.users [\"7\"] {path}:6"),
        "source.a.weight 100 default",
        "Nothing is wrong with these settings.",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line:?} is missing in\n{text}");
    }
}

#[test]
fn check_says_all_that_is_wrong_and_ends_with_2() {
    let (_dir, path) = file("[grpc]\nlisten = \"0.0.0.0:7410\"\nlisten_on = 1\n");
    let output = config(&["check", "--config", &path, "--http", "nowhere"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stdout(&output);
    for part in [
        &format!("{path}:2: grpc.listen: without TLS, 0.0.0.0:7410 is open to the network; "),
        &format!("{path}:3: grpc.listen_on: there is no such key; did you mean grpc.listen?"),
        "flag: http.listen: \"nowhere\" is no address; ",
        "3 problems: ",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn check_prints_lines_of_json() {
    let lines = |output: &Output| -> Vec<Value> { stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let right = lines(&config(&["check", "--json", "--config", "/dev/null", "--set", "engine.threads=2"], &[]));
    assert!(right.contains(&json!({ "key": "engine.threads", "value": 2, "origin": "flag" })), "{right:?}");
    assert!(right.contains(&json!({ "key": "http.listen", "value": "127.0.0.1:7411", "origin": "default" })), "{right:?}");
    assert!(right.contains(&json!({ "key": "tls.key", "value": null, "origin": "default" })), "{right:?}");
    assert_eq!(right.last(), Some(&json!({ "summary": { "problems": 0 } })));
    let output = config(&["check", "--json", "--config", "/dev/null", "--set", "engine.thread=2"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let wrong = json!({
        "key": "engine.thread", "origin": "flag", "problem": "there is no such key",
        "remedy": "did you mean engine.threads? `chainbox config template` lists all keys",
    });
    assert_eq!(lines(&output), [wrong, json!({ "summary": { "problems": 1 } })]);
}

#[test]
fn the_template_is_the_checked_in_one_and_takes_what_flags_set() {
    let checked_in = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/chainbox.toml")).unwrap();
    assert_eq!(stdout(&config(&["template"], &[("CHAINBOX_LOG_FILTER", "warn")])), checked_in);
    let set = stdout(&config(&["template", "--data", "/srv/box", "--set", "log.filter=warn"], &[]));
    let expected =
        checked_in.replace("#data = \"/var/lib/chainbox\"", "data = \"/srv/box\"").replace("#filter = \"info\"", "filter = \"warn\"");
    assert_eq!(set, expected);
    let wrong = config(&["template", "--grpc", "nowhere", "--http", "x"], &[]);
    let errors = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!((wrong.status.code(), errors.lines().filter(|line| line.starts_with("chainbox: flag: ")).count()), (Some(2), 2), "{errors}");
}
