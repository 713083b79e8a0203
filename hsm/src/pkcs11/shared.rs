//! What the sessions of a token share: settings, PIN, handles of keys, what the token was seen to do.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use chainbox_engine::hash::{Digest, sha256};
use cryptoki::{
    error::{Error as Refused, RvError},
    mechanism::{Mechanism, MechanismInfo, MechanismType, vendor_defined::VendorDefinedMechanism},
    object::ObjectHandle,
    session::Session,
    types::RawAuthPin,
};

use super::{
    BATCH_MAX, Options,
    connection::Link,
    ec::{self, Curves},
    fault::Fault,
    module::Module,
    objects::{self, Key},
    token,
};
use crate::{
    Algorithm, Error, KeyInfo, Kind, Label, Signature,
    device::{Capabilities, contract::verifies},
};

/// Keys whose handles are kept at most; with more, all are looked up anew.
const HANDLES_MAX: usize = 4096;

pub(super) struct Shared {
    pub(super) place: String,
    pub(super) options: Options,
    pub(super) pin: RawAuthPin,
    pub(super) curves: Curves,
    sm2: Sm2,
    module: Mutex<Weak<Module>>,
    pin_refused: Mutex<Option<Error>>,
    was_there: AtomicBool,
    keys: RwLock<HashMap<Label, Arc<Key>>>,
    /// The algorithms that the token proved.
    proved: OnceLock<Vec<Algorithm>>,
}

/// What became of the attempt to prove an algorithm.
enum Proof {
    Given,
    Denied,
    /// The token failed, which may be another time otherwise: not offered now, asked again next time.
    Failed,
}

/// The vendor's mechanisms.
#[derive(Default)]
struct Sm2 {
    sign: Option<MechanismType>,
    generate: Option<MechanismType>,
}

impl Sm2 {
    fn new(options: &Options, place: &str) -> Result<Self, Error> {
        let Some(sm2) = &options.sm2 else { return Ok(Self::default()) };
        let mechanism = |number: u64| {
            MechanismType::new_vendor_defined(number).map_err(|_| {
                Error::new(Kind::Input, place, format!("the SM2 mechanism {number:#x} is none of a vendor's"))
                    .remedy("take the number from the vendor's header: they begin at 0x80000000")
            })
        };
        Ok(Self { sign: Some(mechanism(sm2.sign)?), generate: sm2.generate.map(mechanism).transpose()? })
    }
}

fn vendor(mechanism: MechanismType) -> Mechanism<'static> {
    Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(mechanism, None))
}

/// Whether the token has a mechanism that does this. It is asked for each by its number: the list that the bindings give leaves vendors' mechanisms out.
fn does(link: &Link, mechanism: MechanismType, this: impl Fn(&MechanismInfo) -> bool) -> Result<bool, Fault> {
    match link.module.library().get_mechanism_info(link.slot, mechanism) {
        Ok(info) => Ok(this(&info)),
        Err(Refused::Pkcs11(RvError::MechanismInvalid, _)) => Ok(false),
        Err(refused) => Err(refused.into()),
    }
}

impl Shared {
    pub(super) fn new(place: String, options: Options, pin: RawAuthPin) -> Result<Self, Error> {
        options.check(&place)?;
        let curves = Curves::new(&place, options.sm2.as_ref().map(|sm2| sm2.curve.as_str()))?;
        let sm2 = Sm2::new(&options, &place)?;
        Ok(Self {
            place,
            options,
            pin,
            curves,
            sm2,
            module: Mutex::new(Weak::new()),
            pin_refused: Mutex::new(None),
            was_there: AtomicBool::new(false),
            keys: RwLock::new(HashMap::new()),
            proved: OnceLock::new(),
        })
    }

    pub(super) fn module(&self) -> MutexGuard<'_, Weak<Module>> {
        self.module.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pin_refused(&self) -> MutexGuard<'_, Option<Error>> {
        self.pin_refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_there(&self) {
        self.was_there.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_there(&self) -> bool {
        self.was_there.load(Ordering::Relaxed)
    }

    /// A key by its label, from the handles that are kept or from the token.
    pub(super) fn key(&self, link: &Link, label: &Label) -> Result<Arc<Key>, Fault> {
        let kept = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(label).cloned();
        kept.map_or_else(|| self.find(link, label), Ok)
    }

    /// A key by its label, from the token.
    pub(super) fn find(&self, link: &Link, label: &Label) -> Result<Arc<Key>, Fault> {
        let found = objects::find(link, &self.curves, label, &self.place);
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let Ok(key) = found else {
            keys.remove(label);
            return found.map(Arc::new);
        };
        if keys.len() >= HANDLES_MAX {
            keys.clear();
        }
        let key = Arc::new(key);
        keys.insert(label.clone(), Arc::clone(&key));
        Ok(key)
    }

    pub(super) fn forget(&self, label: &Label) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(label);
    }

