//! Signatures and keys as bytes, well-formed and not.

use chainbox_engine::batch::Encoding;

use crate::stream::{Stream, choose};

/// A signature as the encoding says.
pub(crate) fn signature(encoding: Encoding, r: &[u8; 32], s: &[u8; 32]) -> Vec<u8> {
    match encoding {
        Encoding::Raw => [*r, *s].concat(),
        Encoding::Der => sequence(&[integer(r), integer(s)].concat()),
    }
}

/// A signature that is not what the encoding says, in one of the ways that lenient readers let pass.
pub(crate) fn bad_signature(encoding: Encoding, r: &[u8; 32], s: &[u8; 32], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = signature(encoding, r, s);
    match encoding {
        Encoding::Raw => match choose(stream, 3) {
            0 => bytes.truncate(63),
            1 => bytes.push(0),
            _ => bytes.clear(),
        },
        Encoding::Der => match choose(stream, 6) {
            // Something after the sequence.
            0 => bytes.push(0),
            // The sequence ends before its end.
            1 => drop(bytes.pop()),
            // Another tag: SET.
            2 => bytes[0] = 0x31,
            // A long-form length where the short form holds it (BER).
            3 => bytes.insert(1, 0x81),
            // A leading zero that no sign bit asks for (BER).
            4 => bytes = sequence(&[&[0x02, 34, 0, 0], &r[..], &integer(s)].concat()),
            // The form with an indefinite length (BER).
            _ => bytes = [&[0x30, 0x80], &integer(r)[..], &integer(s), &[0, 0]].concat(),
        },
    }
    bytes
}

/// SEQUENCE of some 72 bytes: the length is in the short form.
fn sequence(content: &[u8]) -> Vec<u8> {
    debug_assert!(content.len() < 128);
    [&[0x30, content.len() as u8], content].concat()
}

/// INTEGER in the fewest bytes, with a zero in front where the sign bit would be set (X.690, 8.3).
fn integer(value: &[u8; 32]) -> Vec<u8> {
    let first = value.iter().position(|&byte| byte != 0).unwrap_or(31);
    let digits = &value[first..];
    let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
    [&[0x02, (sign.len() + digits.len()) as u8], sign, digits].concat()
}

/// A point as SEC1 bytes.
pub(crate) fn key(compressed: bool, x: &[u8; 32], y: &[u8; 32]) -> Vec<u8> {
    if compressed { [&[2 | (y[31] & 1)], &x[..]].concat() } else { [&[4], &x[..], y].concat() }
}

/// Bytes that are not a SEC1 point.
pub(crate) fn bad_key(compressed: bool, x: &[u8; 32], y: &[u8; 32], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = key(compressed, x, y);
    match choose(stream, 5) {
        // A prefix that SEC1 does not have, though some libraries do: x alone.
        0 => bytes[0] = 5,
        // The hybrid form, which SEC1 dropped; its length is that of the uncompressed one.
        1 => bytes = [&[6 | (y[31] & 1)], &x[..], y].concat(),
        2 => drop(bytes.pop()),
        3 => bytes.push(0),
        // x is not below p.
        _ => bytes[1..33].fill(0xff),
    }
    bytes
}
