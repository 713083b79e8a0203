//! Numbers and structures of GM/T 0018-2012, as libraries have them in memory.
//!
//! Vendors' headers have the structures under `#pragma pack(1)` or not: it is the same, as no member of these needs padding. The header of the library that
//! stands in for a card (`provider/sdf/include/chainbox_sdf.h`) asserts the same sizes and offsets in C, with and without packing.

use std::mem::{offset_of, size_of};

use zeroize::Zeroizing;

use crate::{PublicKey, Signature};

/// The bits of the numbers in the structures (`ECCref_MAX_BITS`). Libraries of the drafts before 2012 have 256.
const MAX_BITS: usize = 512;

/// The bytes of a number (`ECCref_MAX_LEN`).
pub const MAX_LEN: usize = MAX_BITS.div_ceil(8);

/// The bytes of a number of SM2.
pub const LEN: usize = 32;

/// The bits of SM2's field.
pub const SM2_BITS: u32 = 256;

/// SM2 signatures: `SGD_SM2_1` of GM/T 0006-2012, where 0x00020100 is SM2 as a whole; and of headers from before it, where 0x00020200 is the exchange of keys.
pub const SM2_SIGNATURES: [u32; 2] = [0x0002_0200, 0x0002_0100];

/// What structures are filled with before a library writes them, so that what it left out is seen.
pub(super) const UNWRITTEN: u8 = 0xa5;

/// `ECCrefPublicKey`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EccPublicKey {
    /// Bits of the field.
    pub bits: u32,
    /// x, big-endian, at the right.
    pub x: [u8; MAX_LEN],
    /// y, big-endian, at the right.
    pub y: [u8; MAX_LEN],
}

/// `ECCrefPrivateKey`.
#[repr(C)]
#[derive(Clone)]
pub struct EccPrivateKey {
    /// Bits of the field.
    pub bits: u32,
    /// d, big-endian, at the right.
    pub d: Zeroizing<[u8; MAX_LEN]>,
}

/// `ECCSignature`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EccSignature {
    /// r, big-endian, at the right.
    pub r: [u8; MAX_LEN],
    /// s, big-endian, at the right.
    pub s: [u8; MAX_LEN],
}

/// `ECCCipher` without its last member: the `length` bytes of C2 follow at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EccCipherHead {
    /// x of C1, big-endian, at the right.
    pub x: [u8; MAX_LEN],
    /// y of C1, big-endian, at the right.
    pub y: [u8; MAX_LEN],
    /// C3.
    pub hash: [u8; LEN],
    /// Bytes of C2.
    pub length: u32,
}

/// `DEVICEINFO`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Who made it: text, ended by a zero where it is shorter.
    pub issuer: [u8; 40],
    /// The model.
    pub name: [u8; 16],
    /// Date, batch and number.
    pub serial: [u8; 16],
    /// The version of the device.
    pub version: u32,
    /// The version of the interface.
    pub standard: u32,
    /// Asymmetric algorithms, and the bits of their keys, each as a sum of flags.
    pub asymmetric: [u32; 2],
    /// Symmetric algorithms and their modes.
    pub symmetric: u32,
    /// Hashes.
    pub hashes: u32,
    /// Room for files in bytes.
    pub buffer: u32,
}

const _: () = {
    assert!(size_of::<EccPublicKey>() == 132);
    assert!(offset_of!(EccPublicKey, bits) == 0 && offset_of!(EccPublicKey, x) == 4 && offset_of!(EccPublicKey, y) == 68);
    assert!(size_of::<EccPrivateKey>() == 68 && offset_of!(EccPrivateKey, bits) == 0 && offset_of!(EccPrivateKey, d) == 4);
    assert!(size_of::<EccCipherHead>() == 164 && offset_of!(EccCipherHead, x) == 0 && offset_of!(EccCipherHead, y) == 64);
    assert!(offset_of!(EccCipherHead, hash) == 128 && offset_of!(EccCipherHead, length) == 160);
    assert!(size_of::<EccSignature>() == 128);
    assert!(offset_of!(EccSignature, r) == 0 && offset_of!(EccSignature, s) == 64);
    assert!(size_of::<DeviceInfo>() == 100);
    assert!(offset_of!(DeviceInfo, issuer) == 0 && offset_of!(DeviceInfo, name) == 40 && offset_of!(DeviceInfo, serial) == 56);
    assert!(offset_of!(DeviceInfo, version) == 72 && offset_of!(DeviceInfo, standard) == 76);
    assert!(offset_of!(DeviceInfo, asymmetric) == 80 && offset_of!(DeviceInfo, symmetric) == 88);
    assert!(offset_of!(DeviceInfo, hashes) == 92 && offset_of!(DeviceInfo, buffer) == 96);
};

