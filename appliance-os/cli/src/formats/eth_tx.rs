//! `eth-tx`: a raw signed Ethereum transaction in hex a line, or CSV with what is expected of each.

use chainbox_engine::{
    hash::keccak256,
    transaction::ethereum::{self, Policy},
    verdict::Reason,
};

use super::{Content, Entry, Expected, Facts, Refusal, ToRecover, hex_text};

/// The names of the columns, as the header of a CSV file has them.
const COLUMN_NAMES: [&str; 3] = ["raw", "sender", "hash"];

/// Where in a row each cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    count: usize,
    raw: usize,
    sender: Option<usize>,
    hash: Option<usize>,
}

impl Columns {
    /// Lines that are nothing but a transaction.
    pub const RAW_ONLY: Self = Self { count: 1, raw: 0, sender: None, hash: None };

    /// The columns that a header names, or `None` where the line is no header: it names no column `raw`.
    ///
    /// # Errors
    /// What was expected, where a header names other columns too.
    pub fn from_header(line: &str) -> Option<Result<Self, String>> {
        let names: Vec<&str> = cells(line).collect();
        let place = |name: &str| names.iter().position(|found| *found == name);
        let raw = place("raw")?;
        let known = |(at, name): (usize, &&str)| COLUMN_NAMES.contains(name) && place(name) == Some(at);
        if !names.iter().enumerate().all(known) {
            return Some(Err(format!("the header raw,sender,hash was expected, not {line:?}")));
        }
        Some(Ok(Self { count: names.len(), raw, sender: place("sender"), hash: place("hash") }))
    }
}

/// The cells of a row: hex never holds a comma, so quotes have no meaning beyond being dropped.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| {
        let cell = cell.trim();
        cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
    })
}

/// Reads one line.
#[must_use]
pub fn parse(line: &[u8], number: u64, columns: Columns, policy: &Policy) -> Entry {
    let entry = match row(line, columns) {
        Ok((raw, expected)) => {
            let (content, hash) = transaction(&raw, policy);
            return Entry { expected, facts: Some(Facts { hash, sender: None }), ..Entry::new(number, content) };
        }
        Err(message) => Entry::malformed(number, message),
    };
    Entry { facts: Some(Facts::default()), ..entry }
}

/// The transaction's bytes and what is expected of it.
fn row(line: &[u8], columns: Columns) -> Result<(Vec<u8>, Option<Expected>), String> {
    let line = std::str::from_utf8(line).map_err(|_| "hex digits were expected; this is not even text")?;
    let cells: Vec<&str> = cells(line).collect();
    if cells.len() != columns.count {
        return Err(if columns == Columns::RAW_ONLY {
            "one transaction in hex was expected; more columns need the header raw,sender,hash".to_owned()
        } else {
            format!("{} columns were expected, as in the header, not {}", columns.count, cells.len())
        });
    }
    let raw = hex_text::prefixed(cells[columns.raw])?;
    let sender = optional(&cells, "sender", columns.sender)?;
    let hash = optional(&cells, "hash", columns.hash)?;
    let expected = (sender.is_some() || hash.is_some()).then_some(Expected::Transaction { sender, hash });
    Ok((raw, expected))
}

/// The bytes of a cell that may be empty: nothing is expected then.
fn optional<const N: usize>(cells: &[&str], name: &str, column: Option<usize>) -> Result<Option<[u8; N]>, String> {
    match column.map(|column| cells[column]) {
        None | Some("") => Ok(None),
        Some(text) => hex_text::prefixed_array(text).map(Some).map_err(|error| format!("column {name}: {error}")),
    }
}

/// What is left to do for a transaction, and its hash where the bytes are one.
fn transaction(raw: &[u8], policy: &Policy) -> (Content, Option<[u8; 32]>) {
    match ethereum::decode(raw, policy) {
        Ok(transaction) => {
            let to_recover = ToRecover { digest: transaction.signing_digest, signature: transaction.signature };
            (Content::Transaction(to_recover), Some(transaction.hash))
        }
        Err(reason) => (Content::Refused(Refusal::Item(reason)), is_transaction(reason).then(|| keccak256(raw))),
    }
}

