//! Lines of transactions in hex, plain or as CSV: 0x and quotes change nothing, and the hash is that of the bytes.

use chainbox::formats::{
    Content, Entry, Facts,
    eth_tx::{self, Columns},
};
use chainbox_engine::transaction::ethereum::{Policy, address, decode};
use sha3::{Digest, Keccak256};

use super::{entries, transaction};

pub(crate) fn run(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n').zip(1..).peekable();
    let header = lines.peek().and_then(|(line, _)| Columns::from_header(str::from_utf8(line).ok()?));
    let columns = match header {
        Some(Err(_)) => return,
        Some(Ok(columns)) => {
            lines.next();
            columns
        }
        None => Columns::RAW_ONLY,
    };
    let parse = |line: &[u8], number| eth_tx::parse(line, number, columns, &Policy::default());
    let found: Vec<Entry> = lines
        .map(|(line, number)| {
            let entry = parse(line, number);
            if columns == Columns::RAW_ONLY {
                check_line(line, &entry);
            }
            entry
        })
        .collect();
    entries::check(data, &found);
}

/// What a line that is nothing but a transaction says, beside the bytes that stand there.
fn check_line(line: &[u8], entry: &Entry) {
    let digits = line.trim_ascii();
    let raw = hex::decode(digits.strip_prefix(b"0x").or(digits.strip_prefix(b"0X")).unwrap_or(digits));
    let Ok(raw) = raw else { return };
    let prefixed = format!("\"0x{}\"", hex::encode(&raw));
    assert_eq!(*entry, eth_tx::parse(prefixed.as_bytes(), entry.line, Columns::RAW_ONLY, &Policy::default()));
    assert_eq!(decode(&raw, &Policy::default()).is_ok(), matches!(entry.content, Content::Transaction(_)), "{entry:?}");
    if let Some(Facts { hash: Some(hash), .. }) = entry.facts {
        assert_eq!(hash[..], Keccak256::digest(&raw)[..]);
    }
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs: Vec<Vec<u8>> = transaction::inputs().iter().map(|raw| format!("0x{}\n", hex::encode(raw)).into_bytes()).collect();
    let rows = transaction::inputs().into_iter().map(|raw| {
        let (sender, hash) = (address(&[7; 64]), Keccak256::digest(&raw));
        format!("{},{},0x{}\n", hex::encode(&raw), hex::encode(sender), hex::encode(hash))
    });
    inputs.push(format!("raw,sender,hash\n{}", rows.collect::<String>()).into_bytes());
    inputs
}