    pub(super) fn forget_all(&self) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn sign(&self, session: &Session, algorithm: Algorithm, key: ObjectHandle, digest: &Digest) -> Result<Signature, Fault> {
        let Some(mechanism) = objects::signs_with(algorithm, self.sm2.sign.map(vendor)) else { return Err(self.lacks(algorithm).into()) };
        let halves = session.sign(&mechanism, key, digest)?;
        ec::signature(&halves).ok_or_else(|| {
            Error::new(Kind::DeviceFailed, &self.place, format!("the token gave a signature of {} bytes instead of 64", halves.len()))
                .into()
        })
    }

    fn lacks(&self, algorithm: Algorithm) -> Error {
        Error::new(Kind::Unsupported, &self.place, format!("the token does not sign with {algorithm}"))
            .remedy("take one of the algorithms that its capabilities list; SM2 needs the vendor's mechanisms in the settings")
    }

    /// Mechanism and `CKA_EC_PARAMS` of new keys.
    pub(super) fn makes_with(&self, algorithm: Algorithm) -> Result<(Mechanism<'static>, &[u8]), Error> {
        let mechanism = match algorithm {
            Algorithm::EcdsaSecp256k1 | Algorithm::EcdsaP256 => Some(Mechanism::EccKeyPairGen),
            Algorithm::Sm2 => self.sm2.generate.map(vendor),
        };
        mechanism.zip(self.curves.params(algorithm)).ok_or_else(|| self.lacks(algorithm))
    }

    pub(super) fn capabilities(&self, link: &Link) -> Result<Capabilities, Fault> {
        let writable = !link.token.write_protected();
        let generates = writable && does(link, MechanismType::ECC_KEY_PAIR_GEN, MechanismInfo::generate_key_pair)?;
        let algorithms = match self.proved.get() {
            Some(proved) => proved.clone(),
            None => self.prove(link)?,
        };
        Ok(Capabilities {
            description: token::description(&link.token),
            algorithms,
            generates,
            destroys: writable,
            sessions_max: self.options.sessions_max,
            batch_max: BATCH_MAX,
        })
    }

    /// The algorithms that the token's mechanisms allow and its curves bear; kept where every answer was a plain one.
    fn prove(&self, link: &Link) -> Result<Vec<Algorithm>, Fault> {
        let (mut proved, mut plain) = (Vec::new(), true);
        for algorithm in Algorithm::ALL {
            let signs = match algorithm {
                Algorithm::EcdsaSecp256k1 | Algorithm::EcdsaP256 => Some(MechanismType::ECDSA),
                Algorithm::Sm2 => self.sm2.sign,
            };
            let Some(signs) = signs else { continue };
            if !does(link, signs, MechanismInfo::sign)? {
                continue;
            }
            match self.proves(link, algorithm)? {
                Proof::Given => proved.push(algorithm),
                Proof::Denied => {}
                Proof::Failed => plain = false,
            }
        }
        if plain {
            let _ = self.proved.set(proved.clone());
        }
        Ok(proved)
    }

    /// Makes a key that lives as long as the session, signs with it and verifies that. A token that makes no such keys is believed.
    fn proves(&self, link: &Link, algorithm: Algorithm) -> Result<Proof, Fault> {
        let Ok((mechanism, params)) = self.makes_with(algorithm) else { return Ok(Proof::Given) };
        let made = match objects::make(&link.session, &mechanism, params, None, &self.place) {
            Ok(made) => made,
            Err(Fault::Module(Refused::Pkcs11(code, _))) => return Self::judge(code),
            Err(fault) => return Err(fault),
        };
        let info = KeyInfo { label: "proof".parse().expect("a label"), algorithm, public_key: made.public_key };
        let digest = sha256(algorithm.name().as_bytes());
        let signature = self.sign(&link.session, algorithm, made.private, &digest);
        made.destroy(&link.session);
        match signature {
            Ok(signature) if verifies(&info, &digest, &signature) => Ok(Proof::Given),
            Ok(_) => {
                tracing::warn!(device = self.place, %algorithm, "the token's signatures do not verify, so the algorithm is not offered");
                Ok(Proof::Denied)
            }
            Err(Fault::Module(Refused::Pkcs11(code, _))) => Self::judge(code),
            Err(fault) => Err(fault),
        }
    }

    /// What a code says of a curve when no key could be made on it.
    fn judge(code: RvError) -> Result<Proof, Fault> {
        match code {
            RvError::CurveNotSupported
            | RvError::DomainParamsInvalid
            | RvError::AttributeValueInvalid
            | RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::KeySizeRange => Ok(Proof::Denied),
            RvError::GeneralError | RvError::FunctionFailed => Ok(Proof::Failed),
            RvError::TemplateInconsistent | RvError::TemplateIncomplete | RvError::SessionReadOnly | RvError::TokenWriteProtected => {
                Ok(Proof::Given)
            }
            other => Err(Refused::Pkcs11(other, cryptoki::context::Function::GenerateKeyPair).into()),
        }
    }
}
