//! The back ends of this build, by name.

mod choice;
pub mod devices;
pub mod fpga;
mod probe;

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use chainbox_api::client::{Address, Options, Remote};
use chainbox_engine::{
    backend::{Backend, Cpu, CpuOptions, known_answers},
    strategy::Strategy,
};
use chainbox_service::{
    BackendHealth, Backends, Together,
    learned::{self, Learned},
};

use crate::error::Error;
#[cfg(feature = "bench")]
pub use choice::ALL;
pub use choice::{CPU, Choice};
use devices::Wanted;

/// The back end that is meant. It works only after it passed the known answers here and now. A strategy forces how the CPU verifies.
///
/// # Errors
/// [`Error`] where a device that is named is not there, or a back end gives a wrong answer.
pub fn open(choice: &Choice, strategy: Option<Strategy>, data: &Path) -> Result<Arc<dyn Backend>, Error> {
    if strategy.is_some() && !choice.is_cpu() {
        return Err(Error::new("--strategy is the CPU's: a device has one of its own; leave it out, or say --backend cpu"));
    }
    let options = CpuOptions { strategy, ..CpuOptions::default() };
    match choice {
        Choice::Cpu => Ok(Arc::new(cpu(&options)?)),
        Choice::Device(name) => device(name, data),
        Choice::Together { every, devices } => {
            // Items come from threads of the common pool: the CPU's own must not wait for them.
            let cpu: Arc<dyn Backend> = Arc::new(cpu(&CpuOptions { threads: Some(rayon::current_num_threads()), ..options })?);
            let wanted = Wanted { every: *every, names: devices.clone() };
            let devices = devices::open_wanted(&wanted, &devices::options(data))?;
            // A file that cannot be read costs time alone: all is learnt again.
            let learned = learned::read(&data.join(learned::FILE)).unwrap_or_default();
            Ok(Arc::new(together(cpu, &devices, &wanted, learned)?))
        }
    }
}

/// The CPU, once it gave the known answers.
///
/// # Errors
/// [`Error`] where it gives a wrong answer, or the system gives no threads.
pub fn cpu(options: &CpuOptions) -> Result<Cpu, Error> {
    let make = || Cpu::with_options(options).map_err(|error| Error::new(error.to_string()));
    prove(CPU, &make()?)?;
    // Another one, so that the known answers do not count among the items it decided.
    make()
}

/// One device, once it gave the known answers.
fn device(name: &str, data: &Path) -> Result<Arc<dyn Backend>, Error> {
    let opened = devices::open(name, &devices::options(data))?;
    prove(name, opened.backend.as_ref())?;
    Ok(opened.backend)
}

/// The CPU and devices behind one queue, once each gave the known answers. A device that is named and does not is an error; of the others a line on
/// standard error says so.
///
/// # Errors
/// [`Error`].
pub fn together(cpu: Arc<dyn Backend>, opened: &[devices::Opened], wanted: &Wanted, learned: Vec<Learned>) -> Result<Together, Error> {
    let devices = opened.iter().map(devices::Opened::for_service).collect();
    let together = Together::start(Backends { cpu, devices }, learned).map_err(Error::new)?;
    together.wait_until_proven();
    for report in together.reports().into_iter().filter(|report| report.state != BackendHealth::Admitted) {
        let reason = report.reason.unwrap_or_else(|| "it did not give the known answers in time".to_owned());
        let what = format!("back end {} is not used: {reason}", report.name);
        if wanted.names.contains(&report.name) {
            return Err(Error::new(format!("{what}; see `chainbox devices --check`")));
        }
        // Where standard error is closed, `chainbox devices` still tells.
        let _ = writeln!(io::stderr(), "chainbox: {what}");
    }
    Ok(together)
}

fn prove(name: &str, backend: &dyn Backend) -> Result<usize, Error> {
    known_answers::check(backend)
        .map_err(|error| Error::new(format!("back end {name} fails its known answers on this machine and is not used: {error}")))
}

/// The service at this address as a back end. It works only after it passed the known answers, as any other.
///
/// # Errors
/// [`Error`] where it cannot be reached, or gives a wrong answer.
pub fn open_server(address: &Address, options: Options) -> Result<Arc<dyn Backend>, Error> {
    let remote = Remote::connect(address, options).map_err(|error| Error::new(error.to_string()))?;
    known_answers::check(&remote).map_err(|error| Error::new(format!("{address} fails the known answers and is not used: {error}")))?;
    Ok(Arc::new(remote))
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
