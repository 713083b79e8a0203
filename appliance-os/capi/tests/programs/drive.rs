//! What `tests/c/drive.c` is asked and what it answers, in its words.

use std::{fmt::Write as _, process::Command};

use chainbox_api::convert;
use chainbox_engine::{
    backend::{Backend, Cpu},
    batch::{Batch, ByteColumn, RecoveryBatch},
    hash::Hash,
    verdict::Verdicts,
};

use super::build::succeed;

/// Requests, and the line that answers each.
#[derive(Default)]
pub struct Script {
    requests: String,
    answers: Vec<String>,
}

impl Script {
    /// Asks to verify a batch, with and without hints. The engine says what comes of it.
    pub fn verify(&mut self, batch: &Batch) {
        let shape = batch.shape();
        let numbers = [
            convert::scheme_to_proto(shape.scheme) as i32,
            convert::input_to_proto(shape.input) as i32,
            convert::encoding_to_proto(shape.encoding) as i32,
            i32::from(shape.low_s),
            batch.len() as i32,
        ];
        let columns = [batch.keys(), batch.inputs(), batch.signatures(), batch.ids(), batch.hints()].map(column).join(" ");
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        let verdicts = Cpu::new().verify(batch).unwrap();
        self.ask(&format!("verify {numbers} {columns}"), format!("0 {}", answer(&verdicts)));
        // Which hints are found depends on the threads; `hints_are_right` looks at them.
        self.ask(&format!("hints {numbers} {columns}"), format!("0 {} HINTS", answer(&verdicts)));
    }

    /// Asks to recover keys.
    pub fn recover(&mut self, batch: &RecoveryBatch) {
        let columns = [batch.inputs(), batch.signatures(), batch.hints()].map(column).join(" ");
        let numbers = format!("{} {} {}", convert::input_to_proto(batch.input()) as i32, i32::from(batch.low_s()), batch.len());
        let recovered = Cpu::new().recover(batch).unwrap();
        self.ask(
            &format!("recover {numbers} {columns}"),
            format!("0 {} {}", answer(&recovered.verdicts), hex(recovered.keys.as_flattened())),
        );
    }

    /// Asks for digests.
    pub fn digest(&mut self, hash: Hash, messages: &ByteColumn) {
        let digests: Vec<_> = messages.iter().map(|message| hash.digest(message)).collect();
        let request = format!("digest {} {} {}", convert::hash_to_proto(hash) as i32, messages.len(), column(messages));
        self.ask(&request, format!("0 {}", hex(digests.as_flattened())));
    }

    /// Asks in words.
    pub fn ask(&mut self, request: &str, answer: String) {
        writeln!(self.requests, "{request}").unwrap();
        self.answers.push(answer);
    }

    /// Runs the program and compares every line.
    pub fn run(&self, command: &mut Command) {
        let output = succeed(command, &self.requests);
        let mut lines = output.lines();
        assert_eq!(lines.next(), Some("0"), "the handle opens: {output}");
        for (index, expected) in self.answers.iter().enumerate() {
            let line = lines.next().unwrap_or_else(|| panic!("no answer to request {index}"));
            match expected.strip_suffix(" HINTS") {
                None => assert_eq!(line, expected, "request {index}"),
                Some(verdicts) => {
                    let rest = line.strip_prefix(verdicts).unwrap_or_else(|| panic!("request {index}: {line}\nbegins not with {verdicts}"));
                    hints_are_right(rest, verdicts);
                }
            }
        }
        assert_eq!(lines.next(), None);
    }
}

/// `HEX LENGTH...`: of 32 bytes or none, none where the item is not valid, and as many bytes as that.
fn hints_are_right(hints: &str, verdicts: &str) {
    let codes = bytes(verdicts.rsplit(' ').next().unwrap());
    let (data, lengths) = hints.trim_start().split_once(' ').unwrap_or((hints.trim(), ""));
    let lengths: Vec<usize> = lengths.split_whitespace().map(|length| length.parse().unwrap()).collect();
    assert_eq!(lengths.len(), codes.len());
    assert!(lengths.iter().zip(&codes).all(|(&length, &code)| length == 0 || length == 32 && code == 1), "{codes:?} {lengths:?}");
    assert_eq!(bytes(data).len(), lengths.iter().sum::<usize>());
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.trim_matches('-').as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn answer(verdicts: &Verdicts) -> String {
    let codes: Vec<u8> = verdicts.as_slice().iter().map(|verdict| verdict.code()).collect();
    format!("{} {}", u8::from(verdicts.all()), hex(&codes))
}

/// A column by its width where it has one, by its lengths else, absent where it has no strings.
pub fn column(column: &ByteColumn) -> String {
    let width = column.iter().next().map_or(0, <[u8]>::len);
    if column.is_empty() {
        "absent".to_owned()
    } else if width > 0 && column.iter().all(|string| string.len() == width) {
        format!("width {width} {}", hex(column.data()))
    } else {
        let lengths: Vec<String> = column.iter().map(|string| string.len().to_string()).collect();
        format!("lengths {} {}", hex(column.data()), lengths.join(" "))
    }
}

pub fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".to_owned() } else { bytes.iter().map(|byte| format!("{byte:02x}")).collect() }
}
