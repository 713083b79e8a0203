//! A device in a process of its own, so that a crash of a vendor's code takes nothing down (docs/adr/015-modules-in-a-process-of-their-own.md).
//!
//! ```text
//! callers -> Isolated -> lanes of the child that runs -> host: a thread a lane -> Device in that process
//!                 \----- Supervisor: starts, watches, kills, starts again
//! ```
//!
//! A *lane* is a socket with one request under way at a time, and a thread on the other side: a call costs two system calls here and two there, and no other
//! thread between. Lanes are opened as callers need them, twice as many as the device has sessions at most; who comes then waits for one, in order.
//!
//! The parent trusts nothing of the child: lengths, counts, ids and texts are checked, and a child that breaks a rule is killed. A request whose child ended
//! is asked again on the next where that is safe. One that has no answer at its deadline is given up at once; where the answer does not come within the grace
//! either, the child hangs, and is killed.

mod bell;
mod channel;
mod child;
mod confine;
pub mod frame;
mod host;
mod output;
mod supervisor;

use std::{borrow::Cow, io, path::PathBuf, sync::Arc, thread, time::Duration};

use chainbox_engine::hash::Digest;
use serde::{Deserialize, Serialize};

pub use self::host::{host, serve};
use self::{
    bell::Bell,
    child::Unanswered,
    frame::{Answer, DIGESTS_MAX, Hello, OPTIONS_BYTES_MAX, RANDOM_BYTES_MAX, Request, SECRETS_MAX, TEXT_BYTES_MAX},
    supervisor::{Supervised, Supervisor},
};
use crate::{
    Algorithm, Deadline, Device, Error, KeyInfo, Kind, Label, PublicKey, Signature, device::Capabilities, secret::SECRET_BYTES_MAX,
};

/// How often a request is asked where its child ends each time: it may be what ends them.
const ATTEMPTS_MAX: usize = 3;

/// How a device is kept in a process of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The program that serves the device; this one unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<PathBuf>,
    /// Its arguments. They hold no secret.
    pub arguments: Vec<String>,
    /// How long the device may take to open, in milliseconds.
    pub start_ms_max: u64,
    /// How long after its deadline a request may be answered before the process is held to hang and is killed, in milliseconds.
    pub grace_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { program: None, arguments: vec!["hsm-host".to_owned()], start_ms_max: 30_000, grace_ms: 1000 }
    }
}

impl Options {
    /// The program. This one is named by what the system keeps of it: an update that replaces the file changes nothing for a service that runs.
    fn program(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
    }
}

/// How it is with the child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The child that answers; none while one is started.
    pub pid: Option<u32>,
    /// How many were started again.
    pub restarts: u64,
    /// Why the last one ended, or did not open its device.
    pub last_end: Option<String>,
}

/// A device in a process of its own. When it is dropped the process ends.
pub struct Isolated {
    name: String,
    grace: Duration,
    shared: Arc<Supervised>,
    supervisor: Option<thread::JoinHandle<()>>,
    /// The process that started the child: a fork of it shares the sockets, and must not use them.
    owner: u32,
}

impl Isolated {
    /// Starts the process and lets it open the device.
    ///
    /// # Errors
    /// The error of the device where it cannot be opened, and [`Kind::Crashed`], [`Kind::Deadline`] or [`Kind::Library`] where the process ends, hangs or
    /// cannot be started. Nothing runs then.
    pub fn start(hello: Hello, options: Options) -> Result<Self, Error> {
        check(&hello)?;
        let name = hello.name.clone();
        let failed =
            |error: io::Error| Error::new(Kind::Library, &name, format!("the process that holds the module cannot be watched: {error}"));
        let grace = Duration::from_millis(options.grace_ms);
        let shared = Arc::new(Supervised::new(&name, Bell::new().map_err(failed)?));
        let supervisor = Supervisor { shared: Arc::clone(&shared), hello, options };
        let thread = thread::Builder::new().name("hsm-supervisor".to_owned()).spawn(move || supervisor.run()).map_err(failed)?;
        let isolated = Self { name, grace, shared, supervisor: Some(thread), owner: std::process::id() };
        isolated.shared.started()?;
        Ok(isolated)
    }

