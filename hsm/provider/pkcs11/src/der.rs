//! The little DER that goes out (X.690): points, keys, signatures.

use chainbox_hsm::{Algorithm, PublicKey, Signature, pkcs11::ec};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// DER of the object identifier of elliptic-curve keys, 1.2.840.10045.2.1 (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The longest signature in DER: two integers of 33 bytes.
pub(crate) const SIGNATURE_BYTES_MAX: usize = 72;

/// A value of at most 127 bytes: all that is written here is shorter.
fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    assert!(content.len() < 0x80, "a length of one byte");
    [&[tag, content.len() as u8], content.as_slice()].concat()
}

/// `CKA_EC_PARAMS`: the identifier of the curve.
pub(crate) const fn params(algorithm: Algorithm) -> &'static [u8] {
    match algorithm {
        Algorithm::EcdsaSecp256k1 => ec::SECP256K1,
        Algorithm::EcdsaP256 => ec::P256,
        Algorithm::Sm2 => ec::SM2,
    }
}

/// `CKA_EC_POINT`: the key as an OCTET STRING.
pub(crate) fn point(key: &PublicKey) -> Vec<u8> {
    value(OCTET_STRING, &[key])
}

/// `CKA_PUBLIC_KEY_INFO`: a SubjectPublicKeyInfo (RFC 5280).
pub(crate) fn key_info(algorithm: Algorithm, key: &PublicKey) -> Vec<u8> {
    value(SEQUENCE, &[&value(SEQUENCE, &[EC_PUBLIC_KEY, params(algorithm)]), &value(BIT_STRING, &[&[0], key])])
}

/// SEQUENCE { INTEGER r, INTEGER s }.
pub(crate) fn signature(signature: &Signature) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    value(SEQUENCE, &[&integer(r), &integer(s)])
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take(bytes.len() - 1).take_while(|byte| **byte == 0).count();
    let bare = &bytes[zeros..];
    let sign: &[u8] = if bare[0] >= 0x80 { &[0] } else { &[] };
    value(INTEGER, &[sign, bare])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_the_shortest_and_positive() {
        let mut edge = [0; 64];
        edge[0] = 0x80;
        edge[63] = 1;
        let expected = [&[0x30, 38, 0x02, 33, 0, 0x80], [0; 31].as_slice(), &[0x02, 1, 1]].concat();
        assert_eq!(signature(&edge), expected);
        assert_eq!(signature(&[0; 64]), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        assert_eq!(signature(&[0xff; 64]).len(), SIGNATURE_BYTES_MAX);
    }

    #[test]
    fn keys_as_the_standards_write_them() {
        let key: PublicKey = std::array::from_fn(|index| if index == 0 { 0x04 } else { index as u8 });
        assert_eq!(ec::public_key(&point(&key)), Some(key));
        let info = key_info(Algorithm::EcdsaP256, &key);
        assert_eq!((&info[..4], info.len()), (&[0x30, 89, 0x30, 19][..], 91));
        assert_eq!(&info[26..], &key);
    }
}
