//! A loop over a PKCS#11 module and nothing else: what the paths are measured beside. It uses nothing of the adapter.

use std::time::Duration;

use chainbox_hsm::{KeyInfo, Signature, secret::Secret};
use chainbox_service::settings::Hsm;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as CkError, RvError},
    mechanism::Mechanism,
    object::{Attribute, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::RawAuthPin,
};

use super::load::{Times, measure as drive};
use crate::error::Error;

/// Signatures of as many sessions as are wanted, a thread each.
pub(super) fn measure(hsm: &Hsm, pin: &Secret, key: &KeyInfo, sessions: usize, time: Duration) -> Result<Times, Error> {
    let path = hsm.module.as_ref().ok_or_else(|| Error::new("hsm.module is not set"))?;
    let module = Pkcs11::new(path).map_err(|error| failed(&error))?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(CkError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(&error)),
    }
    let measured = with(&module, hsm, pin, key, sessions, time);
    module.finalize().map_err(|error| failed(&error))?;
    measured
}

fn with(module: &Pkcs11, hsm: &Hsm, pin: &Secret, key: &KeyInfo, sessions: usize, time: Duration) -> Result<Times, Error> {
    let slot = slot(module, hsm)?;
    let opened: Result<Vec<Session>, _> = (0..sessions).map(|_| module.open_ro_session(slot)).collect();
    let opened = opened.map_err(|error| failed(&error))?;
    // A login counts for all sessions of a token.
    let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
    match opened.first().map(|session| session.login_with_raw(UserType::User, &pin)) {
        None | Some(Ok(()) | Err(CkError::Pkcs11(RvError::UserAlreadyLoggedIn, _))) => {}
        Some(Err(error)) => return Err(failed(&error)),
    }
    let signer = |session: Session| {
        let handle = private_key(&session, key)?;
        Ok(move |digest: &[u8; 32]| {
            let signature = session.sign(&Mechanism::Ecdsa, handle, digest).map_err(|error| failed(&error))?;
            Signature::try_from(&*signature).map_err(|_| Error::new(format!("the module gave a signature of {} bytes", signature.len())))
        })
    };
    let signers: Result<Vec<_>, Error> = opened.into_iter().map(signer).collect();
    drive(key, signers?, time)
}

fn slot(module: &Pkcs11, hsm: &Hsm) -> Result<Slot, Error> {
    for slot in module.get_slots_with_token().map_err(|error| failed(&error))? {
        let token = module.get_token_info(slot).map_err(|error| failed(&error))?;
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref() == Some(found.trim_end());
        if is(&hsm.token, token.label()) || is(&hsm.serial, token.serial_number()) {
            return Ok(slot);
        }
    }
    Err(Error::new("the bare loop finds no such token: run chainbox hsm doctor"))
}

fn private_key(session: &Session, key: &KeyInfo) -> Result<ObjectHandle, Error> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(key.label.as_str().as_bytes().to_vec())];
    let found = session.find_objects(&template).map_err(|error| failed(&error))?;
    found.first().copied().ok_or_else(|| Error::new(format!("the bare loop finds no private key {}", key.label)))
}

fn failed(error: &CkError) -> Error {
    Error::new(format!("the bare loop: {error}; run chainbox hsm doctor"))
}
