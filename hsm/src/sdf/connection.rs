//! A session of the device: opened, kept, replaced when it dies, with calls made again. No call changes what is on the device, so that each may be.

use std::sync::Arc;

use chainbox_engine::hash::Digest;

use super::{
    BATCH_MAX,
    abi::Malformed,
    codes::{Cure, Fault},
    library::Session,
    shared::{Line, Shared, Slot, lock},
    verify,
};
use crate::{Algorithm, Error, KeyInfo, Label, PublicKey, Signature, device::Capabilities, pool::Worker};

/// How often one call is made at most: the first time, in a new session, on a device opened again.
const TRIES_MAX: usize = 3;

/// Random bytes of one call of the library.
const RANDOM_BYTES: usize = 1024;

/// From how many bytes on nothing but zeros is no accident.
const ZEROS_MIN: usize = 16;

/// What a thread of the pool works with.
pub(super) struct Connection {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { slot: shared.slot(), shared }
    }

    /// Opens a session where there is none that serves.
    fn connected<'a>(&self, held: &'a mut Option<Line>, subject: &str) -> Result<&'a mut Line, Error> {
        if let Some(stale) = held.take_if(|line| line.is_retired()) {
            stale.discard();
        }
        if held.is_none() {
            *held = Some(self.shared.open().map_err(|fault| fault.explain(&self.shared.place, subject))?);
        }
        Ok(held.as_mut().expect("it was opened"))
    }

    /// Makes a call, again where that helps.
    fn attempt<T>(&self, subject: &str, call: impl Fn(&Shared, &mut Line) -> Result<T, Fault>) -> Result<T, Error> {
        let mut tries = 1;
        loop {
            let mut held = lock(&self.slot);
            let line = self.connected(&mut held, subject)?;
            let fault = match call(&self.shared, line) {
                Ok(answer) => {
                    // Its device was given up meanwhile; without a next call nobody else would notice.
                    held.take_if(|line| line.is_retired()).into_iter().for_each(Line::discard);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let cure = fault.cure();
            let failed = fault.explain(&self.shared.place, subject);
            if cure != Cure::None {
                self.heal(cure, tries, &mut held);
            }
            if cure == Cure::None || tries == TRIES_MAX {
                return Err(failed);
            }
            tracing::info!(device = self.shared.place, %failed, ?cure, "a call is made again");
            tries += 1;
        }
    }

    /// Does what helps against a fault, and more where that did not help before.
    fn heal(&self, cure: Cure, tries: usize, held: &mut Option<Line>) {
        let Some(mut line) = held.take() else { return };
        if cure == Cure::Right && tries == 1 {
            line.forget_rights();
            *held = Some(line);
            return;
        }
        let device = Arc::clone(line.session.device());
        line.discard();
        if cure == Cure::Device || (cure == Cure::Session && tries > 1) {
            self.shared.retire(&device);
        } else {
            // Here and not at the next try: without a session the device would be closed. Where it fails, the next try does what there is to do.
            *held = Session::open(device).map(Line::new).ok();
        }
    }

    /// That every key is there and can be used.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        self.shared.options.keys.keys().try_for_each(|label| {
            self.attempt(&self.shared.subject(label), |shared, line| {
                shared.show(line, label)?;
                shared.right(line, label)
            })
        })
    }

    pub(super) fn capabilities(&mut self) -> Result<Capabilities, Error> {
        let info = self.attempt("", |_, line| line.session.device_info())?;
        Ok(Capabilities {
            description: info.description(),
            algorithms: vec![Algorithm::Sm2],
            generates: false,
            destroys: false,
            sessions_max: if self.shared.options.single_thread { 1 } else { self.shared.options.sessions_max },
            batch_max: BATCH_MAX,
        })
    }

    pub(super) fn keys(&mut self) -> Result<Vec<KeyInfo>, Error> {
        self.shared.options.keys.keys().map(|label| self.key(label)).collect()
    }

    pub(super) fn key(&self, label: &Label) -> Result<KeyInfo, Error> {
        self.attempt(&self.shared.subject(label), |shared, line| Ok(shared.show(line, label)?.info.clone()))
    }

    pub(super) fn random(&mut self, bytes: usize) -> Result<Vec<u8>, Error> {
        let mut random = vec![0; bytes];
        for part in random.chunks_mut(RANDOM_BYTES) {
            let length = part.len();
            let drawn = self.attempt("", |_, line| {
                let mut drawn = vec![0; length];
                line.session.random(&mut drawn)?;
                if length >= ZEROS_MIN && drawn.iter().all(|byte| *byte == 0) {
                    return Err(Fault::Lies { function: "SDF_GenerateRandom", what: "it answered success and gave nothing but zeros" });
                }
                Ok(drawn)
            })?;
            part.copy_from_slice(&drawn);
        }
        Ok(random)
    }

    /// The device's verdict on a signature.
    pub(super) fn verify(&mut self, public_key: &PublicKey, digest: &Digest, signature: &Signature) -> Result<bool, Error> {
        self.attempt("", |shared, line| {
            let number = match shared.sm2_signature.get() {
                Some(known) => *known,
                None => {
                    let found = verify::find_number(&mut line.session, &shared.place)?;
                    *shared.sm2_signature.get_or_init(|| found)
                }
            };
            verify::ask(&mut line.session, number, public_key, digest, signature)
        })
    }
}

impl Worker for Connection {
    fn connect(&mut self) -> Result<(), Error> {
        self.connected(&mut lock(&self.slot), "").map(|_| ())
    }

    fn sign(&mut self, label: &Label, digest: &Digest) -> Result<Signature, Error> {
        self.attempt(&self.shared.subject(label), |shared, line| {
            let key = shared.key(line, label)?;
            shared.right(line, label)?;
            let signed = line.session.sign(key.index, *digest)?;
            let signature = signed.raw().map_err(|Malformed(what)| Fault::Lies { function: "SDF_InternalSign_ECC", what })?;
            shared.prove(&key, digest, &signature)?;
            Ok(signature)
        })
    }
}
