//! What stands behind a handle: a back end of this process, or a server.

use std::{path::Path, time::Duration};

use chainbox_api::client::{self, Address, Remote, Tls};
use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions, Hint, known_answers},
    batch::{Batch, ByteColumn, Recovered, RecoveryBatch},
    hash::{Digest, Hash},
    verdict::Verdicts,
};

use crate::{
    abi::{Status, THREADS_MAX},
    failure::Failure,
};

/// What a program verifies with: chainbox_open gives one, chainbox_close takes it back.
pub struct Handle {
    place: Place,
}

/// Where the work is done.
enum Place {
    Here(Box<dyn Backend>),
    Server(Remote),
}

/// How to verify in process.
pub(crate) struct InProcess {
    /// The threads of a pool of the handle's own; 0 for one a core.
    pub threads: u32,
    /// The bound of the tables of known keys in bytes; 0 for the default.
    pub key_table_bytes: u64,
}

/// How to reach a server.
pub(crate) struct Server<'a> {
    pub address: &'a str,
    pub ca_file: Option<&'a str>,
    pub certificate_file: Option<&'a str>,
    pub key_file: Option<&'a str>,
    /// 0 for the default.
    pub deadline_ms: u32,
}

impl Handle {
    /// A handle that verifies in process. The known answers are asked first: a machine that gets one wrong is not used.
    pub(crate) fn in_process(options: &InProcess) -> Result<Self, Failure> {
        if options.threads > THREADS_MAX {
            return Err(Failure::argument(format!("threads is {}: set it to at most {THREADS_MAX}", options.threads)));
        }
        let mut cpu = CpuOptions { threads: Some(options.threads as usize), ..CpuOptions::default() };
        if options.key_table_bytes > 0 {
            cpu.key_table_bytes = usize::try_from(options.key_table_bytes).unwrap_or(usize::MAX);
        }
        known_answers::check(&Cpu::with_options(&cpu)?)
            .map_err(|error| Failure::new(Status::Internal, format!("this machine fails the known answers and is not used: {error}")))?;
        // Another one, so that it has learned nothing of keys and forgeries from the known answers.
        Ok(Self { place: Place::Here(Box::new(Cpu::with_options(&cpu)?)) })
    }

    /// A handle that asks a server.
    pub(crate) fn of_server(server: &Server<'_>) -> Result<Self, Failure> {
        let address: Address = server.address.parse().map_err(client::Error::from)?;
        let mut options = client::Options { tls: server.tls()?, ..client::Options::default() };
        if server.deadline_ms > 0 {
            options.deadline = Duration::from_millis(server.deadline_ms.into());
        }
        Ok(Self { place: Place::Server(Remote::connect(&address, options)?) })
    }

    pub(crate) fn verify(&self, batch: &Batch) -> Result<Verdicts, Failure> {
        match &self.place {
            Place::Here(backend) => Ok(backend.verify(batch)?),
            Place::Server(server) => Ok(server.wait(server.client().verify(batch))?),
        }
    }

    pub(crate) fn verify_and_hint(&self, batch: &Batch) -> Result<(Verdicts, Vec<Option<Hint>>), Failure> {
        match &self.place {
            Place::Here(backend) => Ok(backend.verify_and_hint(batch)?),
            Place::Server(server) => Ok(server.wait(server.client().verify_and_hint(batch))?),
        }
    }

    pub(crate) fn recover(&self, batch: &RecoveryBatch) -> Result<Recovered, Failure> {
        match &self.place {
            Place::Here(backend) => Ok(backend.recover(batch)?),
            Place::Server(server) => Ok(server.wait(server.client().recover(batch))?),
        }
    }

    pub(crate) fn digest(&self, hash: Hash, messages: &ByteColumn) -> Result<Vec<Digest>, Failure> {
        match &self.place {
            Place::Here(backend) => Ok(backend.digest(hash, messages)?),
            Place::Server(server) => Ok(server.wait(server.client().digest(hash, messages))?),
        }
    }
}

impl Server<'_> {
    fn tls(&self) -> Result<Option<Tls>, Failure> {
        let identity = match (self.certificate_file, self.key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((Path::new(certificate), Path::new(key))),
            _ => return Err(Failure::argument("certificate_file and key_file belong together: set both or none")),
        };
        match self.ca_file {
            Some(authorities) => Ok(Some(Tls::from_files(Path::new(authorities), identity)?)),
            None if identity.is_some() => Err(Failure::argument("certificate_file is for https, which needs ca_file too")),
            None => Ok(None),
        }
    }
}
