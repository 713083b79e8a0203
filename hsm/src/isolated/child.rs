//! One life of the child: its process, its channels, and who waits for one.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    mem::{self, MaybeUninit},
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
    process::{Signal, pidfd_send_signal},
};

use super::{
    bell::Bell,
    channel::{Broken, Channel},
    frame::{Answer, Malformed, Request},
};
use crate::Deadline;

/// Callers that wait for a channel at most; one more is refused as busy.
const WAITING_MAX: usize = 4096;

/// Why a request has no answer from this child.
pub(super) enum Unanswered {
    /// The child is gone; the request never reached it.
    NotAsked,
    /// The child is gone, or broke the rules and was killed; nobody knows what became of the request.
    Lost,
    /// The deadline passed.
    Late,
    /// Too many wait.
    Busy,
}

/// A channel and the id of its next request.
struct Lane {
    channel: Channel,
    next: u64,
}

/// A lane whose caller has left before the answer.
pub(super) struct LateLane {
    lane: Lane,
    id: u64,
    bytes_max: usize,
    /// When the child has had its time.
    pub(super) until: Instant,
}

impl LateLane {
    pub(super) fn stream(&self) -> &UnixStream {
        self.lane.channel.stream()
    }
}

/// A caller that waits for a lane.
#[derive(Default)]
struct Seat {
    place: Mutex<Place>,
    called: Condvar,
}

#[derive(Default)]
enum Place {
    #[default]
    Waiting,
    Given(Lane),
    Closed,
    Left,
}

#[derive(Default)]
struct Lanes {
    free: Vec<Lane>,
    waiting: VecDeque<Arc<Seat>>,
    late: Vec<LateLane>,
    /// This side of each, to shut it down: a process that the child left behind may hold the other side open.
    streams: Vec<Arc<UnixStream>>,
    is_closed: bool,
}

/// A child that has opened its device.
pub(super) struct Child {
    process: OwnedFd,
    control: UnixStream,
    lanes_max: usize,
    lanes: Mutex<Lanes>,
    /// Why it was killed, where it was killed by this process.
    fault: OnceLock<String>,
    /// Whether it ever answered.
    has_answered: AtomicBool,
    /// Whether it is dead or about to be: nobody asks it any more.
    is_ending: AtomicBool,
    bell: Arc<Bell>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Child {
    /// A child whose process is `process` (a descriptor of it), and that takes channels over `control`.
    pub(super) fn new(process: OwnedFd, control: UnixStream, lanes_max: usize, bell: Arc<Bell>) -> Self {
        let (has_answered, is_ending) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { process, control, lanes_max, lanes: Mutex::default(), fault: OnceLock::new(), has_answered, is_ending, bell }
    }

    /// The descriptor that becomes readable when the process ends.
    pub(super) const fn process(&self) -> &OwnedFd {
        &self.process
    }

    /// Why it was killed, where it was.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.get().map(String::as_str)
    }

