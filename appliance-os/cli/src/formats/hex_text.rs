//! Hex digits to bytes, with messages that say what is wrong and where.

use hex::FromHexError;

/// The bytes of hex digits that stand without 0x, as in JSON lines.
///
/// # Errors
/// What was expected instead.
pub fn plain(text: &str) -> Result<Vec<u8>, String> {
    if has_prefix(text) {
        return Err("hex digits without 0x were expected: drop the 0x".to_owned());
    }
    digits(text)
}

/// The bytes of hex digits that may follow 0x, as in Ethereum's tools.
///
/// # Errors
/// What was expected instead.
pub fn prefixed(text: &str) -> Result<Vec<u8>, String> {
    digits(if has_prefix(text) { &text[2..] } else { text })
}

/// Like [`prefixed`], for exactly `N` bytes.
///
/// # Errors
/// What was expected instead.
pub fn prefixed_array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let bytes = prefixed(text)?;
    <[u8; N]>::try_from(bytes.as_slice()).map_err(|_| format!("{N} bytes in hex were expected, not {}", bytes.len()))
}

fn has_prefix(text: &str) -> bool {
    text.starts_with("0x") || text.starts_with("0X")
}

fn digits(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text).map_err(|error| match error {
        FromHexError::OddLength => format!("an even number of hex digits was expected, two a byte; these are {}", text.len()),
        FromHexError::InvalidHexCharacter { index, .. } => {
            // `hex` counts bytes; what stands there may be a character of several.
            let found = text.char_indices().take_while(|(at, _)| *at <= index).last().map_or(' ', |(_, found)| found);
            format!("hex digits were expected; {found:?} at position {} is none", index + 1)
        }
        FromHexError::InvalidStringLength => "hex digits were expected".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read() {
        assert_eq!(plain("aBcDeF01"), Ok(vec![0xab, 0xcd, 0xef, 0x01]));
        assert_eq!(plain(""), Ok(vec![]));
        assert_eq!(prefixed("0xAb"), Ok(vec![0xab]));
        assert_eq!(prefixed("Ab"), Ok(vec![0xab]));
        assert_eq!(prefixed_array::<2>("0x0102"), Ok([1, 2]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(plain("0xab").unwrap_err().contains("drop the 0x"));
        assert!(plain("abc").unwrap_err().contains("these are 3"));
        assert!(plain("abxz").unwrap_err().contains("'x' at position 3"));
        assert!(plain("a\u{e9}z").unwrap_err().contains("'\u{e9}' at position 2"));
        assert!(prefixed_array::<2>("01").unwrap_err().contains("2 bytes in hex were expected, not 1"));
    }
}
