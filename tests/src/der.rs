//! The DER form of a signature, written independently of the engine's parser.

/// SEQUENCE { INTEGER r, INTEGER s } of r||s, 32 bytes each, big-endian.
#[must_use]
pub fn from_raw(raw: &[u8; 64]) -> Vec<u8> {
    let integers = [integer(&raw[..32]), integer(&raw[32..])].concat();
    tagged(0x30, &integers)
}

/// r||s of a signature in strict DER whose integers fit 32 bytes each, or `None` for any other bytes.
#[must_use]
pub fn to_raw(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, _, content @ ..] = der else { return None };
    let (r, rest) = magnitude(content)?;
    let (s, _) = magnitude(rest)?;
    let mut raw = [0; 64];
    raw[32 - r.len()..32].copy_from_slice(r);
    raw[64 - s.len()..].copy_from_slice(s);
    // Strictness by writing it again: the same integers have one DER form.
    (from_raw(&raw) == der).then_some(raw)
}

/// INTEGER with the value of `magnitude`, big-endian and unsigned.
#[must_use]
pub fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut content = trimmed(magnitude).to_vec();
    if content.first().is_none_or(|&byte| byte >= 0x80) {
        content.insert(0, 0);
    }
    tagged(0x02, &content)
}

/// A tag, a definite length in its shortest form, and the content.
///
/// # Panics
/// Where the content has more than 65,535 bytes.
#[must_use]
pub fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("DER content of at most 65,535 bytes").to_be_bytes();
    let mut bytes = match length {
        [0, short @ ..0x80] => vec![tag, short],
        [0, long] => vec![tag, 0x81, long],
        [high, low] => vec![tag, 0x82, high, low],
    };
    bytes.extend_from_slice(content);
    bytes
}

/// The magnitude of the INTEGER at the start, without leading zeros and of at most 32 bytes, and what follows it.
fn magnitude(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = bytes else { return None };
    let (content, rest) = rest.split_at_checked(usize::from(*length))?;
    let content = trimmed(content);
    (content.len() <= 32).then_some((content, rest))
}

/// The bytes without leading zeros.
fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        for (r, s) in [(0, 0), (1, 0x7f), (0x80, 0xff)] {
            let mut raw = [0; 64];
            (raw[31], raw[63]) = (r, s);
            assert_eq!(to_raw(&from_raw(&raw)), Some(raw));
            (raw[0], raw[32]) = (r, s);
            assert_eq!(to_raw(&from_raw(&raw)), Some(raw));
        }
        assert_eq!(from_raw(&[0xff; 64]).len(), 72);
    }

    #[test]
    fn what_is_not_strict_der_has_no_raw_form() {
        for bytes in
            ["", "30", "3000", "30060201010201", "3006020101020101ff", "300702010102020001", "30810602010102010100", "3080020101020101"]
        {
            assert_eq!(to_raw(&hex::decode(bytes).unwrap()), None, "{bytes}");
        }
        assert!(to_raw(&hex::decode("3006020101020101").unwrap()).is_some());
    }
}
