//! The process that holds a vendor's module: what `chainbox hsm-host` runs.

use std::{
    io::IoSliceMut,
    mem::MaybeUninit,
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use zeroize::Zeroizing;

use super::{
    channel::{Broken, Channel},
    confine,
    frame::{Answer, DIGESTS_MAX, HELLO_BYTES_MAX, Hello, KEYS_MAX, REQUEST_BYTES_MAX, Request},
};
use crate::{Deadline, Device, DeviceOptions, Error, Kind};

/// How long the parent may take to say what to open.
const HELLO_MAX: Duration = Duration::from_secs(10);
/// How long requests that are under way when the parent ends the process have left; then the device is not closed in order.
const END_MAX: Duration = Duration::from_millis(500);
/// The least and the most channels that a device asks for. Two a session: the next request is there when one is answered.
const CHANNELS: (usize, usize) = (4, 256);
/// How long a look at the device may take before the process says that it is open.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// The longest time that a request has. A clock cannot say when longer ones end.
const LEFT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The exit code where the process was not started by Chainbox itself.
const EXIT_USAGE: u8 = 2;
/// The exit code where there is no device to serve.
const EXIT_NO_DEVICE: u8 = 3;

/// The whole program of a child: serves the device that the parent names ([`DeviceOptions`]), until the parent is gone.
#[must_use]
pub fn host() -> ExitCode {
    serve(DeviceOptions::open_hello)
}

/// Serves a device to the process that started this one, over standard input, until that is gone.
///
/// `open` opens what the first frame asks for; its error is given to the parent as it is.
pub fn serve(open: impl FnOnce(Hello) -> Result<Arc<dyn Device>, Error>) -> ExitCode {
    let control = match confine::confine() {
        Ok(control) => control,
        Err(error) => {
            eprintln!("This command is run by chainbox itself, which gives it a socket as standard input: {error}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match welcome(control, open) {
        Ok((control, device)) => serve_channels(&control, device),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(EXIT_NO_DEVICE)
        }
    }
}

/// Reads the first frame, opens the device, and says so, or why not.
fn welcome(
    control: UnixStream,
    open: impl FnOnce(Hello) -> Result<Arc<dyn Device>, Error>,
) -> Result<(Arc<UnixStream>, Arc<dyn Device>), Error> {
    let failed = |error: Broken| Error::new(Kind::Input, "standard input", error.to_string());
    let control = Arc::new(control);
    let mut channel = Channel::new(Arc::clone(&control)).map_err(|error| failed(error.into()))?;
    let (_, body) = channel.receive(HELLO_BYTES_MAX, Some(Deadline::after(HELLO_MAX))).map_err(failed)?;
    let hello = Hello::decode(body).map_err(|malformed| Error::new(Kind::Input, "standard input", malformed.to_string()));
    channel.tidy(true);
    let opened = hello.and_then(|hello| match catch_unwind(AssertUnwindSafe(|| open(hello))) {
        Ok(opened) => opened,
        Err(_) => {
            Err(Error::new(Kind::DeviceFailed, "hsm-host", "a panic while the device was opened").remedy("see the log of the service"))
        }
    });
    let answer = match &opened {
        Ok(device) => Answer::Welcome(channels(device.as_ref())),
        Err(error) => Answer::Failed(error.clone()),
    };
    answer.encode(&mut channel.out, 0);
    channel.send(Some(Deadline::after(HELLO_MAX))).map_err(failed)?;
    control.set_read_timeout(None).map_err(|error| failed(error.into()))?;
    Ok((control, opened?))
}

/// How many channels keep the device busy.
fn channels(device: &dyn Device) -> usize {
    let sessions = device.capabilities(Deadline::after(LOOK_MAX)).map_or(CHANNELS.0, |capabilities| capabilities.sessions_max);
    sessions.saturating_mul(2).clamp(CHANNELS.0, CHANNELS.1)
}

/// Takes channels from the parent, each with a thread of its own, until the parent is gone.
fn serve_channels(control: &UnixStream, device: Arc<dyn Device>) -> ExitCode {
    let mut threads = Vec::new();
    while let Some(stream) = next_channel(control) {
        let device = Arc::clone(&device);
        let serves = move || serve_channel(stream, device.as_ref());
        match thread::Builder::new().name("hsm-channel".to_owned()).spawn(serves) {
            Ok(thread) => threads.push(thread),
            // The channel is closed with the closure that had it: the parent sees it.
            Err(error) => eprintln!("no thread for a channel: {error}"),
        }
    }
    let end = Deadline::after(END_MAX);
    while !end.is_over() && threads.iter().any(|thread| !thread.is_finished()) {
        thread::sleep(Duration::from_millis(1));
    }
    // The last owner closes the device; a thread that still is in the module keeps it, and the end of the process takes both.
    drop(device);
    ExitCode::SUCCESS
}

/// The next channel: one byte with one descriptor. None when the parent is gone, or says anything else.
fn next_channel(control: &UnixStream) -> Option<UnixStream> {
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        match recvmsg(control, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(message) if message.bytes == 1 => {}
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Ok(_) | Err(_) => return None,
        }
        return ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next().map(UnixStream::from),
            _ => None,
        });
    }
}

