//! Hex digits to bytes, with messages that say what is wrong and where.

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

/// The value of each byte as a hex digit; [`NO_DIGIT`] where it is none.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

const NO_DIGIT: u8 = 0xff;

/// By table, with one check at the end: crate hex would take half of the time in which a line is read.
fn digits(text: &str) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) {
        return Err(format!("an even number of hex digits was expected, two a byte; these are {}", text.len()));
    }
    let mut seen = 0;
    let byte = |pair: &[u8]| {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        seen |= high | low;
        high << 4 | low
    };
    let bytes = text.as_bytes().chunks_exact(2).map(byte).collect();
    if seen > 15 {
        let wrong = text.chars().enumerate().find(|(_, found)| !found.is_ascii_hexdigit());
        let (place, found) = wrong.unwrap_or_default();
        return Err(format!("hex digits were expected; {found:?} at position {} is none", place + 1));
    }
    Ok(bytes)
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
    fn exactly_the_digits_are_digits() {
        for byte in 0..=127_u8 {
            let character = char::from(byte);
            let expected = character.to_digit(16).map(|value| vec![value as u8 * 16, value as u8]);
            assert_eq!(digits(&format!("{character}00{character}")).ok(), expected);
        }
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