    /// Whether it ever answered.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Whether it is dead or about to be.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Nobody asks it any more; the supervisor looks what became of it.
    fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Kills it. The first reason stays.
    pub(super) fn kill(&self, fault: impl Into<String>) {
        let _ = self.fault.set(fault.into());
        self.end();
        // It may be dead already: then there is nothing to do.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Asks it, and waits for the answer.
    ///
    /// `grace`: how long after the deadline the child may still answer before it is killed.
    pub(super) fn ask(&self, request: &Request<'_>, deadline: Deadline, grace: Duration) -> Result<Answer, Unanswered> {
        let mut lane = self.take(deadline)?;
        let id = lane.next;
        lane.next += 1;
        // The child is told a later deadline: this process judges whether it is late, and a device that gives a hung call up on its own would hide it.
        let left_us = u64::try_from((deadline.left() + grace * 2).as_micros()).unwrap_or(u64::MAX);
        request.encode(&mut lane.channel.out, id, left_us);
        let bytes_max = request.answer_bytes_max();
        if let Err(broken) = lane.channel.send(Some(deadline)) {
            return Err(self.unanswered(broken, lane, id, bytes_max, grace));
        }
        match receive(&mut lane, id, bytes_max, Some(deadline)) {
            Ok(answer) if request.is_answered_by(&answer) => {
                lane.channel.tidy(matches!(answer, Answer::Random(_)));
                // Read first: all callers would write to the same line of memory.
                if !self.has_answered() {
                    self.has_answered.store(true, Ordering::Relaxed);
                }
                self.give(lane);
                Ok(answer)
            }
            Ok(_) => {
                self.kill("it answered something else than what it was asked");
                Err(Unanswered::Lost)
            }
            Err(broken) => Err(self.unanswered(broken, lane, id, bytes_max, grace)),
        }
    }

    /// What becomes of a lane that gave no answer.
    fn unanswered(&self, broken: Broken, lane: Lane, id: u64, bytes_max: usize, grace: Duration) -> Unanswered {
        if matches!(broken, Broken::Late) {
            lock(&self.lanes).late.push(LateLane { lane, id, bytes_max, until: Instant::now() + grace });
            self.bell.ring();
            return Unanswered::Late;
        }
        // A channel that is closed means that the child has ended; its own end tells why.
        if matches!(broken, Broken::Closed) {
            self.end();
        } else {
            self.kill(broken.to_string());
        }
        Unanswered::Lost
    }

    /// A lane: a free one, a new one, or the next that is given back, in the order in which callers came.
    fn take(&self, deadline: Deadline) -> Result<Lane, Unanswered> {
        let mut lanes = lock(&self.lanes);
        if lanes.is_closed {
            return Err(Unanswered::NotAsked);
        }
        if let Some(lane) = lanes.free.pop() {
            return Ok(lane);
        }
        if lanes.streams.len() < self.lanes_max {
            return self.open(&mut lanes).map_err(|error| {
                self.kill(format!("no channel to it could be opened: {error}"));
                Unanswered::NotAsked
            });
        }
        if lanes.waiting.len() >= WAITING_MAX {
            return Err(Unanswered::Busy);
        }
        let seat = Arc::new(Seat::default());
        lanes.waiting.push_back(Arc::clone(&seat));
        drop(lanes);
        let taken = seat.wait(deadline);
        if matches!(taken, Err(Unanswered::Late)) {
            lock(&self.lanes).waiting.retain(|other| !Arc::ptr_eq(other, &seat));
        }
        taken
    }

    /// Opens one more channel.
    fn open(&self, lanes: &mut Lanes) -> io::Result<Lane> {
        let (ours, theirs) = UnixStream::pair()?;
        let descriptors = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        // Not to wait: a child that does not take its channels is no use.
        sendmsg(&self.control, &[IoSlice::new(b"L")], &mut ancillary, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
        let ours = Arc::new(ours);
        lanes.streams.push(Arc::clone(&ours));
        Ok(Lane { channel: Channel::new(ours)?, next: 1 })
    }

    /// Gives a lane back: to whoever has waited longest.
    fn give(&self, lane: Lane) {
        let mut lanes = lock(&self.lanes);
        if lanes.is_closed {
            return;
        }
        let mut lane = lane;
        while let Some(seat) = lanes.waiting.pop_front() {
            match seat.give(lane) {
                Ok(()) => return,
                Err(back) => lane = back,
            }
        }
        lanes.free.push(lane);
    }

    /// The lanes whose callers have left, for the supervisor.
    pub(super) fn take_late(&self) -> Vec<LateLane> {
        mem::take(&mut lock(&self.lanes).late)
    }

    /// Takes the answer that a late lane has, and gives the lane back; kills the child where the answer is none.
    pub(super) fn settle(&self, late: LateLane) {
        let LateLane { mut lane, id, bytes_max, until } = late;
        let left = until.saturating_duration_since(Instant::now());
        match receive(&mut lane, id, bytes_max, Some(Deadline::after(left))) {
            Ok(answer) => {
                lane.channel.tidy(matches!(answer, Answer::Random(_)));
                self.give(lane);
            }
            Err(Broken::Closed) => self.end(),
            Err(broken) => self.kill(broken.to_string()),
        }
    }

    /// Tells every caller that the child is gone.
    pub(super) fn close(&self) {
        self.is_ending.store(true, Ordering::Release);
        let mut lanes = lock(&self.lanes);
        lanes.is_closed = true;
        lanes.free.clear();
        lanes.late.clear();
        for stream in lanes.streams.drain(..) {
            // It fails where it is shut down already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        for seat in lanes.waiting.drain(..) {
            seat.close();
        }
        // A control channel that ends is what an orderly child waits for.
        let _ = self.control.shutdown(Shutdown::Both);
    }
}

impl Seat {
    fn wait(&self, deadline: Deadline) -> Result<Lane, Unanswered> {
        let waiting = |place: &mut Place| matches!(place, Place::Waiting);
        let (mut place, _) =
            self.called.wait_timeout_while(lock(&self.place), deadline.left(), waiting).unwrap_or_else(PoisonError::into_inner);
        match mem::replace(&mut *place, Place::Left) {
            Place::Given(lane) => Ok(lane),
            Place::Closed => Err(Unanswered::NotAsked),
            Place::Waiting | Place::Left => Err(Unanswered::Late),
        }
    }

    /// Gives the lane back where the caller has left.
    fn give(&self, lane: Lane) -> Result<(), Lane> {
        let mut place = lock(&self.place);
        if !matches!(*place, Place::Waiting) {
            return Err(lane);
        }
        *place = Place::Given(lane);
        self.called.notify_one();
        Ok(())
    }

    fn close(&self) {
        let mut place = lock(&self.place);
        if matches!(*place, Place::Waiting) {
            *place = Place::Closed;
            self.called.notify_one();
        }
    }
}

/// The answer to the request of this id.
fn receive(lane: &mut Lane, id: u64, bytes_max: usize, until: Option<Deadline>) -> Result<Answer, Broken> {
    let (answered, body) = lane.channel.receive(bytes_max, until)?;
    if answered != id {
        return Err(Malformed("it answers a request that nobody asked").into());
    }
    Ok(Answer::decode(body)?)
}
