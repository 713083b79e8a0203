//! One way between the processes: frames over a socket, one request under way at a time.

use std::{
    io::{self, Read},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::Arc,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{SendFlags, send},
};
use zeroize::Zeroize;

use super::frame::{self, HEADER_BYTES, Malformed};
use crate::Deadline;

/// How long one system call waits at most. A deadline that is nearer costs one call more.
const TICK: Duration = Duration::from_millis(100);
/// What the inbox holds from the first; most frames fit.
const INBOX_BYTES: usize = 4096;
/// An inbox that grew beyond this is given back after the answer.
const INBOX_BYTES_KEPT: usize = 256 * 1024;

/// Why nothing came or went.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The deadline passed.
    #[error("no answer before the deadline")]
    Late,
    /// The other side is gone.
    #[error("the other side closed the channel")]
    Closed,
    /// The socket failed.
    #[error("the channel failed: {0}")]
    Failed(#[from] io::Error),
    /// What came is no frame.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// A socket and its buffers.
pub(super) struct Channel {
    stream: Arc<UnixStream>,
    /// The frame to send: an encoder writes it here.
    pub(super) out: Vec<u8>,
    inbox: Vec<u8>,
    filled: usize,
}

impl Channel {
    /// A channel on which there are deadlines.
    pub(super) fn new(stream: Arc<UnixStream>) -> io::Result<Self> {
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self::patient(stream))
    }

    /// A channel that is served: it waits for ever, and does not wake up to look at a clock.
    pub(super) fn patient(stream: Arc<UnixStream>) -> Self {
        Self { stream, out: Vec::new(), inbox: vec![0; INBOX_BYTES], filled: 0 }
    }

    pub(super) const fn stream(&self) -> &Arc<UnixStream> {
        &self.stream
    }

    /// Sends [`Self::out`]. `until`: none is for ever.
    pub(super) fn send(&mut self, until: Option<Deadline>) -> Result<(), Broken> {
        let mut sent = 0;
        while sent < self.out.len() {
            // Without a signal, whatever the program does with that: a child may end at any time.
            match send(&self.stream, &self.out[sent..], SendFlags::NOSIGNAL) {
                Ok(0) => return Err(Broken::Closed),
                Ok(count) => sent += count,
                Err(error) => pass(error.into(), until)?,
            }
        }
        Ok(())
    }

    /// Receives a frame: its id, and its body of at most `bytes_max` bytes.
    ///
    /// What follows the frame was not asked for and is malformed: there is one request under way at a time.
    pub(super) fn receive(&mut self, bytes_max: usize, until: Option<Deadline>) -> Result<(u64, &[u8]), Broken> {
        loop {
            if let Some((header, _)) = self.inbox[..self.filled].split_first_chunk() {
                let (body, id) = frame::header(header, bytes_max)?;
                let end = HEADER_BYTES + body;
                if self.filled > end {
                    return Err(Malformed("something follows it that nobody asked for").into());
                }
                if self.filled == end {
                    self.filled = 0;
                    return Ok((id, &self.inbox[HEADER_BYTES..end]));
                }
                if self.inbox.len() < end {
                    self.grow(end);
                }
            }
            // A frame that comes byte by byte does not hold its receiver.
            if self.filled > 0 && until.is_some_and(Deadline::is_over) {
                return Err(Broken::Late);
            }
            self.fill(until)?;
        }
    }

    /// Makes room for a longer frame, and leaves nothing behind of what came of it.
    fn grow(&mut self, bytes: usize) {
        let mut longer = vec![0; bytes];
        longer[..self.filled].copy_from_slice(&self.inbox[..self.filled]);
        self.inbox.zeroize();
        self.inbox = longer;
    }

    /// Reads what is there, or waits for it.
    fn fill(&mut self, until: Option<Deadline>) -> Result<(), Broken> {
        if let Some(until) = until
            && until.left() < TICK
        {
            self.wait(until)?;
        }
        match (&*self.stream).read(&mut self.inbox[self.filled..]) {
            Ok(0) => Err(Broken::Closed),
            Ok(count) => {
                self.filled += count;
                Ok(())
            }
            Err(error) => pass(error, until),
        }
    }

    /// Waits until there is something to read.
    fn wait(&self, until: Deadline) -> Result<(), Broken> {
        let left = Timespec::try_from(until.left()).expect("less than a tick");
        match poll(&mut [PollFd::new(&self.stream.as_fd(), PollFlags::IN)], Some(&left)) {
            Ok(0) => Err(Broken::Late),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Broken::Failed(error.into())),
        }
    }

    /// Gives back what an unusually long answer took, and clears what it held where that was secret.
    pub(super) fn tidy(&mut self, is_secret: bool) {
        if is_secret {
            self.inbox.as_mut_slice().zeroize();
            self.out.zeroize();
        }
        if self.inbox.len() > INBOX_BYTES_KEPT {
            self.inbox = vec![0; INBOX_BYTES];
        }
        if self.out.capacity() > INBOX_BYTES_KEPT {
            self.out = Vec::new();
        }
    }
}

/// Whether to go on after an error of the socket: after a tick, until the deadline.
fn pass(error: io::Error, until: Option<Deadline>) -> Result<(), Broken> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut if until.is_some_and(Deadline::is_over) => Err(Broken::Late),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(()),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(Broken::Closed),
        _ => Err(error.into()),
    }
}
