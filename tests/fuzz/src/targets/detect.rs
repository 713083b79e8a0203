//! Telling the format: what one of the readers takes is told to be its format.

use chainbox::formats::{
    Content, Format,
    detect::{Told, by_head, by_line},
    eth_tx::{self, Columns},
    jsonl, wycheproof,
};
use chainbox_engine::transaction::ethereum::Policy;

use super::eth_tx as transactions;
use crate::corpus;

pub(crate) fn run(data: &[u8]) {
    let data = data.trim_ascii_start();
    let end = data.iter().position(|&byte| byte == b'\n');
    let line = &data[..end.unwrap_or(data.len())];
    let told = by_line(line, true);
    assert!([told, Told::OpenObject].contains(&by_line(line, false)), "a line whose end was not seen");
    let format = by_head(data, told);

    // The short look does not understand escapes, the quotes of CSV, and blanks that are not ASCII's; a reader does.
    let is_plain = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if !data.iter().all(is_plain) || data.contains(&b'\\') || data.starts_with(b"\"") {
        return;
    }
    let item = jsonl::parse(line, 1, false).content;
    let transaction = eth_tx::parse(line, 1, Columns::RAW_ONLY, &Policy::default()).content;
    if wycheproof::parse(data, false).is_ok() {
        assert_eq!(format, Ok(Format::Wycheproof));
    } else if matches!(item, Content::Signature(_)) && !holds(line, b"testGroups") {
        assert_eq!(format, Ok(Format::Jsonl));
    } else if matches!(transaction, Content::Transaction(_)) {
        assert_eq!(format, Ok(Format::EthTx));
    }
}

fn holds(line: &[u8], name: &[u8]) -> bool {
    line.windows(name.len()).any(|window| window == name)
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = transactions::inputs();
    inputs.extend(super::jsonl::inputs());
    inputs.extend(corpus("wycheproof"));
    inputs.extend(corpus("x509"));
    inputs
}
