//! Digests, signatures, verification: what begins with an `Init` and ends with an answer.

use std::sync::Arc;

use chainbox_card::Level;
use chainbox_engine::{
    batch::{Encoding, Item, Shape},
    curve::{Sm2, sec1},
    hash::{Digest, Hash, Sha256, Sm3},
    scheme,
    verdict::Verdict,
};
use chainbox_hsm::{Algorithm, payload::SM2_ID};
use cryptoki_sys::*;
use zeroize::Zeroizing;

use crate::{
    answer::Answer,
    der,
    limits::DIGEST_BYTES_MAX,
    mechanisms::{self, Data, Does, Mechanism},
    module::Module,
    objects::{Class, Home, Object},
};

/// Bytes of a digest, and of r || s.
pub(crate) const DIGEST_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// The shortest signature in DER: two integers of one byte.
const DER_BYTES_MIN: usize = 8;

/// The mechanism of a number and what it does; parameters are refused: none here has any.
///
/// # Errors
/// `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`.
pub(crate) fn mechanism(mechanism: CK_MECHANISM) -> Answer<&'static Mechanism> {
    let known = mechanisms::find(mechanism.mechanism).ok_or(CKR_MECHANISM_INVALID)?;
    if mechanism.ulParameterLen == 0 { Ok(known) } else { Err(CKR_MECHANISM_PARAM_INVALID) }
}

/// A hash that takes a message in parts.
enum Hasher {
    Sha256(Sha256),
    Sm3(Sm3),
}

impl Hasher {
    fn new(hash: Hash) -> Answer<Self> {
        match hash {
            Hash::Sha256 => Ok(Self::Sha256(Sha256::new())),
            Hash::Sm3 => Ok(Self::Sm3(Sm3::new())),
            Hash::Keccak256 => Err(CKR_MECHANISM_INVALID),
        }
    }

    fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(part),
            Self::Sm3(hash) => hash.update(part),
        }
    }

    fn finish(self) -> Digest {
        match self {
            Self::Sha256(hash) => hash.finish(),
            Self::Sm3(hash) => hash.finish(),
        }
    }
}

/// A digest that is under way.
pub(crate) struct Digesting {
    hasher: Hasher,
    has_parts: bool,
}

impl Digesting {
    /// Begins.
    ///
    /// # Errors
    /// `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`.
    pub(crate) fn begin(with: CK_MECHANISM) -> Answer<Self> {
        let Does::Hashes(hash) = mechanism(with)?.does else { return Err(CKR_MECHANISM_INVALID) };
        Ok(Self { hasher: Hasher::new(hash)?, has_parts: false })
    }

    /// Takes a part.
    pub(crate) fn update(&mut self, part: &[u8]) {
        self.has_parts = true;
        self.hasher.update(part);
    }

    /// The digest of the parts.
    pub(crate) fn finish(self) -> Digest {
        self.hasher.finish()
    }

    /// The digest of a message in one piece.
    ///
    /// # Errors
    /// `CKR_OPERATION_NOT_INITIALIZED` where parts were given before.
    pub(crate) fn whole(mut self, message: &[u8]) -> Answer<Digest> {
        if self.has_parts {
            return Err(CKR_OPERATION_NOT_INITIALIZED);
        }
        self.hasher.update(message);
        Ok(self.hasher.finish())
    }
}

/// What is signed or verified, as far as it was handed over.
enum Pending {
    Digest,
    Message(Hasher),
}

/// A signature that is made or verified.
pub(crate) struct Signing {
    object: Arc<Object>,
    pending: Pending,
    has_parts: bool,
    is_der: bool,
}

