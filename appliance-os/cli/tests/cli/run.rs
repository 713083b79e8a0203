//! Runs the binary and reads what it says.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use serde_json::Value;

/// What a run of the binary left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The lines of JSON: items, and the summary's content.
    pub fn json(&self) -> (Vec<Value>, Value) {
        let mut lines: Vec<Value> = self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let mut last = lines.pop().expect("a summary");
        (lines, last["summary"].take())
    }
}

/// Runs `chainbox` with arguments and standard input.
pub fn chainbox<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, input: impl AsRef<[u8]>) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chainbox"))
        .args(arguments)
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    // It may end before it has read everything: then writing fails, as it should.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    finished(output)
}

fn finished(output: Output) -> Run {
    Run {
        code: output.status.code().expect("an exit status"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `chainbox verify` on standard input, with options that stand in one text.
pub fn verify(options: &str, input: impl AsRef<[u8]>) -> Run {
    chainbox(["verify"].into_iter().chain(options.split_whitespace()), input)
}

/// Writes a file into a folder and gives its path.
pub fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Items as `chainbox generate` makes them, one JSON object each.
pub fn generate(options: &str) -> Vec<Value> {
    let run = chainbox(["generate"].into_iter().chain(options.split_whitespace()), "");
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One line each.
pub fn lines(items: &[Value]) -> String {
    items.iter().map(|item| format!("{item}\n")).collect()
}
