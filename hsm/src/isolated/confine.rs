//! What the process that holds a module gives up before it loads it.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::net::UnixStream,
    },
};

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit},
    stdio::dup2_stdin,
};

/// The name of the process in `ps` and `top`: 15 bytes at most.
const PROCESS_NAME: &std::ffi::CStr = c"chainbox-hsm";

/// Takes the socket to the parent from standard input, and gives up everything that a vendor's code has no business with: inherited descriptors, core dumps
/// (a core holds the PIN), tracing by others, and a life after the parent's.
///
/// # Errors
/// Where standard input is no socket, and where the system refuses.
pub(super) fn confine() -> io::Result<UnixStream> {
    let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    control.peer_addr()?;
    close_others(&control)?;
    dup2_stdin(File::open("/dev/null")?)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    rustix::thread::set_name(PROCESS_NAME)?;
    Ok(control)
}

/// Closes every descriptor but the standard ones and the socket: what this process needs it opens later. No other thread runs yet.
fn close_others(control: &UnixStream) -> io::Result<()> {
    let numbers = fs::read_dir("/proc/self/fd")?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().parse().ok()))
        .collect::<io::Result<Vec<Option<RawFd>>>>()?;
    let kept = control.as_raw_fd();
    for number in numbers.into_iter().flatten().filter(|number| *number > 2 && *number != kept) {
        // The folder's own descriptor is closed already, so an error says nothing.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