impl Signing {
    /// Begins, with the private half of a key to sign and the public half to verify.
    ///
    /// # Errors
    /// `CKR_MECHANISM_INVALID`, `CKR_MECHANISM_PARAM_INVALID`, `CKR_KEY_HANDLE_INVALID`, `CKR_KEY_FUNCTION_NOT_PERMITTED` for the other half,
    /// `CKR_KEY_TYPE_INCONSISTENT`.
    pub(crate) fn begin(module: &Module, with: CK_MECHANISM, key: CK_OBJECT_HANDLE, class: Class) -> Answer<Self> {
        let mechanism = mechanism(with)?;
        let Does::Signs { data, der } = mechanism.does else { return Err(CKR_MECHANISM_INVALID) };
        let object = module.object(key).map_err(|code| if code == CKR_OBJECT_HANDLE_INVALID { CKR_KEY_HANDLE_INVALID } else { code })?;
        if object.class != class {
            return Err(CKR_KEY_FUNCTION_NOT_PERMITTED);
        }
        if !mechanism.algorithms.contains(&object.algorithm) {
            return Err(CKR_KEY_TYPE_INCONSISTENT);
        }
        let pending = match data {
            Data::Digest => Pending::Digest,
            Data::Message => Pending::Message(message_hasher(&object)?),
        };
        Ok(Self { object, pending, has_parts: false, is_der: der })
    }

    /// The longest signature.
    pub(crate) const fn bytes_max(&self) -> usize {
        if self.is_der { der::SIGNATURE_BYTES_MAX } else { SIGNATURE_BYTES }
    }

    /// Takes a part of the message.
    ///
    /// # Errors
    /// `CKR_FUNCTION_NOT_SUPPORTED` where the mechanism takes a digest, which comes in one part.
    pub(crate) fn update(&mut self, part: &[u8]) -> Answer<()> {
        let Pending::Message(hasher) = &mut self.pending else { return Err(CKR_FUNCTION_NOT_SUPPORTED) };
        self.has_parts = true;
        hasher.update(part);
        Ok(())
    }

    /// Takes digest or message in one piece.
    ///
    /// # Errors
    /// `CKR_DATA_LEN_RANGE`; `CKR_OPERATION_NOT_INITIALIZED` where parts were given before.
    pub(crate) fn whole(self, data: &[u8]) -> Answer<Ready> {
        if self.has_parts {
            return Err(CKR_OPERATION_NOT_INITIALIZED);
        }
        let digest = match self.pending {
            Pending::Digest => digest(self.object.algorithm, data)?,
            Pending::Message(mut hasher) => {
                hasher.update(data);
                hasher.finish()
            }
        };
        Ok(Ready { object: self.object, digest, is_der: self.is_der })
    }

    /// The parts are all there.
    ///
    /// # Errors
    /// `CKR_FUNCTION_NOT_SUPPORTED` where the mechanism takes a digest.
    pub(crate) fn parts(self) -> Answer<Ready> {
        let Pending::Message(hasher) = self.pending else { return Err(CKR_FUNCTION_NOT_SUPPORTED) };
        Ok(Ready { object: self.object, digest: hasher.finish(), is_der: self.is_der })
    }
}

/// SHA-256 for ECDSA; for SM2, SM3 that has taken Z_A (GB/T 32918.2-2016, section 5.5).
fn message_hasher(object: &Object) -> Answer<Hasher> {
    let mut hasher = Hasher::new(object.algorithm.scheme().hash())?;
    if object.algorithm == Algorithm::Sm2 {
        let point = sec1::parse::<Sm2>(&object.public_key).map_err(|_| CKR_KEY_HANDLE_INVALID)?;
        hasher.update(&scheme::z_a(SM2_ID, &point));
    }
    Ok(hasher)
}

/// The 32 bytes that the equation takes. Of a longer digest those on the left, as ECDSA says (FIPS 186-5, section 6.4.1); a shorter one is the number that
/// it is. SM2 takes e = SM3(Z_A || M) and nothing else.
fn digest(algorithm: Algorithm, data: &[u8]) -> Answer<Digest> {
    let is_in_range = match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdsaSecp256k1 => (1..=DIGEST_BYTES_MAX).contains(&data.len()),
        Algorithm::Sm2 => data.len() == DIGEST_BYTES,
    };
    if !is_in_range {
        return Err(CKR_DATA_LEN_RANGE);
    }
    let left = &data[..data.len().min(DIGEST_BYTES)];
    let mut digest = [0; DIGEST_BYTES];
    digest[DIGEST_BYTES - left.len()..].copy_from_slice(left);
    Ok(digest)
}