/// Answers one request after another, until the parent closes the channel or breaks the rules.
fn serve_channel(stream: UnixStream, device: &dyn Device) {
    let mut channel = Channel::patient(Arc::new(stream));
    loop {
        match serve_request(&mut channel, device) {
            Ok(()) => {}
            Err(Broken::Closed) => return,
            Err(error) => return eprintln!("{error}"),
        }
    }
}

fn serve_request(channel: &mut Channel, device: &dyn Device) -> Result<(), Broken> {
    let (id, body) = channel.receive(REQUEST_BYTES_MAX, None)?;
    let (request, left_us) = Request::decode(body)?;
    let answer = answer(device, &request, Deadline::after(Duration::from_micros(left_us).min(LEFT_MAX)));
    answer.encode(&mut channel.out, id);
    channel.send(None)?;
    channel.tidy(matches!(answer, Answer::Random(_)));
    Ok(())
}

/// Asks the device. A panic in its code is an answer too.
fn answer(device: &dyn Device, request: &Request<'_>, deadline: Deadline) -> Answer {
    let asked = catch_unwind(AssertUnwindSafe(|| ask(device, request, deadline)));
    let panicked =
        || Error::new(Kind::DeviceFailed, device.name(), "a panic in the code that drives the device").remedy("see the log of the service");
    asked.unwrap_or_else(|_| Err(panicked())).unwrap_or_else(Answer::Failed)
}

fn ask(device: &dyn Device, request: &Request<'_>, deadline: Deadline) -> Result<Answer, Error> {
    Ok(match request {
        Request::Capabilities => {
            let mut capabilities = device.capabilities(deadline)?;
            capabilities.batch_max = capabilities.batch_max.min(DIGESTS_MAX);
            Answer::Capabilities(capabilities)
        }
        Request::Keys => {
            let mut keys = device.keys(deadline)?;
            if keys.len() > KEYS_MAX {
                eprintln!("{} has {} keys; the first {KEYS_MAX} are listed", device.name(), keys.len());
                keys.truncate(KEYS_MAX);
            }
            Answer::Keys(keys)
        }
        Request::Key(label) => Answer::Key(device.key(label, deadline)?),
        Request::Generate(label, algorithm) => Answer::Made(device.generate(label, *algorithm, deadline)?),
        Request::Destroy(label) => {
            device.destroy(label, deadline)?;
            Answer::Destroyed
        }
        Request::Random(count) => {
            let mut bytes = Zeroizing::new(vec![0; *count]);
            device.random(&mut bytes, deadline)?;
            Answer::Random(bytes)
        }
        Request::Sign(label, digests) => Answer::Signed(device.sign(label, digests, deadline)?),
    })
}
