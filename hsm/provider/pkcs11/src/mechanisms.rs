//! What the token does, by the numbers of mechanisms.
//!
//! PKCS#11 has no SM2 and no SM3. The numbers here are those of Sansec's cards, which ChainMaker's node uses as well; docs/card-pkcs11.md lists them.

use chainbox_engine::hash::Hash;
use chainbox_hsm::Algorithm;
use cryptoki_sys::*;

/// The key type that cards with these mechanisms give SM2 keys. Templates may name it; what an SM2 key answers is `CKK_EC`, which it is on its curve: libp11,
/// and with it libcrypto's engine, finds no key at all on a token that has one of a type that it does not know.
pub(crate) const CKK_SM2: CK_KEY_TYPE = CKK_VENDOR_DEFINED | 4;

/// Makes SM2 keys.
pub(crate) const CKM_SM2_KEY_PAIR_GEN: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x8001;
/// SM2 over a message, e = SM3(Z_A || M) with the id 1234567812345678; r || s.
const CKM_SM3_SM2_APPID1: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x8102;
/// The same; a signature in DER.
const CKM_SM3_SM2_APPID1_DER: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x8103;
/// SM2 over e, 32 bytes; a signature in DER.
const CKM_SM2_SIGN: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x8104;
/// SM2 over e, 32 bytes; r || s.
const CKM_SM2_SIGN_NO_DER: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x8105;
/// SM3.
const CKM_SM3_HASH: CK_MECHANISM_TYPE = CKM_VENDOR_DEFINED | 0x9001;

/// Bits of a key: all curves here have 256.
const KEY_BITS: CK_ULONG = 256;

/// What the curves of the token are, as the flags of a mechanism say it: prime fields, named by identifiers, points uncompressed.
const CURVES: CK_FLAGS = CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;

/// What is handed over to be signed or verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// The digest, in one part.
    Digest,
    /// The message, in any parts.
    Message,
}

/// What a mechanism does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Hashes(Hash),
    /// Makes keys; for CKM_EC_KEY_PAIR_GEN the template names the curve.
    Generates,
    /// Signs and verifies.
    Signs {
        data: Data,
        der: bool,
    },
}

/// A mechanism of the token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mechanism {
    pub(crate) number: CK_MECHANISM_TYPE,
    pub(crate) does: Does,
    /// Of the keys that it works with.
    pub(crate) algorithms: &'static [Algorithm],
}

const ECDSA: &[Algorithm] = &[Algorithm::EcdsaP256, Algorithm::EcdsaSecp256k1];
const SM2: &[Algorithm] = &[Algorithm::Sm2];

const fn signs(number: CK_MECHANISM_TYPE, algorithms: &'static [Algorithm], data: Data, der: bool) -> Mechanism {
    Mechanism { number, does: Does::Signs { data, der }, algorithms }
}

/// All of them.
pub(crate) const ALL: &[Mechanism] = &[
    Mechanism { number: CKM_EC_KEY_PAIR_GEN, does: Does::Generates, algorithms: ECDSA },
    signs(CKM_ECDSA, ECDSA, Data::Digest, false),
    signs(CKM_ECDSA_SHA256, ECDSA, Data::Message, false),
    Mechanism { number: CKM_SHA256, does: Does::Hashes(Hash::Sha256), algorithms: &[] },
    Mechanism { number: CKM_SM2_KEY_PAIR_GEN, does: Does::Generates, algorithms: SM2 },
    signs(CKM_SM3_SM2_APPID1, SM2, Data::Message, false),
    signs(CKM_SM3_SM2_APPID1_DER, SM2, Data::Message, true),
    signs(CKM_SM2_SIGN, SM2, Data::Digest, true),
    signs(CKM_SM2_SIGN_NO_DER, SM2, Data::Digest, false),
    Mechanism { number: CKM_SM3_HASH, does: Does::Hashes(Hash::Sm3), algorithms: &[] },
];

/// The mechanism of a number.
pub(crate) fn find(number: CK_MECHANISM_TYPE) -> Option<&'static Mechanism> {
    ALL.iter().find(|mechanism| mechanism.number == number)
}

/// The mechanism that makes keys of an algorithm: `CKA_KEY_GEN_MECHANISM`.
pub(crate) const fn generator(algorithm: Algorithm) -> CK_MECHANISM_TYPE {
    match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdsaSecp256k1 => CKM_EC_KEY_PAIR_GEN,
        Algorithm::Sm2 => CKM_SM2_KEY_PAIR_GEN,
    }
}

/// Whether a template may give this `CKA_KEY_TYPE` to a key of an algorithm.
pub(crate) const fn is_key_type(key_type: CK_KEY_TYPE, algorithm: Algorithm) -> bool {
    key_type == CKK_EC || key_type == CKK_SM2 && matches!(algorithm, Algorithm::Sm2)
}

/// Numbers of the mechanisms that work with keys of an algorithm: `CKA_ALLOWED_MECHANISMS`.
pub(crate) fn allowed(algorithm: Algorithm) -> Vec<CK_MECHANISM_TYPE> {
    let signs = |mechanism: &&Mechanism| matches!(mechanism.does, Does::Signs { .. }) && mechanism.algorithms.contains(&algorithm);
    ALL.iter().filter(signs).map(|mechanism| mechanism.number).collect()
}

impl Mechanism {
    /// `CK_MECHANISM_INFO`.
    pub(crate) const fn info(&self) -> CK_MECHANISM_INFO {
        let (bits, flags) = match self.does {
            Does::Hashes(_) => (0, CKF_DIGEST),
            Does::Generates => (KEY_BITS, CKF_GENERATE_KEY_PAIR | CURVES),
            Does::Signs { .. } => (KEY_BITS, CKF_SIGN | CKF_VERIFY | CURVES),
        };
        CK_MECHANISM_INFO { ulMinKeySize: bits, ulMaxKeySize: bits, flags }
    }
}