/// A digest and its key.
pub(crate) struct Ready {
    object: Arc<Object>,
    digest: Digest,
    is_der: bool,
}

impl Ready {
    /// The signature.
    ///
    /// # Errors
    /// Where the key is gone, may not be used, or its device fails.
    pub(crate) fn sign(&self, module: &Module) -> Answer<Vec<u8>> {
        let signed = match &self.object.home {
            Home::Card(label) => module.card().keys().and_then(|keys| keys.sign(label, &self.digest)),
            Home::Session { pair: Some(pair), .. } => pair.sign(&self.digest),
            Home::Session { pair: None, .. } => return Err(CKR_KEY_FUNCTION_NOT_PERMITTED),
        };
        let signature = signed.map_err(|error| module.code(&error))?;
        Ok(if self.is_der { der::signature(&signature) } else { signature.to_vec() })
    }

    /// That a signature is valid.
    ///
    /// # Errors
    /// `CKR_SIGNATURE_INVALID`, `CKR_SIGNATURE_LEN_RANGE`; `CKR_DEVICE_ERROR` where nothing is known about it.
    pub(crate) fn verify(&self, module: &Module, signature: &[u8]) -> Answer<()> {
        let (lengths, encoding) = if self.is_der {
            (DER_BYTES_MIN..=der::SIGNATURE_BYTES_MAX, Encoding::Der)
        } else {
            (SIGNATURE_BYTES..=SIGNATURE_BYTES, Encoding::Raw)
        };
        if !lengths.contains(&signature.len()) {
            return Err(CKR_SIGNATURE_LEN_RANGE);
        }
        let shape = Shape { encoding, ..Shape::digests(self.object.algorithm.scheme()) };
        let item = Item { key: &self.object.public_key, input: &self.digest, signature, id: None, hint: &[] };
        match module.card().verify(shape, item) {
            Ok(Verdict::Valid) => Ok(()),
            Ok(Verdict::Invalid(_)) => Err(CKR_SIGNATURE_INVALID),
            Err(fault) => {
                module.card().log().line(Level::Error, &format!("C_Verify: nothing is known: {fault}"));
                Err(CKR_DEVICE_ERROR)
            }
        }
    }
}

/// Random bytes of the system.
///
/// # Errors
/// `CKR_DEVICE_ERROR` where it gives none.
pub(crate) fn random(bytes: usize) -> Answer<Zeroizing<Vec<u8>>> {
    let mut random = Zeroizing::new(vec![0; bytes]);
    getrandom::fill(&mut random).map_err(|_| CKR_DEVICE_ERROR)?;
    Ok(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_cut_on_the_right_and_padded_on_the_left() {
        let ecdsa = |data: &[u8]| digest(Algorithm::EcdsaP256, data);
        assert_eq!(ecdsa(&[7; 32]), Ok([7; 32]));
        let long: Vec<u8> = (0..64).collect();
        assert_eq!(ecdsa(&long).map(|digest| digest.to_vec()), Ok(long[..32].to_vec()));
        let mut short = [0; 32];
        short[31] = 9;
        assert_eq!(ecdsa(&[9]), Ok(short));
        assert_eq!(ecdsa(&[]), Err(CKR_DATA_LEN_RANGE));
        assert_eq!(ecdsa(&[0; DIGEST_BYTES_MAX + 1]), Err(CKR_DATA_LEN_RANGE));
        for len in [0, 20, 31, 33, 64] {
            assert_eq!(digest(Algorithm::Sm2, &vec![1; len]), Err(CKR_DATA_LEN_RANGE), "{len}");
        }
    }
}
