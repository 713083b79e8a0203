//! The back ends of this build, by name.

use chainbox_engine::backend::{Backend, Cpu, known_answers};

use crate::error::Error;

/// The names of the back ends of this build.
pub const NAMES: &[&str] = &["cpu"];

/// The back end with this name. It works only after it passed the known answers here and now.
///
/// # Errors
/// [`Error`] for a name that is not in [`NAMES`], or a back end that gives a wrong answer.
pub fn open(name: &str) -> Result<Box<dyn Backend>, Error> {
    let backend: Box<dyn Backend> = match name {
        "cpu" => Box::new(Cpu::new()),
        _ => return Err(Error::new(format!("no back end is called {name:?}; this build has: {}", NAMES.join(", ")))),
    };
    known_answers::check(backend.as_ref())
        .map_err(|error| Error::new(format!("back end {name} fails its known answers on this machine and is not used: {error}")))?;
    Ok(backend)
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
