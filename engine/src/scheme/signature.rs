//! Signatures and digests from bytes: r||s of 64 bytes or strict DER, digests as integers.

use crate::{
    batch::Encoding,
    curve::Curve,
    field::limbs::{self, Limbs},
    hash::Digest,
    verdict::Reason,
};

/// r and s of a signature, both in [1, n - 1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// r.
    pub r: Limbs,
    /// s.
    pub s: Limbs,
}

/// r and s of a signature, each in [1, n - 1].
///
/// # Errors
/// [`Reason::Encoding`], [`Reason::ROutOfRange`] or [`Reason::SOutOfRange`], in this order.
pub(super) fn parse(bytes: &[u8], encoding: Encoding, n: &Limbs) -> Result<Signature, Reason> {
    let [r, s] = match encoding {
        Encoding::Raw => raw(bytes),
        Encoding::Der => der(bytes),
    }
    .ok_or(Reason::Encoding)?;
    Ok(Signature { r: in_range(r, n).ok_or(Reason::ROutOfRange)?, s: in_range(s, n).ok_or(Reason::SOutOfRange)? })
}

/// An integer as its minimal or fixed-width big-endian magnitude; `None` for a negative one.
type Magnitude<'a> = Option<&'a [u8]>;

fn in_range(magnitude: Magnitude<'_>, n: &Limbs) -> Option<Limbs> {
    let magnitude = magnitude?;
    let mut bytes = [0; 32];
    bytes[32usize.checked_sub(magnitude.len())?..].copy_from_slice(magnitude);
    let integer = limbs::from_be_bytes(&bytes);
    (!limbs::is_zero(&integer) && limbs::less(&integer, n)).then_some(integer)
}

/// A digest as an integer modulo n. n is above 2^255, so one subtraction reduces it.
pub(super) fn integer_of_digest<C: Curve>(digest: &Digest) -> Limbs {
    limbs::reduce_once(&limbs::from_be_bytes(digest), 0, &C::N)
}

/// Whether s > (n - 1)/2, that is 2s > n.
pub(super) fn is_high<C: Curve>(s: &Limbs) -> bool {
    let (double, carry) = limbs::add(s, s);
    carry == 1 || limbs::less(&C::N, &double)
}

fn raw(bytes: &[u8]) -> Option<[Magnitude<'_>; 2]> {
    let (r, s) = (bytes.len() == 64).then(|| bytes.split_at(32))?;
    Some([Some(r), Some(s)])
}

/// SEQUENCE { INTEGER r, INTEGER s } in DER (X.690): minimal lengths, minimal integers, nothing left over. A negative integer, or one of any
/// size, is well encoded: its range is judged later.
fn der(bytes: &[u8]) -> Option<[Magnitude<'_>; 2]> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (sequence, []) = tagged(SEQUENCE, bytes)? else { return None };
    let (r, rest) = tagged(INTEGER, sequence)?;
    let (s, []) = tagged(INTEGER, rest)? else { return None };
    Some([integer(r)?, integer(s)?])
}

/// The content of the element at the start of `bytes`, which must have this tag, and what follows it.
fn tagged(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (long, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
            let length = long.iter().fold(0u32, |length, &byte| length << 8 | u32::from(byte));
            // Minimal: no leading zero, and no long form where the short one would do.
            (long[0] != 0 && length > 0x7f).then_some((length as usize, rest))?
        }
        // Indefinite, or longer than any signature that could be given.
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The magnitude of an INTEGER's content, without its sign byte; the outer `None` where the content is empty or not minimal (X.690, 8.3.2).
fn integer(content: &[u8]) -> Option<Magnitude<'_>> {
    match content {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => None,
        [0, magnitude @ ..] if !magnitude.is_empty() => Some(Some(magnitude)),
        [0x80..=0xff, ..] => Some(None),
        _ => Some(Some(content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: Limbs = [u64::MAX, 0, 0, 1 << 63];

    fn check(bytes: &[u8]) -> Result<[Limbs; 2], Reason> {
        parse(bytes, Encoding::Der, &N).map(|signature| [signature.r, signature.s])
    }

    #[test]
    fn strict_der() {
        let one_two = Ok([[1, 0, 0, 0], [2, 0, 0, 0]]);
        assert_eq!(check(&[0x30, 6, 2, 1, 1, 2, 1, 2]), one_two);
        assert_eq!(check(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 2]), Ok([[0x80, 0, 0, 0], [2, 0, 0, 0]]));
        for (what, bytes) in [
            ("empty", &[][..]),
            ("trailing byte", &[0x30, 6, 2, 1, 1, 2, 1, 2, 0]),
            ("trailing byte inside", &[0x30, 7, 2, 1, 1, 2, 1, 2, 0]),
            ("long form of a short length", &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2]),
            ("indefinite length", &[0x30, 0x80, 2, 1, 1, 2, 1, 2, 0, 0]),
            ("needless zero", &[0x30, 7, 2, 2, 0, 1, 2, 1, 2]),
            ("needless ff", &[0x30, 7, 2, 2, 0xff, 0x80, 2, 1, 2]),
            ("empty integer", &[0x30, 5, 2, 0, 2, 1, 2]),
            ("wrong outer tag", &[0x31, 6, 2, 1, 1, 2, 1, 2]),
            ("wrong inner tag", &[0x30, 6, 2, 1, 1, 3, 1, 2]),
            ("truncated", &[0x30, 6, 2, 1, 1, 2, 1]),
            ("length beyond the end", &[0x30, 6, 2, 1, 1, 2, 5, 2]),
            ("huge length", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1]),
        ] {
            assert_eq!(check(bytes), Err(Reason::Encoding), "{what}");
        }
    }

    #[test]
    fn well_encoded_integers_out_of_range() {
        assert_eq!(check(&[0x30, 6, 2, 1, 0, 2, 1, 2]), Err(Reason::ROutOfRange));
        assert_eq!(check(&[0x30, 6, 2, 1, 0x80, 2, 1, 2]), Err(Reason::ROutOfRange));
        assert_eq!(check(&[0x30, 6, 2, 1, 1, 2, 1, 0xff]), Err(Reason::SOutOfRange));
        let long = [&[0x30, 0x81, 0x88, 2, 0x81, 0x82, 1][..], &[0; 129], &[2, 1, 2]].concat();
        assert_eq!(check(&long), Err(Reason::ROutOfRange));
    }

    #[test]
    fn raw_is_64_bytes() {
        let mut bytes = [0; 64];
        assert_eq!(parse(&bytes[..63], Encoding::Raw, &N), Err(Reason::Encoding));
        assert_eq!(parse(&bytes, Encoding::Raw, &N), Err(Reason::ROutOfRange));
        bytes[31] = 1;
        assert_eq!(parse(&bytes, Encoding::Raw, &N), Err(Reason::SOutOfRange));
        bytes[63] = 2;
        assert_eq!(parse(&bytes, Encoding::Raw, &N), Ok(Signature { r: [1, 0, 0, 0], s: [2, 0, 0, 0] }));
    }
}
