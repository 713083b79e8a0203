//! The back ends of this build, by name.

use chainbox_api::client::{Address, Options, Remote};
use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions, known_answers},
    strategy::Strategy,
};

use crate::error::Error;

/// The names of the back ends of this build.
pub const NAMES: &[&str] = &["cpu"];

/// The back end with this name, which uses a strategy wherever that applies, or chooses by cost. It works only after it passed the known answers
/// here and now.
///
/// # Errors
/// [`Error`] for a name that is not in [`NAMES`], or a back end that gives a wrong answer.
pub fn open(name: &str, strategy: Option<Strategy>) -> Result<Box<dyn Backend>, Error> {
    open_with(name, &CpuOptions { strategy, ..CpuOptions::default() })
}

/// The same with all that can be told to the CPU.
///
/// # Errors
/// As for [`open`].
pub fn open_with(name: &str, options: &CpuOptions) -> Result<Box<dyn Backend>, Error> {
    let make = || -> Result<Box<dyn Backend>, Error> {
        match name {
            "cpu" => Ok(Box::new(Cpu::with_options(options).map_err(|error| Error::new(error.to_string()))?)),
            _ => Err(Error::new(format!("no back end is called {name:?}; this build has: {}", NAMES.join(", ")))),
        }
    };
    known_answers::check(make()?.as_ref())
        .map_err(|error| Error::new(format!("back end {name} fails its known answers on this machine and is not used: {error}")))?;
    // Another one, so that the known answers do not count among the items it decided.
    make()
}

/// The service at this address as a back end. It works only after it passed the known answers, as any other.
///
/// # Errors
/// [`Error`] where it cannot be reached, or gives a wrong answer.
pub fn open_server(address: &Address, options: Options) -> Result<Box<dyn Backend>, Error> {
    let remote = Remote::connect(address, options).map_err(|error| Error::new(error.to_string()))?;
    known_answers::check(&remote).map_err(|error| Error::new(format!("{address} fails the known answers and is not used: {error}")))?;
    Ok(Box::new(remote))
}

/// Sets how many threads the CPU works with, for reading and verifying.
///
/// # Errors
/// [`Error`] where the system gives no threads.
pub fn limit_threads(threads: usize) -> Result<(), Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Error::new(format!("cannot start {threads} threads: {error}")))
}