/// Values that a structure cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

const UNWRITTEN_NUMBER: Malformed = Malformed("it answered success and wrote nothing");
const NARROW: Malformed = Malformed("its structures have 32 bytes a number, not 64: it is older than GM/T 0018-2012");
const NOT_RIGHT: Malformed = Malformed("a number is not at the right of its 64 bytes");

impl EccPublicKey {
    /// As it is before a library writes it.
    pub(super) const UNWRITTEN: Self = Self { bits: u32::from_ne_bytes([UNWRITTEN; 4]), x: [UNWRITTEN; MAX_LEN], y: [UNWRITTEN; MAX_LEN] };

    /// A key, in SEC1, as the structure has it.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self { bits: SM2_BITS, x: right(&key[1..=LEN]), y: right(&key[1 + LEN..]) }
    }

    /// The key as SEC1 has it. Whether it is a point of the curve is not looked at.
    pub(super) fn sec1(&self) -> Result<PublicKey, Malformed> {
        if *self == Self::UNWRITTEN {
            return Err(UNWRITTEN_NUMBER);
        }
        if self.bits != SM2_BITS {
            return Err(Malformed("it says that the key has other than 256 bits"));
        }
        let mut key = [4; 65];
        let (x, y) = numbers(&self.x, &self.y)?;
        key[1..=LEN].copy_from_slice(x);
        key[1 + LEN..].copy_from_slice(y);
        Ok(key)
    }
}

impl EccPrivateKey {
    /// A private key as the structure has it.
    #[must_use]
    pub fn new(d: &[u8; LEN]) -> Self {
        Self { bits: SM2_BITS, d: Zeroizing::new(right(d)) }
    }
}

impl EccCipherHead {
    /// The head of a ciphertext: C1 in SEC1, C3, and how many bytes C2 has.
    #[must_use]
    pub fn new(c1: &PublicKey, c3: &[u8; LEN], length: u32) -> Self {
        Self { x: right(&c1[1..=LEN]), y: right(&c1[1 + LEN..]), hash: *c3, length }
    }
}

impl EccSignature {
    /// As it is before a library writes it.
    pub(super) const UNWRITTEN: Self = Self { r: [UNWRITTEN; MAX_LEN], s: [UNWRITTEN; MAX_LEN] };

    /// A signature as the structure has it.
    #[must_use]
    pub fn new(signature: &Signature) -> Self {
        Self { r: right(&signature[..LEN]), s: right(&signature[LEN..]) }
    }

    /// r || s. Whether they are in range is not looked at.
    pub(super) fn raw(&self) -> Result<Signature, Malformed> {
        if *self == Self::UNWRITTEN {
            return Err(UNWRITTEN_NUMBER);
        }
        let mut raw = [0; 64];
        let (r, s) = numbers(&self.r, &self.s)?;
        raw[..LEN].copy_from_slice(r);
        raw[LEN..].copy_from_slice(s);
        Ok(raw)
    }
}

impl DeviceInfo {
    /// As it is before a library writes it.
    pub const EMPTY: Self = Self {
        issuer: [0; 40],
        name: [0; 16],
        serial: [0; 16],
        version: 0,
        standard: 0,
        asymmetric: [0; 2],
        symmetric: 0,
        hashes: 0,
        buffer: 0,
    };