/// Whether what was refused is a transaction in the form that its hash is made of.
fn is_transaction(reason: Reason) -> bool {
    !matches!(reason, Reason::TransactionEncoding | Reason::TransactionType | Reason::BlobNetworkForm)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of EIP-155: nonce 9, chain 1, secret key 0x4646...46.
    const RAW: &str = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    const SIGNED: &str = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
    const COLUMNS: Columns = Columns { count: 3, raw: 0, sender: Some(1), hash: Some(2) };

    fn read(line: &str, columns: Columns) -> Entry {
        parse(line.as_bytes(), 3, columns, &Policy::default())
    }

    fn message_of(line: &str, columns: Columns) -> String {
        match read(line, columns).content {
            Content::Malformed(message) => message,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_transaction_is_read_with_and_without_prefix() {
        let entry = read(RAW, Columns::RAW_ONLY);
        let Content::Transaction(to_recover) = entry.content else { panic!("{entry:?}") };
        assert_eq!(hex::encode(to_recover.digest), SIGNED);
        assert_eq!(read(&format!("0x{}", RAW.to_uppercase()), Columns::RAW_ONLY), entry);
    }

    #[test]
    fn what_is_no_transaction_has_no_hash() {
        let garbage = read("00", Columns::RAW_ONLY);
        assert!(matches!(garbage.content, Content::Refused(Refusal::Item(Reason::TransactionEncoding | Reason::TransactionType))));
        assert_eq!(garbage.facts, Some(Facts::default()));
        let policy = Policy { chain_id: Some(5), require_chain_id: false };
        let other_chain = parse(RAW.as_bytes(), 1, Columns::RAW_ONLY, &policy);
        assert_eq!(other_chain.content, Content::Refused(Refusal::Item(Reason::ChainId)));
        assert_eq!(other_chain.facts.unwrap().hash, Some(keccak256(&hex::decode(RAW).unwrap())));
    }

    #[test]
    fn rows_tell_what_is_expected() {
        let (sender, hash) = ("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F", "0x".to_owned() + &"1f".repeat(32));
        let all = Expected::Transaction { sender: hex_text::prefixed_array(sender).ok(), hash: Some([0x1f; 32]) };
        assert_eq!(read(&format!("{RAW},{sender},{hash}"), COLUMNS).expected, Some(all));
        assert_eq!(read(&format!("\"{RAW}\" , 0x{sender},{hash}"), COLUMNS).expected, Some(all));
        assert_eq!(read(&format!("{RAW},,"), COLUMNS).expected, None);
        assert!(message_of(&format!("{RAW},{sender}"), COLUMNS).contains("3 columns were expected, as in the header, not 2"));
        assert!(message_of(&format!("{RAW},zz,{hash}"), COLUMNS).contains("column sender: hex digits were expected"));
        assert!(message_of(&format!("{RAW},{sender},00"), COLUMNS).contains("column hash: 32 bytes in hex were expected, not 1"));
        assert!(message_of(&format!("{RAW},{sender},{hash}"), Columns::RAW_ONLY).contains("need the header raw,sender,hash"));
    }

    #[test]
    fn headers_name_the_columns() {
        assert_eq!(Columns::from_header("raw,sender,hash"), Some(Ok(COLUMNS)));
        assert_eq!(Columns::from_header("raw"), Some(Ok(Columns::RAW_ONLY)));
        let reordered = Columns { count: 3, raw: 2, sender: Some(1), hash: Some(0) };
        assert_eq!(Columns::from_header("hash, sender, raw"), Some(Ok(reordered)));
        assert_eq!(Columns::from_header(RAW), None);
        for wrong in ["raw,sender,hash,block", "raw,raw", "raw,sender,sender"] {
            assert!(Columns::from_header(wrong).unwrap().unwrap_err().contains("raw,sender,hash was expected"), "{wrong}");
        }
    }
}