    /// How it is with the child.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Asks the child, and the next where it ends.
    fn ask(&self, request: &Request<'_>, deadline: Deadline) -> Result<Answer, Error> {
        if std::process::id() != self.owner {
            let what = format!("it was opened by process {}, of which this one is a fork", self.owner);
            return Err(Error::new(Kind::Library, &self.name, what).remedy("open the device again in this process"));
        }
        let late = || Error::new(Kind::Deadline, &self.name, "no answer before the deadline");
        let mut lost = 0;
        while !deadline.is_over() {
            match self.shared.child(deadline)?.ask(request, deadline, self.grace) {
                Ok(Answer::Failed(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
                Err(Unanswered::NotAsked) => {}
                Err(Unanswered::Lost) if !request.may_be_repeated() => {
                    let what = "the process that holds the module ended while it was asked, and whether it was done nobody knows";
                    return Err(Error::new(Kind::Crashed, &self.name, what).remedy("look whether the key is there: chainbox hsm list"));
                }
                Err(Unanswered::Lost) if lost + 1 == ATTEMPTS_MAX => {
                    let what = format!("the process that holds the module ended {ATTEMPTS_MAX} times while it was asked this");
                    return Err(Error::new(Kind::Crashed, &self.name, what).remedy("see the log, and ask the module's vendor"));
                }
                Err(Unanswered::Lost) => lost += 1,
                Err(Unanswered::Late) => return Err(late()),
                Err(Unanswered::Busy) => return Err(Error::new(Kind::Busy, &self.name, "too many requests wait").remedy("ask again later")),
            }
        }
        Err(late())
    }

    /// What a child says that answers with something else; it is killed before that is seen here.
    fn wrong(&self) -> Error {
        Error::new(Kind::DeviceFailed, &self.name, "the process that holds the module answered with something else")
    }
}

/// That a first frame can be written.
fn check(hello: &Hello) -> Result<(), Error> {
    let too_long =
        |what: &str, max: usize| Err(Error::new(Kind::Input, &hello.name, format!("{what}: more than {max}")).remedy("shorten it"));
    if hello.name.len() > TEXT_BYTES_MAX {
        return too_long("bytes of the device's name", TEXT_BYTES_MAX);
    }
    if hello.options.len() > OPTIONS_BYTES_MAX {
        return too_long("bytes of the device's options", OPTIONS_BYTES_MAX);
    }
    if hello.secrets.len() > SECRETS_MAX {
        return too_long("secrets", SECRETS_MAX);
    }
    if hello.secrets.iter().any(|(name, secret)| name.len() > TEXT_BYTES_MAX || secret.expose().len() > SECRET_BYTES_MAX) {
        return too_long("bytes of a secret", SECRET_BYTES_MAX);
    }
    Ok(())
}

impl Device for Isolated {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self, deadline: Deadline) -> Result<Capabilities, Error> {
        match self.ask(&Request::Capabilities, deadline)? {
            Answer::Capabilities(capabilities) => Ok(capabilities),
            _ => Err(self.wrong()),
        }
    }

    fn keys(&self, deadline: Deadline) -> Result<Vec<KeyInfo>, Error> {
        match self.ask(&Request::Keys, deadline)? {
            Answer::Keys(keys) => Ok(keys),
            _ => Err(self.wrong()),
        }
    }

    fn key(&self, label: &Label, deadline: Deadline) -> Result<KeyInfo, Error> {
        match self.ask(&Request::Key(Cow::Borrowed(label)), deadline)? {
            Answer::Key(key) => Ok(key),
            _ => Err(self.wrong()),
        }
    }

    fn generate(&self, label: &Label, algorithm: Algorithm, deadline: Deadline) -> Result<PublicKey, Error> {
        match self.ask(&Request::Generate(Cow::Borrowed(label), algorithm), deadline)? {
            Answer::Made(public_key) => Ok(public_key),
            _ => Err(self.wrong()),
        }
    }

    fn destroy(&self, label: &Label, deadline: Deadline) -> Result<(), Error> {
        match self.ask(&Request::Destroy(Cow::Borrowed(label)), deadline)? {
            Answer::Destroyed => Ok(()),
            _ => Err(self.wrong()),
        }
    }

    fn random(&self, bytes: &mut [u8], deadline: Deadline) -> Result<(), Error> {
        for part in bytes.chunks_mut(RANDOM_BYTES_MAX) {
            match self.ask(&Request::Random(part.len()), deadline)? {
                Answer::Random(random) if random.len() == part.len() => part.copy_from_slice(&random),
                _ => return Err(self.wrong()),
            }
        }
        Ok(())
    }

    fn sign(&self, label: &Label, digests: &[Digest], deadline: Deadline) -> Result<Vec<Signature>, Error> {
        if digests.len() > DIGESTS_MAX {
            return Err(Error::new(Kind::Input, &self.name, format!("{} digests in one request", digests.len()))
                .remedy(format!("ask for at most {DIGESTS_MAX}")));
        }
        match self.ask(&Request::Sign(Cow::Borrowed(label), Cow::Borrowed(digests)), deadline)? {
            Answer::Signed(signatures) => Ok(signatures),
            _ => Err(self.wrong()),
        }
    }
}

impl Drop for Isolated {
    fn drop(&mut self) {
        if std::process::id() != self.owner {
            return;
        }
        self.shared.stop();
        if let Some(supervisor) = self.supervisor.take() {
            // It does not panic; where it did, its child died with it.
            let _ = supervisor.join();
        }
    }
}
