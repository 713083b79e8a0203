//! The blocks of a PEM file (RFC 7468), each with its line.

use x509_parser::{error::PEMError, nom, pem::parse_x509_pem};

const BEGIN: &[u8] = b"-----BEGIN ";

/// One block.
pub struct Block {
    /// The line of its `-----BEGIN`, from 1.
    pub line: u64,
    /// What it says it holds.
    pub label: String,
    /// What it holds, or what was expected.
    pub der: Result<Vec<u8>, String>,
}

/// The blocks of a file. What stands between them is passed over; one without an end goes up to the next one's beginning.
pub fn blocks(text: &[u8]) -> impl Iterator<Item = Block> {
    let mut starts = Vec::new();
    let mut offset = 0;
    for (line, number) in text.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        if line.starts_with(BEGIN) {
            starts.push((offset, number));
        }
        offset += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(offset, _)| *offset).chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(move |((start, line), end)| block(&text[start..end], line))
}

fn block(text: &[u8], line: u64) -> Block {
    let der = parse_x509_pem(text).map(|(_, pem)| pem.contents).map_err(|error| message(&error));
    Block { line, label: label(text), der }
}

/// What stands between `-----BEGIN ` and the next dashes.
fn label(text: &[u8]) -> String {
    let rest = &text[BEGIN.len()..];
    let end = rest.iter().position(|byte| matches!(byte, b'-' | b'\r' | b'\n')).unwrap_or(rest.len());
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

fn message(error: &nom::Err<PEMError>) -> String {
    match error {
        nom::Err::Error(PEMError::IncompletePEM) => "a line -----END was expected before the next block or the end of the file".to_owned(),
        nom::Err::Error(PEMError::Base64DecodeError) => "base64 was expected between the lines -----BEGIN and -----END".to_owned(),
        other => format!("a PEM block was expected: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_lines_labels_and_contents() {
        let text = "# a comment\n-----BEGIN A-----\r\nAAEC\r\n-----END A-----\r\n\n-----BEGIN B C-----\nAAEC\n-----BEGIN A-----\nAA==\n-----END A-----";
        let found: Vec<_> = blocks(text.as_bytes()).map(|block| (block.line, block.label, block.der)).collect();
        let no_end = Err("a line -----END was expected before the next block or the end of the file".to_owned());
        let expected = [(2, "A".to_owned(), Ok(vec![0, 1, 2])), (6, "B C".to_owned(), no_end), (8, "A".to_owned(), Ok(vec![0]))];
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_is_no_block() {
        assert_eq!(blocks(b"").count(), 0);
        assert_eq!(blocks(b"no PEM\n").count(), 0);
    }
}