    /// Maker, model, serial number and versions, as far as they are there and can be printed.
    pub(super) fn description(&self) -> String {
        let texts = [("", text(&self.issuer)), ("", text(&self.name)), ("serial ", text(&self.serial))];
        let mut parts: Vec<String> =
            texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!("{what}{text}")).collect();
        parts.push(format!("version {:#x}, interface version {:#x}", self.version, self.standard));
        parts.join(", ")
    }
}

/// A number of [`LEN`] bytes at the right of its field.
pub(super) fn right(number: &[u8]) -> [u8; MAX_LEN] {
    let mut field = [0; MAX_LEN];
    field[MAX_LEN - LEN..].copy_from_slice(number);
    field
}

/// The two numbers of a structure out of their fields.
fn numbers<'a>(first: &'a [u8; MAX_LEN], second: &'a [u8; MAX_LEN]) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    if *second == [UNWRITTEN; MAX_LEN] {
        return Err(if *first == [UNWRITTEN; MAX_LEN] { UNWRITTEN_NUMBER } else { NARROW });
    }
    let of = |field: &'a [u8; MAX_LEN]| {
        let (zeros, number) = field.split_at(MAX_LEN - LEN);
        if zeros.iter().all(|byte| *byte == 0) { Ok(number) } else { Err(NOT_RIGHT) }
    };
    Ok((of(first)?, of(second)?))
}

/// Text that ends at a zero or with its field, without what cannot be printed.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let text = String::from_utf8_lossy(&field[..end]);
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PublicKey {
        let mut key = [4; 65];
        key[1..].iter_mut().zip(1..).for_each(|(byte, value)| *byte = value);
        key
    }

    #[test]
    fn numbers_stand_at_the_right_of_their_fields() {
        let wide = EccPublicKey::new(&key());
        assert_eq!(wide.bits, 256);
        assert!(wide.x[..32].iter().chain(&wide.y[..32]).all(|byte| *byte == 0));
        assert_eq!((wide.x[32], wide.x[63], wide.y[32], wide.y[63]), (1, 32, 33, 64));
        assert_eq!(wide.sec1(), Ok(key()));

        let signature: Signature = key()[1..].try_into().expect("64 bytes");
        let wide = EccSignature::new(&signature);
        assert_eq!((wide.r[31], wide.r[32], wide.r[63], wide.s[31], wide.s[32], wide.s[63]), (0, 1, 32, 0, 33, 64));
        assert_eq!(wide.raw(), Ok(signature));
    }

    #[test]
    fn what_a_library_left_out_or_put_elsewhere_is_seen() {
        assert_eq!(EccPublicKey::UNWRITTEN.sec1(), Err(UNWRITTEN_NUMBER));
        assert_eq!(EccSignature::UNWRITTEN.raw(), Err(UNWRITTEN_NUMBER));
        assert_eq!(EccPublicKey { bits: 256, ..EccPublicKey::UNWRITTEN }.sec1(), Err(UNWRITTEN_NUMBER));
        assert_eq!(EccSignature { r: [7; MAX_LEN], ..EccSignature::UNWRITTEN }.raw(), Err(NARROW));
        for byte in 0..MAX_LEN - LEN {
            let mut signature = EccSignature::new(&[1; 64]);
            signature.s[byte] = 1;
            assert_eq!(signature.raw(), Err(NOT_RIGHT));
        }
        for bits in [0, 255, 257, 512, 256 << 8, u32::MAX] {
            assert!(EccPublicKey { bits, ..EccPublicKey::new(&key()) }.sec1().is_err(), "{bits}");
        }
    }

    #[test]
    fn a_description_holds_what_can_be_printed() {
        let mut info = DeviceInfo { version: 0x102, standard: 1, ..DeviceInfo::EMPTY };
        assert_eq!(info.description(), "version 0x102, interface version 0x1");
        info.issuer[..9].copy_from_slice(b"Maker\x07\xff\0x");
        info.serial = *b"2026112500100001";
        assert_eq!(info.description(), "Maker\u{fffd}\u{fffd}, serial 2026112500100001, version 0x102, interface version 0x1");
    }
}
