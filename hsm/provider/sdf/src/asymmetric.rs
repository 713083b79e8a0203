//! SM2 with keys of the card and with keys that the caller has.

use chainbox_card::Keys;
use chainbox_engine::{
    batch::{Item, Shape},
    hash::Digest,
    scheme::Scheme,
    verdict::Verdict,
};
use chainbox_hsm::{
    Algorithm, Error, Label, PublicKey, Signature,
    sdf::Code,
    software::sm2::{self, Failure, PrivateKey},
};
use zeroize::Zeroizing;

use crate::{
    failure,
    indexes::{Key, Use},
    session::Session,
    symmetric::SessionKey,
};

impl Session {
    /// The verdict on a signature over e. Where there is none, because an engine or a service failed, that is a failure and no verdict.
    pub(crate) fn verify(&self, public_key: &PublicKey, e: &Digest, signature: &Signature) -> Result<(), Code> {
        let item = Item { key: public_key, input: e, signature, id: None, hint: &[] };
        match self.device.card.verify(Shape::digests(Scheme::Sm2Sm3), item) {
            Ok(Verdict::Valid) => Ok(()),
            Ok(Verdict::Invalid(_)) => Err(Code::VERIFY),
            Err(_) => Err(self.device.no_verdict()),
        }
    }

    /// The public half of a key of the card.
    pub(crate) fn public_key(&self, index: u32, purpose: Use) -> Result<PublicKey, Code> {
        self.find(self.device.indexes.entry(index)?.key(purpose)?)
    }

    /// The public half of a key as it is now. It must be one of SM2.
    fn find(&self, key: &Key) -> Result<PublicKey, Code> {
        let card = &self.device.card;
        let info = card.keys().and_then(|keys| keys.find(&key.label)).map_err(|error| failure::of_key(card, &error, Code::KEY))?;
        if info.algorithm != Algorithm::Sm2 {
            return Err(Code::KEY_TYPE);
        }
        let _ = key.is_sm2.set(());
        Ok(info.public_key)
    }

    /// Uses a private key of the card, which this session must have the right to. `failed` is what the use itself has for a failure.
    fn with_private_key<T>(
        &self,
        index: u32,
        purpose: Use,
        failed: Code,
        work: impl FnOnce(&Keys, &Label) -> Result<T, Error>,
    ) -> Result<T, Code> {
        let key = self.device.indexes.entry(index)?.key(purpose)?;
        self.check_right(index)?;
        if key.is_sm2.get().is_none() {
            self.find(key)?;
        }
        let card = &self.device.card;
        card.keys().and_then(|keys| work(&keys, &key.label)).map_err(|error| failure::of_key(card, &error, failed))
    }

    /// Signs e with a key of the card.
    pub(crate) fn sign(&self, index: u32, e: &Digest) -> Result<Signature, Code> {
        self.with_private_key(index, Use::Sign, Code::SIGN, |keys, label| keys.sign(label, e))
    }

    /// The message of a ciphertext that was made for a key of the card.
    pub(crate) fn decrypt(&self, index: u32, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Code> {
        self.with_private_key(index, Use::Encrypt, Code::CIPHERTEXT, |keys, label| keys.decrypt(label, ciphertext))
    }

    /// A session key that was encrypted for a key of the card.
    pub(crate) fn import(&self, index: u32, ciphertext: &[u8]) -> Result<SessionKey, Code> {
        let key = self.decrypt(index, ciphertext)?;
        Ok(SessionKey::new(key.as_slice().try_into().map_err(|_| Code::KEY)?))
    }
}

/// Signs e with a key that the caller has.
pub(crate) fn sign(d: &[u8; 32], e: &Digest) -> Result<Signature, Code> {
    private_key(d)?.sign(e).map_err(code)
}

/// The message of a ciphertext that was made for a key that the caller has.
pub(crate) fn decrypt(d: &[u8; 32], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Code> {
    private_key(d)?.decrypt(ciphertext).map_err(code)
}

/// A ciphertext C1 || C3 || C2.
pub(crate) fn encrypt(public_key: &PublicKey, message: &[u8]) -> Result<Vec<u8>, Code> {
    sm2::encrypt(public_key, message).map_err(code)
}

/// A new key pair for the caller.
pub(crate) fn generate() -> Result<PrivateKey, Code> {
    PrivateKey::generate().map_err(code)
}

fn private_key(d: &[u8; 32]) -> Result<PrivateKey, Code> {
    PrivateKey::new(d).ok_or(Code::PRIVATE_KEY)
}

const fn code(failure: Failure) -> Code {
    match failure {
        Failure::PublicKey => Code::PUBLIC_KEY,
        Failure::Length(_) => Code::INPUT,
        Failure::Ciphertext => Code::CIPHERTEXT,
        Failure::Randomness => Code::RANDOM,
    }
}
