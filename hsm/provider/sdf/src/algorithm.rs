//! Numbers of algorithms, as GM/T 0006-2012 has them, and as headers from before it do.

use chainbox_hsm::sdf::{Code, abi::SM2_SIGNATURES};

/// SM2 as a whole; in headers from before GM/T 0006-2012 SM2 signatures.
const SM2: u32 = 0x0002_0100;

/// SM2 encryption: `SGD_SM2_3`, and what it was before.
const SM2_ENCRYPTION: [u32; 2] = [0x0002_0800, 0x0002_0400];

const SM3: u32 = 0x0000_0001;
const SHA256: u32 = 0x0000_0004;

/// The bits of a number that name a symmetric cipher, and those that name its mode.
const CIPHER: u32 = 0xffff_ff00;
const SM4: u32 = 0x0000_0400;
const ECB: u32 = 0x01;
const CBC: u32 = 0x02;
const MAC: u32 = 0x10;

/// What `SDF_GetDeviceInfo` says: sums of flags.
pub(crate) mod abilities {
    use super::{CBC, ECB, MAC, SHA256, SM2_ENCRYPTION, SM2_SIGNATURES, SM3, SM4};

    pub(crate) const ASYMMETRIC: u32 = SM2_SIGNATURES[0] | SM2_ENCRYPTION[0];
    pub(crate) const SYMMETRIC: u32 = SM4 | ECB | CBC | MAC;
    pub(crate) const HASHES: u32 = SM3 | SHA256;
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sm3,
    Sha256,
}

/// A mode of SM4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Ecb,
    Cbc,
    Mac,
}

/// That a number means SM2 signatures.
pub(crate) fn check_signature(number: u32) -> Result<(), Code> {
    if SM2_SIGNATURES.contains(&number) { Ok(()) } else { Err(Code::ALGORITHM) }
}

/// That a number means SM2 encryption.
pub(crate) fn check_encryption(number: u32) -> Result<(), Code> {
    if number == SM2 || SM2_ENCRYPTION.contains(&number) { Ok(()) } else { Err(Code::ALGORITHM) }
}

/// That a number means SM2 in any of its uses: all have the same keys.
pub(crate) fn check_key_pair(number: u32) -> Result<(), Code> {
    check_signature(number).or_else(|_| check_encryption(number))
}

/// The hash of a number.
pub(crate) fn hash(number: u32) -> Result<Hash, Code> {
    match number {
        SM3 => Ok(Hash::Sm3),
        SHA256 => Ok(Hash::Sha256),
        _ => Err(Code::ALGORITHM),
    }
}

/// The mode of a number, which must name SM4.
pub(crate) fn mode(number: u32) -> Result<Mode, Code> {
    match (number & CIPHER, number & !CIPHER) {
        (SM4, ECB) => Ok(Mode::Ecb),
        (SM4, CBC) => Ok(Mode::Cbc),
        (SM4, MAC) => Ok(Mode::Mac),
        (SM4, _) => Err(Code::MODE),
        _ => Err(Code::ALGORITHM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_mean_what_they_mean_in_either_numbering() {
        for (number, signs, encrypts) in [
            (0x0002_0100, true, true),
            (0x0002_0200, true, false),
            (0x0002_0400, false, true),
            (0x0002_0800, false, true),
            (0x0001_0000, false, false),
            (0, false, false),
            (u32::MAX, false, false),
        ] {
            assert_eq!(check_signature(number).is_ok(), signs, "{number:#x}");
            assert_eq!(check_encryption(number).is_ok(), encrypts, "{number:#x}");
            assert_eq!(check_key_pair(number).is_ok(), signs || encrypts, "{number:#x}");
        }
        assert_eq!((hash(1), hash(4), hash(2)), (Ok(Hash::Sm3), Ok(Hash::Sha256), Err(Code::ALGORITHM)));
        assert_eq!((mode(0x401), mode(0x402), mode(0x410)), (Ok(Mode::Ecb), Ok(Mode::Cbc), Ok(Mode::Mac)));
        assert_eq!((mode(0x404), mode(0x102), mode(0x403)), (Err(Code::MODE), Err(Code::ALGORITHM), Err(Code::MODE)));
    }
}
