//! Curves and points as PKCS#11 writes them: `CKA_EC_PARAMS`, `CKA_EC_POINT` (PKCS#11 3.1, section 6.3).

use crate::{Algorithm, Error, Kind, PublicKey, Signature};

/// DER of the object identifier of P-256, 1.2.840.10045.3.1.7.
pub const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// DER of the object identifier of secp256k1, 1.3.132.0.10.
pub const SECP256K1: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];

/// DER of the object identifier of sm2p256v1, 1.2.156.10197.1.301 (GM/T 0006).
pub const SM2: &[u8] = &[0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];

/// DER tags.
const OCTET_STRING: u8 = 0x04;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// The longest object identifier, in bytes of DER, so that its length takes one byte.
const IDENTIFIER_BYTES_MAX: usize = 127;

/// The curves of a device: what its keys are made on.
#[derive(Clone, Debug)]
pub(super) struct Curves {
    /// DER of the identifier of the SM2 curve, where the device does SM2.
    sm2: Option<Vec<u8>>,
}

impl Curves {
    /// `sm2` is the identifier of the SM2 curve in dots and digits.
    pub(super) fn new(place: &str, sm2: Option<&str>) -> Result<Self, Error> {
        let identifier = |text: &str| {
            identifier(text).ok_or_else(|| {
                Error::new(Kind::Input, place, format!("sm2.curve = {text:?} is no object identifier"))
                    .remedy("write it in dots and digits, e.g. 1.2.156.10197.1.301")
            })
        };
        Ok(Self { sm2: sm2.map(identifier).transpose()? })
    }

    /// `CKA_EC_PARAMS` of an algorithm.
    pub(super) fn params(&self, algorithm: Algorithm) -> Option<&[u8]> {
        match algorithm {
            Algorithm::EcdsaP256 => Some(P256),
            Algorithm::EcdsaSecp256k1 => Some(SECP256K1),
            Algorithm::Sm2 => self.sm2.as_deref(),
        }
    }

    /// The algorithm of a key with these `CKA_EC_PARAMS`.
    pub(super) fn algorithm(&self, params: &[u8]) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| self.params(*algorithm) == Some(params))
    }
}

/// DER of an object identifier (X.690, section 8.19).
fn identifier(text: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first, second, rest @ ..] = arcs.as_slice() else { return None };
    if *first > 2 || (*first < 2 && *second > 39) {
        return None;
    }
    let mut body = Vec::new();
    for arc in [first.checked_mul(40)?.checked_add(*second)?].iter().chain(rest) {
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        // Seven bits a byte, the highest first; all but the last have the top bit set.
        body.extend((0..groups).rev().map(|group| (arc >> (7 * group)) as u8 & 0x7f | if group > 0 { 0x80 } else { 0 }));
    }
    if body.len() > IDENTIFIER_BYTES_MAX {
        return None;
    }
    Some([&[OBJECT_IDENTIFIER, body.len() as u8], body.as_slice()].concat())
}

/// The key in `CKA_EC_POINT`: a DER OCTET STRING, as the standard says, or a BIT STRING, or no DER at all, as modules do.
#[must_use]
pub fn public_key(point: &[u8]) -> Option<PublicKey> {
    let bare = match point {
        [OCTET_STRING, 65, rest @ ..] if rest.len() == 65 => rest,
        [BIT_STRING, 66, 0, rest @ ..] if rest.len() == 65 => rest,
        rest => rest,
    };
    let key: PublicKey = match bare.len() {
        65 => bare.try_into().ok()?,
        64 => [&[0x04], bare].concat().try_into().ok()?,
        _ => return None,
    };
    (key[0] == 0x04).then_some(key)
}

/// The key at the end of `CKA_PUBLIC_KEY_INFO`, a SubjectPublicKeyInfo (RFC 5280): its last field is the BIT STRING of the point.
pub(super) fn public_key_of_info(info: &[u8]) -> Option<PublicKey> {
    const STRING_BYTES: usize = 68;
    public_key(info.get(info.len().checked_sub(STRING_BYTES)?..)?)
}

/// r || s of 32 bytes each, from two halves that a module may have cut shorter.
pub(super) fn signature(halves: &[u8]) -> Option<Signature> {
    if halves.is_empty() || halves.len() > 64 || !halves.len().is_multiple_of(2) {
        return None;
    }
    let half = halves.len() / 2;
    let mut signature = [0; 64];
    signature[32 - half..32].copy_from_slice(&halves[..half]);
    signature[64 - half..].copy_from_slice(&halves[half..]);
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_in_der() {
        assert_eq!(identifier("1.2.840.10045.3.1.7").as_deref(), Some(P256));
        assert_eq!(identifier("1.3.132.0.10").as_deref(), Some(SECP256K1));
        assert_eq!(identifier("1.2.156.10197.1.301").as_deref(), Some(SM2));
        for wrong in ["", "1", "3.1", "1.40", "1..2", "1.2.x", "-1.2", "1.2.99999999999999999999"] {
            assert_eq!(identifier(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn points_as_devices_write_them() {
        let key: PublicKey = std::array::from_fn(|index| if index == 0 { 0x04 } else { index as u8 });
        assert_eq!(public_key(&key), Some(key), "bare");
        assert_eq!(public_key(&[&[0x04, 65], key.as_slice()].concat()), Some(key), "OCTET STRING");
        assert_eq!(public_key(&[&[0x03, 66, 0], key.as_slice()].concat()), Some(key), "BIT STRING");
        assert_eq!(public_key(&key[1..]), Some(key), "x || y");
        let info = [&[0x30, 89, 0x30, 19], [0; 19].as_slice(), &[0x03, 66, 0], &key].concat();
        assert_eq!(public_key_of_info(&info), Some(key), "SubjectPublicKeyInfo");
        assert_eq!(public_key(&[0x02; 33]), None, "compressed");
        assert_eq!(public_key(&[0x05; 65]), None);
        assert_eq!(public_key(&[]), None);
        assert_eq!(public_key_of_info(&[]), None);
    }

    #[test]
    fn signatures_cut_short_are_padded() {
        let mut padded = [0; 64];
        padded[31] = 1;
        padded[63] = 2;
        assert_eq!(signature(&[1, 2]), Some(padded));
        assert_eq!(signature(&[7; 64]), Some([7; 64]));
        for wrong in [0, 1, 63, 65, 66] {
            assert_eq!(signature(&vec![7; wrong]), None, "{wrong} bytes");
        }
    }

    #[test]
    fn the_sm2_curve_is_known_only_where_it_is_set() {
        let sm2 = identifier("1.2.156.10197.1.301").expect("an identifier");
        assert_eq!(Curves::new("here", None).expect("no curve").algorithm(&sm2), None);
        assert_eq!(Curves::new("here", Some("1.2.156.10197.1.301")).expect("a curve").algorithm(&sm2), Some(Algorithm::Sm2));
        assert_eq!(Curves::new("here", Some("sm2")).expect_err("no identifier").kind, Kind::Input);
    }
}
