//! Telling a format by the beginning of a file.
//!
//! The rule, which `chainbox verify --help` and docs/verify.md repeat. The first line that is not blank decides:
//! 1. It is hex with or without 0x, or a CSV header with a column `raw`: `eth-tx`.
//! 2. It begins with `{`: `wycheproof` where it is a complete JSON object with a field `testGroups`, or where the object goes on after
//!    it and the beginning of the file holds the name `testGroups` or `algorithm`; `jsonl` otherwise.
//! 3. Else: `x509` where a line of the beginning starts with `-----BEGIN `.

use serde::{Deserialize, de::IgnoredAny};

use super::{Format, eth_tx::Columns};

/// How many bytes are looked at where the first line does not decide.
pub const HEAD_BYTES_MAX: usize = 64 << 10;

/// What the first line that is not blank says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The format.
    Format(Format),
    /// An object that goes on after this line.
    OpenObject,
    /// Nothing.
    Nothing,
}

/// What the first line that is not blank says of the format. `complete` says whether the line's end was seen.
#[must_use]
pub fn by_line(line: &[u8], complete: bool) -> Told {
    if line.first() == Some(&b'{') {
        return by_object(line, complete);
    }
    if line.starts_with(PEM_BEGIN) {
        return Told::Format(Format::X509);
    }
    let Ok(text) = std::str::from_utf8(line) else { return Told::Nothing };
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let first_cell = digits.split(',').next().unwrap_or_default().trim();
    let is_hex = !first_cell.is_empty() && first_cell.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex || Columns::from_header(text).is_some() { Told::Format(Format::EthTx) } else { Told::Nothing }
}

/// What the first [`HEAD_BYTES_MAX`] bytes say, where the first line said `told`.
///
/// # Errors
/// What to do where they say nothing.
pub fn by_head(head: &[u8], told: Told) -> Result<Format, String> {
    match told {
        Told::Format(format) => Ok(format),
        Told::OpenObject if holds(head, b"\"testGroups\"") || holds(head, b"\"algorithm\"") => Ok(Format::Wycheproof),
        Told::OpenObject => Ok(Format::Jsonl),
        Told::Nothing if head.split(|byte| *byte == b'\n').any(|line| line.starts_with(PEM_BEGIN)) => Ok(Format::X509),
        Told::Nothing => Err(format!(
            "the format cannot be told from the content{}; tell it with --format jsonl, eth-tx, wycheproof or x509",
            looks_like(head)
        )),
    }
}

const PEM_BEGIN: &[u8] = b"-----BEGIN ";

fn by_object(line: &[u8], complete: bool) -> Told {
    #[derive(Deserialize)]
    struct Object {
        #[serde(rename = "testGroups")]
        test_groups: Option<IgnoredAny>,
    }
    match serde_json::from_slice::<Object>(line) {
        Ok(Object { test_groups: Some(_) }) => Told::Format(Format::Wycheproof),
        Err(error) if error.is_eof() || !complete => Told::OpenObject,
        // A line with a fault is a line nevertheless: its reader says what the fault is.
        _ => Told::Format(Format::Jsonl),
    }
}

fn holds(head: &[u8], name: &[u8]) -> bool {
    head.windows(name.len()).any(|window| window == name)
}

/// A remark on contents that are met by mistake.
fn looks_like(head: &[u8]) -> &'static str {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => " (it looks like UTF-16: save it as UTF-8)",
        [0x30, 0x80..=0x84, ..] => " (it looks like DER: make PEM of it with `openssl x509 -inform der`)",
        [0x1f, 0x8b, ..] => " (it looks like gzip: unpack it)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format_of(content: &str) -> Result<Format, String> {
        let line = content.lines().next().unwrap();
        by_head(content.as_bytes(), by_line(line.as_bytes(), content.contains('\n')))
    }

    #[test]
    fn the_content_tells_the_format() {
        let cases = [
            ("{\"scheme\":\"sm2-sm3\"}\n", Format::Jsonl),
            ("{\"key\":\"00\",\"algorithm\":1}\n", Format::Jsonl),
            ("{\"scheme\":\n", Format::Jsonl),
            ("{broken}\n", Format::Jsonl),
            ("{\"algorithm\":\"ECDSA\",\"testGroups\":[]}\n", Format::Wycheproof),
            ("{\n  \"algorithm\" : \"ECDSA\",\n", Format::Wycheproof),
            ("{\"algorithm\":\"ECDSA\",\"testGr", Format::Wycheproof),
            ("0x02f8\n", Format::EthTx),
            ("F86c\n", Format::EthTx),
            ("raw,sender,hash\n", Format::EthTx),
            ("f86c,00,00\n", Format::EthTx),
            ("-----BEGIN CERTIFICATE-----\n", Format::X509),
            ("Certificate:\n  Data:\n-----BEGIN CERTIFICATE-----\n", Format::X509),
        ];
        for (content, format) in cases {
            assert_eq!(format_of(content), Ok(format), "{content}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_the_remedy() {
        for content in ["hello\n", "[1]\n", "0x\u{1}\n"] {
            assert!(format_of(content).unwrap_err().contains("--format jsonl"), "{content}");
        }
        assert!(by_head(&[0x30, 0x82, 0x01], Told::Nothing).unwrap_err().contains("openssl x509"));
        assert!(by_head(&[0xff, 0xfe, b'{'], Told::Nothing).unwrap_err().contains("UTF-16"));
    }
}
