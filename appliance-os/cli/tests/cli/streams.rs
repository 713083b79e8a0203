//! What input and output may look like, whatever the format.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::run::{chainbox, generate, lines, verify, write};

#[test]
fn files_and_standard_input_are_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let items = lines(&generate("--count 20"));
    let path = write(dir.path(), "items", &items);
    let from_file = chainbox(["verify".as_ref(), "--json".as_ref(), path.as_os_str()], "");
    for arguments in [&["verify", "--json"][..], &["verify", "--json", "-"]] {
        let from_stdin = chainbox(arguments, &items);
        assert_eq!(from_stdin.json().0, from_file.json().0);
    }
    assert_eq!(from_file.code, 0);
}

#[test]
fn blank_lines_ends_of_lines_and_the_byte_order_mark_are_no_items() {
    let items = generate("--count 2");
    let text = format!("\u{feff}\r\n{}\r\n \t\r\n\n{}", items[0], items[1]);
    let run = verify("--json", text);
    let (answers, summary) = run.json();
    assert_eq!((run.code, &summary["items"]), (0, &json!(2)), "{run:?}");
    let places: Vec<_> = answers.iter().map(|answer| (answer["index"].as_u64().unwrap(), answer["line"].as_u64().unwrap())).collect();
    assert_eq!(places, [(0, 2), (1, 5)]);
}

#[test]
fn nothing_is_valid() {
    for format in ["auto", "jsonl", "eth-tx", "wycheproof", "x509"] {
        for input in ["", "\n \r\n"] {
            let run = verify(&format!("--json --format {format}"), input);
            assert_eq!((run.code, &run.json().1["items"]), (0, &json!(0)), "{format}: {run:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_named_and_sets_2() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let missing = format!("{folder}/missing");
    let cases = [
        (vec!["verify", &missing], "missing: No such file"),
        (vec!["verify", folder], "it is a folder"),
        (vec!["verify", "--backend", "tpu"], "no back end is called \"tpu\": say cpu, cuda, opencl"),
        (vec!["verify"], "stdin: the format cannot be told from the content; tell it with --format"),
        (vec!["verify", "--format", "wycheproof"], "stdin: a Wycheproof file was expected"),
        (vec!["verify", "--format", "x509"], "stdin: at least one certificate in PEM was expected"),
        (vec!["verify", "--format", "jsonl", "--chain-id", "1"], "policies for eth-tx; this input is jsonl: drop the option"),
        (vec!["verify", "--format", "wycheproof", "--require-chain-id"], "policies for eth-tx; this input is wycheproof"),
        (vec!["verify", "--format", "x509", "--low-s"], "--low-s is no policy for x509"),
        (vec!["verify", "--format", "xml"], "invalid value 'xml'"),
        (vec!["verify", "--threads", "0"], "0 is not in 1..=1024"),
    ];
    for (arguments, message) in cases {
        let run = chainbox(&arguments, "what is this?\n");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(message), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn a_line_above_the_limit_is_malformed_and_loses_no_other() {
    let item = &generate("--count 1")[0];
    let long = "x".repeat((16 << 20) + 1);
    let run = verify("--json", format!("{item}\n{long}\n{item}\n"));
    let (answers, _) = run.json();
    assert_eq!(run.code, 2);
    let seen: Vec<_> = answers.iter().map(|answer| (answer["line"].as_u64().unwrap(), answer["valid"].as_bool().unwrap())).collect();
    assert_eq!(seen, [(1, true), (2, false), (3, true)]);
    assert!(run.stderr.contains("1 malformed, the first: stdin:2: malformed: a line of at most 16 MiB was expected"), "{}", run.stderr);
}

#[test]
fn many_items_keep_their_order_on_any_number_of_threads() {
    let items = generate("--count 3000 --invalid 0.3 --kinds bad-encoding,r-zero --seed 4");
    let text = lines(&items);
    let one = verify("--json --threads 1", &text);
    let many = verify("--json --threads 7", &text);
    assert_eq!(one.code, 0);
    assert_eq!(one.json().0, many.json().0);
    let verdicts: Vec<_> = one.json().0.iter().map(|answer| answer["valid"].clone()).collect();
    assert_eq!(verdicts, items.iter().map(|item| item["valid"].clone()).collect::<Vec<_>>());
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let item = &generate("--count 1")[0];
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainbox"))
        .args(["verify", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for index in 0..3 {
        writeln!(stdin, "{item}").unwrap();
        assert!(answers.next().unwrap().unwrap().starts_with(&format!("{{\"index\":{index},")));
    }
    drop(stdin);
    assert!(answers.next().unwrap().unwrap().starts_with("{\"summary\""));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_reason_for_words() {
    let item = &generate("--count 1")[0];
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainbox"))
        .args(["verify", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    writeln!(stdin, "{item}").unwrap();
    // Standard input stays open: it must end nevertheless.
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
